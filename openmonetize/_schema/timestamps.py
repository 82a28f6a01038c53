"""Timestamps: from a datetime or a string to UTC. An ambiguous string is an error, never a guess."""

from __future__ import annotations

import re
from datetime import date, datetime, timezone
from typing import TYPE_CHECKING, Any, Union, cast

if TYPE_CHECKING:
    from typing import Protocol

    class NumpyTime(Protocol):
        """A ``numpy.datetime64``."""

        @property
        def dtype(self) -> Any: ...

        def astype(self, dtype: str, /) -> Any: ...

    # What a time is given as. A `datetime` is a `date`, and a `pandas.Timestamp` is a `datetime`.
    TimeLike = Union[date, str, NumpyTime]

_LARGEST_SECOND = 253_402_300_799  # since the epoch: the end of the year 9999
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def utc(value: Any) -> datetime:
    """Return a time as an aware datetime in UTC.

    A datetime or a text without a zone is local time, as everywhere in Python. A day (a `date`, ``'2026-11-01'``) is
    one of UTC, as the days of the platform are: its first instant is meant. Times of numpy and pandas without a zone
    are in UTC as well, which is how those libraries convert them.

    Raises:
        TypeError: the value is of no such type.
        ValueError: the text is not an ISO 8601 date or time, or the value is not a time (NaT).
    """
    try:
        day = _day(value)
        return as_datetime(value).astimezone(timezone.utc) if day is None else day
    except (OverflowError, OSError):
        raise ValueError("is out of the range of times") from None


def is_day(value: Any) -> bool:
    """Return whether a value is a day, which has no time."""
    return _day(value) is not None


def _day(value: Any) -> datetime | None:
    """Return the first instant of a day; None for a value that is none."""
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            value = date(int(value[:4]), int(value[5:7]), int(value[8:]))
        except ValueError:
            raise ValueError("is not a day of the calendar") from None
    elif _is_numpy_time(value):
        unit = str(value.dtype)[-2:]
        if unit in ("Y]", "M]", "W]"):
            raise ValueError("is more than a day: give the day that is meant")
        value = value.item() if unit == "D]" else value
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day, tzinfo=timezone.utc)
    return None


def _is_numpy_time(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", None) == "M" and not getattr(value, "ndim", 0)


def wire(value: datetime) -> str:
    """Return the platform's own form of a time: UTC, with milliseconds, ending in ``Z``."""
    return value.astimezone(timezone.utc).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def as_datetime(value: Any) -> datetime:
    """Return a time, but not a day, as a datetime with the zone that it has; raises as :func:`utc` does."""
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, datetime):
        return value if type(value) is datetime else _of_pandas(value)
    if _is_numpy_time(value):
        moment = value.astype("datetime64[us]").item()  # of nanoseconds, `item` would make an int
        if not isinstance(moment, datetime):
            raise ValueError("is not a time (NaT)" if moment is None else "is out of the range of times")
        return moment.replace(tzinfo=timezone.utc)
    raise TypeError(f"needs a datetime or an ISO 8601 text, not {type(value).__name__}{_advice(value)}")


def _of_pandas(value: Any) -> datetime:
    """Return a time of a subclass of `datetime`; pandas has one that is no time, and one of its own without a zone."""
    if value != value:
        raise ValueError("is not a time (NaT)")
    if not hasattr(value, "to_pydatetime"):
        return cast(datetime, value)
    moment: datetime = value.to_pydatetime(warn=False)  # of nanoseconds that are lost
    return moment.replace(tzinfo=timezone.utc) if moment.tzinfo is None else moment


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
