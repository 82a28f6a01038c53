"""Values as people read them."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openmonetize._schema.time_range import shown

_KEY_SHOWN = 8  # characters of an API key: its prefix tells test from live


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 60
        self.maxdict, self.maxlist, self.maxlevel = 4, 4, 3


_short = _Short()


def cell(value: Any) -> str:
    """Return a value as a cell of a table."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, (Decimal, float)):
        return number(value)
    if isinstance(value, datetime):
        return shown(value).removesuffix(" 00:00") if _is_midnight(value) else shown(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        return " ".join(value.split()) if not value.isprintable() else value
    return literal(value)


def number(value: Decimal | float) -> str:
    """Return a number without zeros at its end, and without an exponent."""
    text = f"{value:,f}" if isinstance(value, Decimal) else f"{value:,}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text else text


def decimal_places(value: Decimal) -> int:
    """Return the decimal places of a number, without zeros at its end."""
    return max(0, -int(value.normalize().as_tuple().exponent))


def counted(count: int, what: str) -> str:
    """Return how many there are of what."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def literal(value: Any) -> str:
    """Return a value as part of a line of text: short, and close to Python."""
    if isinstance(value, datetime):
        return shown(value)
    if isinstance(value, Decimal):
        return number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _short.repr(dict(value))
    return _short.repr(value)


def key_shown(value: Any) -> str:
    """Return the beginning of an API key: a notebook is saved with what it shows, and given to others."""
    return f"{value[:_KEY_SHOWN]}…" if isinstance(value, str) else ""


def _is_midnight(value: datetime) -> bool:
    return (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
