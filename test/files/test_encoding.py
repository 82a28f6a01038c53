"""The quick way to an event's bytes writes what the event model writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize import TokenUsageEvent
from openmonetize.files.encoding import EventEncoder
from openmonetize.files.mapping import RowRefused
from openmonetize.pricing.model_names import ModelNames

ID = "6d3c1f0e-2a57-5b7e-9c1d-0f6f5d0f7a11"

FIELDS = st.fixed_dictionaries(
    {
        "event_type": st.just("TOKEN_USAGE"),
        "provider": st.sampled_from(["OPENAI", "openai", "Anthropic"]),
        "model": st.sampled_from(["gpt-4o", "gpt-4o-mini-2024-07-18", "claude-ü", 'a"b']),
        "feature_id": st.sampled_from(["chat", "fé", "x\\y"]),
        "timestamp": st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:00.25Z"]),
    },
    optional={
        "user_id": st.sampled_from(["acme_user_1", 'quote"', "ü"]),
        "input_tokens": st.integers(-1, 2**53) | st.just("many"),
        "output_tokens": st.integers(-1, 2**53) | st.floats(0, 9),
        "metadata": st.dictionaries(
            st.sampled_from(["team", "gen_ai.usage.cache_read.input_tokens", "gen_ai.response.model"]),
            st.text(max_size=5) | st.integers() | st.floats() | st.booleans() | st.lists(st.integers(), max_size=2),
            max_size=3,
        ),
    },
)


@given(st.lists(FIELDS, min_size=2, max_size=6))
def test_both_ways_write_the_same_bytes(rows: list[dict[str, Any]]) -> None:
    encoder = EventEncoder(ModelNames(True))
    for fields in rows * 2:
        # A new encoder has learnt nothing: it goes through the model.
        assert outcome(encoder, fields) == outcome(EventEncoder(ModelNames(True)), fields)


def outcome(encoder: EventEncoder, fields: dict[str, Any]) -> Any:
    try:
        return encoder.encode(fields, ID)
    except RowRefused as error:
        return str(error)


def test_the_bytes_are_those_of_the_model() -> None:
    encoder = EventEncoder(ModelNames(True))
    fields = {"event_type": "TOKEN_USAGE", "provider": "openai", "model": "gpt-4o-mini-2024-07-18", "feature_id": "f",
              "user_id": "acme_user_1", "input_tokens": 3, "output_tokens": 4, "timestamp": "2026-01-01T00:00:00Z",
              "metadata": {"team": "a"}}  # fmt: skip
    metadata = {"gen_ai.response.model": "gpt-4o-mini-2024-07-18", "team": "a"}
    model = TokenUsageEvent(**{**fields, "model": "gpt-4o-mini", "metadata": metadata, "event_id": ID})  # type: ignore[arg-type]
    for _ in range(3):
        assert encoder.encode(fields, ID) == model.to_wire()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"feature_id": None}, "feature_id is missing"),
        ({"provider": "bedrock"}, "takes no provider"),
        ({"provider": None}, "never billed"),
        ({"input_tokens": -1}, "input_tokens"),
        ({"input_tokens": "many"}, "input_tokens"),
        ({"user_id": "a\0b"}, "NUL"),
        ({"metadata": {"big": "x" * 1_000_000}}, "bytes"),
    ],
)
def test_what_cannot_be_billed_is_refused_with_the_reason(change: dict[str, Any], reason: str) -> None:
    encoder = EventEncoder(ModelNames(True))
    good = {"event_type": "TOKEN_USAGE", "provider": "openai", "model": "gpt-4o", "feature_id": "f", "input_tokens": 1}
    json.loads(encoder.encode(good, ID))
    with pytest.raises(RowRefused, match=reason):
        encoder.encode({name: value for name, value in {**good, **change}.items() if value is not None}, ID)
