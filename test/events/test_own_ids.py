"""Ids of callers' own take the customer behind the key into account, the same way for models and for bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize import TokenUsageEvent
from openmonetize.events.ids import derive_id, mint_id
from openmonetize.events.own_ids import may_be_derived, wire_with_account, with_account

FIELDS: dict[str, Any] = {"feature_id": "chat", "provider": "openai", "model": "gpt-4o", "input_tokens": 5}
ACCOUNT, OTHER = "3f0c2b9e-7a41-4d58-9b1e-6c2d8f5a4e70", "9b1e3f0c-7a41-4d58-9b1e-6c2d8f5a4e70"


def event(**fields: Any) -> TokenUsageEvent:
    return TokenUsageEvent(**FIELDS, **fields)


def test_the_id_of_the_keys_own_customer_stays() -> None:
    mine = event(event_id="evt_1", customer_id=ACCOUNT)
    assert with_account(mine, None, ACCOUNT) is mine
    assert mine.event_id == derive_id(ACCOUNT, "evt_1")


def test_the_same_lines_give_each_customer_an_id_of_its_own() -> None:
    pasted = event(event_id="evt_1", customer_id="cust_abc")
    ids = {with_account(pasted, None, account).event_id for account in (ACCOUNT, OTHER)} | {pasted.event_id}
    assert len(ids) == 3
    settled = with_account(pasted, None, ACCOUNT)
    assert settled.idempotency_key == settled.event_id
    assert settled.metadata == pasted.metadata == {"source_event_id": "evt_1"}
    assert pasted.event_id == derive_id("cust_abc", "evt_1")  # the caller's own object is not changed


def test_another_owner_or_another_text_is_another_id() -> None:
    names = [("evt_1", "a"), ("evt_1", "b"), ("evt_2", "a"), ("1", "a\nevt_"), ("evt_1", ACCOUNT)]
    ids = {with_account(event(event_id=text, customer_id=owner), None, ACCOUNT).event_id for text, owner in names}
    assert len(ids) == len(names)


def test_a_namespace_is_told_apart_in_the_same_way() -> None:
    ids = set()
    for account in (ACCOUNT, OTHER):
        mine = event(event_id="evt_1")
        mine.identify("example.com")
        ids |= {mine.event_id, with_account(mine, "example.com", account).event_id}
        assert with_account(mine, "other.example", account) is mine  # it is not derived from this one
    assert len(ids) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"event_id": mint_id(), "customer_id": "cust_abc"},
        {"event_id": mint_id(), "customer_id": "cust_abc", "metadata": {"source_event_id": "evt_1"}},
        {"metadata": {"source_event_id": 7}},
    ],
)
def test_other_ids_stay(fields: dict[str, Any]) -> None:
    mine = event(**fields)
    assert with_account(mine, "example.com", ACCOUNT) is mine
    assert wire_with_account(mine.to_wire(), "example.com", ACCOUNT) == mine.to_wire()


def test_an_idempotency_key_of_the_callers_own_stays() -> None:
    mine = event(event_id="evt_1", customer_id="cust_abc", idempotency_key="mine")
    settled = with_account(mine, None, ACCOUNT)
    assert settled.event_id != mine.event_id and settled.idempotency_key == "mine"
    assert wire_with_account(mine.to_wire(), None, ACCOUNT) == settled.to_wire()


OWN = st.text(min_size=1).filter(str.isprintable)
METADATA = st.dictionaries(
    st.sampled_from(["event_id", "idempotency_key", "customer_id", 'a"b']), st.text() | st.integers() | st.none()
)


@given(text=OWN, owner=OWN, metadata=METADATA, account=OWN, copies=st.booleans())
def test_bytes_and_models_agree_and_twice_is_once(
    text: str, owner: str, metadata: dict[str, Any], account: str, copies: bool
) -> None:
    metadata = {key: value for key, value in metadata.items() if "\0" not in str(value)}
    if copies:  # metadata that looks like the event's own fields
        first = event(event_id=text, customer_id=owner)
        metadata.update(event_id=first.event_id, idempotency_key=first.event_id)
    made = event(event_id=text, customer_id=owner, metadata=metadata)
    settled = with_account(made, None, account)
    wire = wire_with_account(made.to_wire(), None, account)
    assert json.loads(wire) == json.loads(settled.to_wire())
    assert len(wire) == len(made.to_wire())
    assert wire_with_account(wire, None, account) == wire
    assert with_account(settled, None, account) is settled
    assert may_be_derived(wire) or not may_be_derived(made.to_wire())
