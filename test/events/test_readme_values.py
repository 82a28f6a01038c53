"""The values of the README's examples are not valid on the wire, but the events built from them are."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from openmonetize import ApiCallEvent, CustomEvent, ImageGenerationEvent, TokenUsageEvent

from .rules import problems, wire


def common(event_id: str, feature_id: str) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "customer_id": "cust_abc",
        "user_id": "user_456",
        "feature_id": feature_id,
        "timestamp": datetime.now().isoformat(),
    }


def token_event() -> TokenUsageEvent:
    return TokenUsageEvent(
        provider="openai",
        model="gpt-4-turbo",
        input_tokens=1000,
        output_tokens=500,
        **common("evt_123", "chat-completion"),
    )


def image_event() -> ImageGenerationEvent:
    return ImageGenerationEvent(
        provider="openai",
        model="dall-e-3",
        image_count=1,
        image_size="1024x1024",
        quality="hd",
        **common("evt_img_123", "image-gen"),
    )


def custom_event() -> CustomEvent:
    return CustomEvent(unit_type="pages", quantity=10, **common("evt_custom_123", "pdf-processing"))


@pytest.mark.parametrize("build", [token_event, image_event, custom_event])
def test_the_values_of_the_readme_become_valid_on_the_wire(build: Any) -> None:
    event = build()
    sent = wire(event)
    assert problems(sent) == []
    assert sent["event_id"] == sent["idempotency_key"] != "evt_123"
    assert sent["metadata"] == {"source_event_id": event.metadata["source_event_id"]}
    assert event.metadata["source_event_id"].startswith("evt_")


def test_the_values_of_the_readme_are_kept() -> None:
    sent = wire(token_event())
    assert {name: sent[name] for name in sent if name not in ("event_id", "idempotency_key", "timestamp")} == {
        "customer_id": "cust_abc",
        "user_id": "user_456",
        "event_type": "TOKEN_USAGE",
        "feature_id": "chat-completion",
        "provider": "OPENAI",
        "model": "gpt-4-turbo",
        "input_tokens": 1000,
        "output_tokens": 500,
        "metadata": {"source_event_id": "evt_123"},
    }


def test_required_fields_are_filled_in_and_no_other_field_is_sent() -> None:
    before = datetime.now(timezone.utc)
    event = ApiCallEvent(feature_id="search")
    sent = wire(event)
    assert set(sent) == {"event_id", "event_type", "feature_id", "timestamp", "idempotency_key"}
    assert problems(sent) == []
    moment = datetime.fromisoformat(sent["timestamp"][:-1] + "+00:00")
    assert before <= moment <= datetime.now(timezone.utc)


def test_none_means_not_given() -> None:
    event = TokenUsageEvent(
        event_id=None,
        customer_id=None,
        user_id=None,
        team_id=None,
        feature_id="chat",
        provider=None,
        model=None,
        input_tokens=None,
        output_tokens=None,
        timestamp=None,
        metadata=None,
        idempotency_key=None,
    )
    assert set(wire(event)) == {"event_id", "event_type", "feature_id", "timestamp", "idempotency_key"}
    assert not event.id_was_given
    assert None not in event.to_dict().values()
