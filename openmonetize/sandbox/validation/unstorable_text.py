"""Text that the platform's database (PostgreSQL) cannot store."""

from __future__ import annotations

from typing import Any


def has_unstorable_text(value: Any) -> bool:
    """Return whether a NUL character or a lone surrogate is anywhere in a JSON value, names of fields included."""
    if isinstance(value, str):
        if value.isascii():
            return "\x00" in value
        return "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(has_unstorable_text(key) or has_unstorable_text(item) for key, item in value.items())
    if isinstance(value, list):
        return any(has_unstorable_text(item) for item in value)
    return False
