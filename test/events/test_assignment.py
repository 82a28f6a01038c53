"""Assignment to fields follows the same rules as construction, and a refused value leaves the event unchanged."""

from __future__ import annotations

import copy
import pickle
from datetime import datetime, timezone
from typing import Any

import pytest

from openmonetize import ApiAttributeError, ApiValueError, CustomEvent, ImageGenerationEvent, TokenUsageEvent
from openmonetize.events.ids import derive_id

from .build import UUID, custom, tokens
from .rules import problems, wire


def test_an_assigned_value_is_converted_for_the_wire() -> None:
    event: Any = tokens()
    born = event.event_id
    event.provider = "anthropic"
    event.timestamp = datetime(2026, 7, 1, 12, tzinfo=timezone.utc)
    event.output_tokens = 5.0
    event.metadata = {"plan": ("pro",)}
    event.user_id = "u"
    sent = wire(event)
    assert problems(sent) == []
    assert sent["event_id"] == sent["idempotency_key"] == born
    assert (sent["provider"], sent["timestamp"], sent["output_tokens"], sent["metadata"], sent["user_id"]) == (
        "ANTHROPIC",
        "2026-07-01T12:00:00Z",
        5,
        {"plan": ["pro"]},
        "u",
    )


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("provider", "bedrock"),
        ("input_tokens", -1),
        ("input_tokens", float("nan")),
        ("model", None),
        ("model", "a\0"),
        ("team_id", "t"),
        ("user_id", ""),
        ("timestamp", "yesterday"),
        ("metadata", {"a": float("inf")}),
        ("event_type", "CUSTOM"),
        ("feature_id", None),
        ("event_id", 5),
    ],
)
def test_a_refused_value_changes_nothing(name: str, odd: Any) -> None:
    event = tokens(user_id="u")
    before = event.to_wire()
    with pytest.raises(ApiValueError, match=name):
        setattr(event, name, odd)
    assert event.to_wire() == before


def test_a_quantity_stays_billable() -> None:
    event = custom()
    with pytest.raises(ApiValueError, match="never billed"):
        event.quantity = 0.05
    event.quantity = 0.5
    assert wire(event)["quantity"] == 0.5


@pytest.mark.parametrize("build", [tokens, custom])
def test_an_unknown_name_is_refused_with_a_suggestion(build: Any) -> None:
    event = build()
    with pytest.raises(
        ApiAttributeError, match=rf"{type(event).__name__} has no field 'userid': did you mean 'user_id'"
    ):
        event.userid = "u"
    with pytest.raises(AttributeError):
        event._private = 1


def test_none_removes_a_value() -> None:
    event = tokens(user_id="u", output_tokens=5)
    event.user_id = None
    event.output_tokens = None
    assert not {"user_id", "output_tokens"} & set(wire(event))


def test_the_idempotency_key_follows_the_id_unless_it_was_set() -> None:
    event = tokens()
    event.event_id = UUID
    assert event.idempotency_key == UUID
    assert event.id_was_given
    event.idempotency_key = "mine"
    event.event_id = UUID[::-1].replace(UUID[::-1], "7" + UUID[1:])
    assert (event.event_id, event.idempotency_key) == ("7" + UUID[1:], "mine")
    event.idempotency_key = ""
    assert event.idempotency_key == event.event_id


def test_an_id_set_to_none_is_replaced_by_a_new_one() -> None:
    event = tokens(event_id=UUID)
    event.event_id = None  # type: ignore[assignment]  # pyright: ignore
    assert event.event_id not in (UUID, None)
    assert event.idempotency_key == event.event_id
    assert not event.id_was_given


def test_a_customer_that_is_set_later_completes_a_pending_id() -> None:
    event = tokens(event_id="evt_1")
    event.user_id = "u"
    assert event.event_id == event.idempotency_key == "evt_1"
    event.customer_id = "cust_abc"
    sent = wire(event)
    assert sent["event_id"] == sent["idempotency_key"] == derive_id("cust_abc", "evt_1")
    assert sent["metadata"] == {"source_event_id": "evt_1"}
    assert problems(sent) == []


def test_the_callers_values_are_not_changed() -> None:
    mine = {"plan": {"name": "pro"}}
    event = tokens(event_id="evt_1")
    event.metadata = mine
    event.customer_id = "cust_abc"
    assert mine == {"plan": {"name": "pro"}}
    assert event.metadata == {"plan": {"name": "pro"}, "source_event_id": "evt_1"}


@pytest.mark.parametrize(
    "event",
    [
        tokens(event_id=UUID, metadata={"a": [1]}),
        tokens(event_id="evt_1"),
        custom(),
        ImageGenerationEvent(feature_id="art", provider="openai", model="dall-e-3", image_count=2),
    ],
    ids=lambda event: type(event).__name__,
)
def test_events_survive_copying_and_pickling(event: Any) -> None:
    for twin in (copy.copy(event), copy.deepcopy(event), event.model_copy(), pickle.loads(pickle.dumps(event))):
        assert type(twin) is type(event)
        assert twin == event
        assert twin.to_wire() == event.to_wire()
        assert twin.id_was_given == event.id_was_given
    deep = copy.deepcopy(event)
    deep.user_id = "another"
    assert event.user_id is None


def test_events_are_shown_with_their_fields() -> None:
    event = tokens(event_id=UUID)
    assert UUID in repr(event)
    assert isinstance(event, TokenUsageEvent)
    assert not isinstance(event, CustomEvent)
