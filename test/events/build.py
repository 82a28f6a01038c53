"""Minimal events, for tests of single fields."""

from __future__ import annotations

from typing import Any

from openmonetize import CustomEvent, TokenUsageEvent

UUID = "0b5a9e2c-7d41-4c8e-9f63-2a1d4e8b7c90"


def token_fields(**fields: Any) -> dict[str, Any]:
    """Return the fields of a token event that is billed."""
    return {"feature_id": "chat", "provider": "OPENAI", "model": "gpt-4o", "input_tokens": 1000, **fields}


def tokens(**fields: Any) -> TokenUsageEvent:
    """Return a token event."""
    return TokenUsageEvent(**token_fields(**fields))


def custom(**fields: Any) -> CustomEvent:
    """Return a custom event."""
    return CustomEvent(**{"feature_id": "pages", "unit_type": "page", "quantity": 3, **fields})
