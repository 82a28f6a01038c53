"""An event has one id from its construction on, and ids of two customers never collide."""

from __future__ import annotations

import copy
import json
import os
import pickle
import subprocess
import sys
import uuid
from typing import Any

import pytest

from openmonetize import ApiValueError, TokenUsageEvent
from openmonetize.events.ids import derive_id, is_uuid, mint_id

from .build import UUID, token_fields, tokens
from .rules import problems, wire

# The library's own namespace; changing it would bill every retry of an older version a second time.
NAMESPACE = uuid.UUID("6d3c1f0e-2a57-5b7e-9c1d-0f6f5d0f7a11")

NO_UUIDS = [
    "evt_1",
    "x" * 36,
    "0b5a9e2c-7d41-9c8e-9f63-2a1d4e8b7c90",  # version 9
    "0b5a9e2c-7d41-4c8e-cf63-2a1d4e8b7c90",  # another variant
    "0b5a9e2c7d414c8e9f632a1d4e8b7c90",
    "{0b5a9e2c-7d41-4c8e-9f63-2a1d4e8b7c90}",
    "urn:uuid:0b5a9e2c-7d41-4c8e-9f63-2a1d4e8b7c90",
    " 0b5a9e2c-7d41-4c8e-9f63-2a1d4e8b7c90",
    "0b5a9e2c-7d41-4c8e-9f63-2a1d4e8b7c9\u0660",
    "événement-1",
    "a" * 500,
]


@pytest.mark.parametrize("text", NO_UUIDS)
def test_another_string_becomes_a_version_5_uuid_of_customer_and_string(text: str) -> None:
    sent = wire(tokens(event_id=text, customer_id="cust_abc"))
    expected = uuid.uuid5(uuid.uuid5(NAMESPACE, "cust_abc"), text)
    assert sent["event_id"] == sent["idempotency_key"] == str(expected)
    assert expected.version == 5
    assert sent["metadata"] == {"source_event_id": text}
    assert problems(sent) == []


def test_derived_ids_never_change() -> None:
    assert derive_id("cust_abc", "evt_123") == "43829328-88e2-5566-a6bd-eb33899f8dce"
    assert derive_id("acme.example", "order/7") == "7b7b9f6b-db7b-594e-a2d0-462089e7d8b4"


def test_derived_ids_are_the_same_in_every_process() -> None:
    program = "from openmonetize.events.ids import derive_id; print(derive_id('c', 'evt_1'))"
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout.strip()
        for seed in ("0", "1")
    }
    assert printed == {derive_id("c", "evt_1")}


def test_ids_of_two_customers_never_collide() -> None:
    ids = {tokens(event_id="evt_1", customer_id=customer).event_id for customer in ("a", "b", "ab", "a ")}
    assert len(ids) == 4


@pytest.mark.parametrize("text", [UUID, UUID.upper(), str(uuid.UUID(int=0)), "f" * 8 + "-ffff-ffff-ffff-" + "f" * 12])
def test_a_uuid_is_kept_and_sent_in_lower_case(text: str) -> None:
    sent = wire(tokens(event_id=text, customer_id="cust_abc"))
    assert sent["event_id"] == sent["idempotency_key"] == text.lower()
    assert "metadata" not in sent


@pytest.mark.parametrize("version", range(1, 9))
def test_uuids_of_all_versions_are_kept(version: int) -> None:
    text = f"0b5a9e2c-7d41-{version}c8e-9f63-2a1d4e8b7c90"
    assert tokens(event_id=text).event_id == text


def test_a_uuid_object_is_a_uuid() -> None:
    given: Any = uuid.UUID(UUID)
    assert tokens(event_id=given).event_id == UUID


def test_without_a_customer_the_namespace_of_the_configuration_is_used() -> None:
    for text in NO_UUIDS:
        event = tokens(event_id=text)
        assert event.event_id == text
        event.identify("acme.example")
        sent = wire(event)
        assert sent["event_id"] == sent["idempotency_key"] == derive_id("acme.example", text)
        assert sent["metadata"] == {"source_event_id": text}
        assert problems(sent) == []


def test_without_a_customer_and_a_namespace_the_string_is_refused() -> None:
    for text in ("evt_1", "x" * 36):
        with pytest.raises(ApiValueError, match=r"customer_id, or set Configuration\.id_namespace") as caught:
            tokens(event_id=text).identify(None)
        assert text in str(caught.value)


def test_identifying_an_event_with_a_uuid_changes_nothing() -> None:
    event = tokens(event_id=UUID)
    before = wire(event)
    event.identify("acme.example")
    event.identify(None)
    assert wire(event) == before


@pytest.mark.parametrize("odd", ["", "a\0b", "line\nbreak", "\ud800", 5, 5.0, b"evt", ["evt"], True])
def test_an_invalid_id_is_refused(odd: Any) -> None:
    with pytest.raises(ApiValueError, match="event_id"):
        tokens(event_id=odd, customer_id="c")


def test_a_custom_id_does_not_replace_metadata() -> None:
    mine = {"source_event_id": "mine", "plan": "pro"}
    event = tokens(event_id="evt_1", customer_id="c", metadata=mine)
    assert event.metadata == {"source_event_id": "evt_1", "plan": "pro"}
    assert mine == {"source_event_id": "mine", "plan": "pro"}


def test_a_missing_id_is_minted_once() -> None:
    event = tokens()
    first = event.to_wire()
    assert event.to_wire() == first == copy.deepcopy(event).to_wire() == pickle.loads(pickle.dumps(event)).to_wire()
    assert TokenUsageEvent.from_dict(event.to_dict()).to_wire() == first
    assert TokenUsageEvent.from_json(event.to_json()).to_wire() == first
    assert not event.id_was_given


def test_minted_ids_are_random_and_of_version_4() -> None:
    ids = {mint_id() for _ in range(2000)}
    assert len(ids) == 2000
    assert all(is_uuid(text) and uuid.UUID(text).version == 4 for text in ids)
    assert {uuid.UUID(text).variant for text in ids} == {uuid.RFC_4122}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_mints_other_ids() -> None:
    program = (
        "import os, sys\n"
        "from openmonetize.events.ids import mint_id\n"
        "mint_id()\n"
        "child = os.fork()\n"
        "os.write(1, (mint_id() + '\\n').encode())\n"
        "if child: os.waitpid(child, 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    minted: list[str] = done.stdout.split()
    assert len(set(minted)) == 2


def test_the_idempotency_key_is_the_wire_id_unless_it_is_given() -> None:
    for fields in ({}, {"event_id": UUID}, {"event_id": "evt_1", "customer_id": "c"}, {"event_id": UUID.upper()}):
        event = tokens(**fields)
        assert event.idempotency_key == event.event_id
    for fields in ({}, {"event_id": UUID}, {"event_id": "evt_1", "customer_id": "c"}, {"event_id": "evt_1"}):
        event = tokens(idempotency_key="c-7", **fields)
        if not is_uuid(event.event_id):
            event.identify("acme.example")
        assert wire(event)["idempotency_key"] == "c-7"


def test_an_empty_idempotency_key_counts_as_none() -> None:
    fields = token_fields(event_id=UUID, idempotency_key="")
    assert tokens(**fields).idempotency_key == UUID
    assert TokenUsageEvent.from_json(json.dumps(fields)).idempotency_key == UUID
