"""Text that the platform's database (PostgreSQL) cannot store."""

from __future__ import annotations

from typing import Any


def has_unstorable_text(value: Any) -> bool:
    """Return whether a NUL character or a lone surrogate is anywhere in a JSON value, names of fields included."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            if "\x00" in item or not (item.isascii() or _is_unicode(item)):
                return True
        elif isinstance(item, dict):
            waiting += item
            waiting += item.values()
        elif isinstance(item, list):
            waiting += item
    return False


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return True
