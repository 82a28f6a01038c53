"""Timestamps: from a datetime or a string to UTC. An ambiguous string is an error, never a guess."""

from __future__ import annotations

from datetime import date, datetime, timezone
from typing import Any

_LARGEST_SECOND = 253_402_300_799  # since the epoch: the end of the year 9999


def utc(value: Any) -> datetime:
    """Return a datetime or an ISO 8601 string as an aware datetime in UTC.

    A value without a zone is local time, as everywhere in Python.

    Raises:
        TypeError: the value is neither a datetime nor a string.
        ValueError: the string is not an ISO 8601 date and time.
    """
    try:
        return as_datetime(value).astimezone(timezone.utc)
    except (OverflowError, OSError):
        raise ValueError("is out of the range of times") from None


def wire(value: datetime) -> str:
    """Return the platform's own form of a time: UTC, with milliseconds, ending in ``Z``."""
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def as_datetime(value: Any) -> datetime:
    """Return a datetime, or a string parsed to one, with the zone that it has; raises as :func:`utc` does."""
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, datetime):
        return value
    raise TypeError(f"needs a datetime or an ISO 8601 text, not {type(value).__name__}{_advice(value)}")


def _advice(value: Any) -> str:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        unit = " / 1000" if abs(value) > _LARGEST_SECOND else ""  # then it must be milliseconds
        return f": pass datetime.fromtimestamp({value}{unit}, timezone.utc)"
    return f": pass datetime({value.year}, {value.month}, {value.day})" if isinstance(value, date) else ""


def _parse(text: str) -> datetime:
    parsed = _fromisoformat(text)
    if parsed is not None:
        return parsed
    from dateutil.parser import isoparse  # late: it takes milliseconds, and few callers need it

    if len(text) < 14 or ":" not in text:
        raise ValueError("is not an ISO 8601 date and time, such as '2026-01-31T12:00:00Z'")
    try:
        return isoparse(text)
    except (ValueError, OverflowError):
        raise ValueError("is not an ISO 8601 date and time, such as '2026-01-31T12:00:00Z'") from None


def _fromisoformat(text: str) -> datetime | None:
    """Parse the forms that every supported Python reads alike, which is fast; None for other forms."""
    if len(text) not in (19, 25, 26, 32) or text[10] not in "T " or text[13] != ":":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
