"""Events from keyword arguments, dicts, JSON text and JSON lists."""

from __future__ import annotations

import json
from typing import Any

import pytest

from openmonetize import (
    ApiCallEvent,
    ApiTypeError,
    ApiValueError,
    CustomEvent,
    ImageGenerationEvent,
    TokenUsageEvent,
    UsageEvent,
)

from .build import UUID, token_fields, tokens
from .rules import problems, wire

EVERY_KIND: list[dict[str, Any]] = [
    {"event_type": "TOKEN_USAGE", **token_fields(event_id="evt_1", customer_id="c", timestamp="2026-07-01T12:00:00Z")},
    {"event_type": "API_CALL", "feature_id": "search"},
    {"event_type": "CUSTOM", "feature_id": "pdf", "unit_type": "page", "quantity": 1.5, "provider": None},
    {
        "event_type": "IMAGE_GENERATION",
        "event_id": UUID,
        "feature_id": "art",
        "provider": "openai",
        "model": "dall-e-3",
        "image_count": 2,
        "metadata": {"a": [None, {"b": 1.5}]},
    },
]
EVERY_KIND[2].pop("provider")


@pytest.mark.parametrize("given", EVERY_KIND, ids=lambda given: given["event_type"])
def test_a_dict_and_json_become_the_model_of_their_event_type(given: dict[str, Any]) -> None:
    expected = {
        "TOKEN_USAGE": TokenUsageEvent,
        "API_CALL": ApiCallEvent,
        "CUSTOM": CustomEvent,
        "IMAGE_GENERATION": ImageGenerationEvent,
    }[given["event_type"]]
    text, before = json.dumps(given), json.dumps(given)
    events = [UsageEvent.from_dict(given), UsageEvent.from_json(text), *UsageEvent.list_from_json(f"[{text}]")]
    events += [expected.from_dict(given), expected.from_json(text), expected.from_json(text.encode())]
    assert {type(event) for event in events} == {expected}
    assert all(problems(wire(event)) == [] for event in events)
    assert json.dumps(given) == before
    filled = () if "event_id" in given else ("event_id", "idempotency_key")
    ignored = {"timestamp", *filled} if "timestamp" not in given else set(filled)
    assert len({json.dumps({k: v for k, v in wire(e).items() if k not in ignored}) for e in events}) == 1


def test_a_list_may_mix_types_and_keeps_its_order() -> None:
    for text in (json.dumps(EVERY_KIND), json.dumps(EVERY_KIND).encode()):
        events = UsageEvent.list_from_json(text)
        assert [event.to_dict()["event_type"] for event in events] == [given["event_type"] for given in EVERY_KIND]
        assert all(problems(wire(event)) == [] for event in events)
    assert UsageEvent.list_from_json("[]") == []


def test_written_events_are_read_back_equal() -> None:
    for event in UsageEvent.list_from_json(json.dumps(EVERY_KIND)):
        for twin in (UsageEvent.from_json(event.to_json()), UsageEvent.from_dict(event.to_dict())):
            assert twin == event
            assert twin.to_wire() == event.to_wire()


def test_an_event_is_not_built_twice() -> None:
    event = tokens()
    assert UsageEvent.from_dict(event) is event  # type: ignore[arg-type]  # pyright: ignore
    assert TokenUsageEvent.from_dict(event) is event  # type: ignore[arg-type]  # pyright: ignore


STRICT = token_fields(event_id=UUID, timestamp="2026-07-01T12:00:00Z", idempotency_key="k")


@pytest.mark.parametrize(
    "lenient",
    [
        {"provider": "openai"},
        {"event_id": UUID.upper()},
        {"input_tokens": 1000.0},
        {"timestamp": "2026-07-01T14:00:00+02:00"},
        {"idempotency_key": "k", "user_id": None},
        {"team_id": None, "metadata": None},
        {"metadata": {}},
    ],
    ids=str,
)
def test_lenient_input_becomes_the_same_event_as_strict_input(lenient: dict[str, Any]) -> None:
    expected = wire(TokenUsageEvent(**STRICT))
    if "metadata" in lenient and lenient["metadata"] is not None:
        expected["metadata"] = {}
    given = {**STRICT, **lenient}
    typed = {**given, "event_type": "TOKEN_USAGE"}
    assert wire(TokenUsageEvent(**given)) == expected
    assert wire(TokenUsageEvent.from_dict(given)) == expected
    assert wire(TokenUsageEvent.from_json(json.dumps(given))) == expected
    assert wire(UsageEvent.list_from_json(json.dumps([typed]))[0]) == expected


def test_a_faulty_event_in_a_list_is_named_by_its_position() -> None:
    good = {"event_type": "API_CALL", "feature_id": "f"}
    for odd, reason in [
        ({**good, "team_id": "t"}, "team_id cannot be used"),
        ({**good, "event_type": "FEATURE_ACCESS"}, "event_type must be one of"),
        ({**good, "featureid": "f"}, "unknown field 'featureid': did you mean 'feature_id'"),
        ({**good, "user_id": ""}, "user_id must not be empty"),
        ({"event_type": "API_CALL"}, "feature_id is missing"),
        ({"feature_id": "f"}, "event_type must be one of"),
        ({**good, "metadata": {"a": "\0"}}, "metadata.a contains a NUL"),
    ]:
        for position in (0, 2):
            given = [good, good, good]
            given[position] = odd
            with pytest.raises(ApiValueError, match=f"^event {position}: .*{reason}"):
                UsageEvent.list_from_json(json.dumps(given))
    for odd_item in (5, None, "x", [good]):
        with pytest.raises(ApiTypeError, match=f"^event 1: .*{type(odd_item).__name__}"):
            UsageEvent.list_from_json(json.dumps([good, odd_item]))


@pytest.mark.parametrize("text", ["", "{", "[", "x", "{'a': 1}", b"\xff\xfe\x00", '{"feature_id":"f"} x', "nul"])
def test_invalid_json_is_refused(text: Any) -> None:
    for read in (TokenUsageEvent.from_json, UsageEvent.from_json, UsageEvent.list_from_json):
        with pytest.raises(ApiValueError, match="JSON"):
            read(text)


@pytest.mark.parametrize("odd", [None, 5, {"feature_id": "f"}, [1]])
def test_anything_but_text_is_refused(odd: Any) -> None:
    for read in (TokenUsageEvent.from_json, UsageEvent.from_json, UsageEvent.list_from_json):
        with pytest.raises(ApiTypeError):
            read(odd)


@pytest.mark.parametrize("text", ["5", "null", '"x"', "true"])
def test_json_that_is_not_an_object_is_refused(text: str) -> None:
    for read in (TokenUsageEvent.from_json, UsageEvent.from_json, UsageEvent.list_from_json):
        with pytest.raises(ApiTypeError):
            read(text)
    with pytest.raises(ApiTypeError, match="JSON array of events, not dict"):
        UsageEvent.list_from_json("{}")


def test_json_values_of_another_type_are_refused() -> None:
    for odd in ('"1000"', "true", "1e2000", "NaN"):
        with pytest.raises(ApiValueError, match="input_tokens"):
            TokenUsageEvent.from_json(json.dumps(STRICT).replace("1000", odd))
    for odd in ("5", "true", "[]"):
        with pytest.raises(ApiValueError, match="user_id"):
            TokenUsageEvent.from_json(json.dumps({**STRICT, "user_id": "?"}).replace('"?"', odd))
