"""Ranges of time that a caller asks for: two dates, or ``last="30d"``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

from openmonetize._arguments import described
from openmonetize._schema import timestamps
from openmonetize.exceptions import ApiTypeError, ApiValueError

_LAST = re.compile(r"(?:last\s+)?([0-9]{1,6})\s*(hours?|h|days?|d|weeks?|w)", re.IGNORECASE)
_AMBIGUOUS = re.compile(r"(?:last\s+)?[0-9]+\s*(m|min|minutes?|mo|months?|y|years?)", re.IGNORECASE)
_HOURS = {"h": 1, "d": 24, "w": 7 * 24}
_ONE_MILLISECOND = timedelta(milliseconds=1)  # the wire's precision


class TimeRange(NamedTuple):
    """The range of time that was asked for, in UTC, both ends included; None where the server's default applies."""

    start: datetime | None
    end: datetime | None

    def __str__(self) -> str:
        parts = [f"{word} {shown(moment)}" for word, moment in zip(("from", "to"), self) if moment is not None]
        return f"{' '.join(parts)} UTC"


def shown(moment: datetime) -> str:
    """Return a time in UTC as people write it, as short as it is exact to the minute."""
    return moment.isoformat(" ", "minutes")[:16]


def ranged(values: Mapping[str, Any], names: tuple[str, str]) -> tuple[dict[str, Any], TimeRange | None]:
    """Return the arguments of an operation with a range, and how the range was read.

    Args:
        values: the arguments; ``last`` is among them.
        names: those of the first and the last instant.

    Returns:
        The arguments without ``last``, and the range; None if none was given.

    Raises:
        ApiTypeError, ApiValueError: an argument is no time, or they do not fit together.
    """
    arguments = dict(values)
    last = arguments.pop("last", None)
    start, end = (arguments[name] for name in names)
    if start is None and end is None and last is None:
        return arguments, None
    if last is not None and start is not None:
        raise ApiValueError(f"give either last or {names[0]}, not both")
    until = None if end is None else instant(names[1], end, at_end=True)
    if last is not None:
        until = _now() if until is None else until
        since: datetime | None = _before(until, last)
    else:
        since = None if start is None else instant(names[0], start)
    asked = TimeRange(since, until)
    if since is not None and until is not None and since > until:
        raise ApiValueError(f"{names[0]} is later than {names[1]}: the range was read as {asked}")
    arguments.update(zip(names, asked))
    return arguments, asked


def instant(name: str, value: Any, at_end: bool = False) -> datetime:
    """Return the first instant of a day, or its last one, or the time that is given; ``name`` is for errors."""
    try:
        first = timestamps.utc(value)
        if at_end and timestamps.is_day(value):
            return first + (timedelta(days=1) - _ONE_MILLISECOND)  # the last day of the calendar has no next one
    except TypeError as error:
        raise ApiTypeError(f"{name} {error}") from None
    except (ValueError, OverflowError) as error:
        raise ApiValueError(f"{name} {error} (got {value!r})") from None
    return first


def _before(end: datetime, last: Any) -> datetime:
    try:
        return end - length_of(last)
    except OverflowError:
        raise ApiValueError(f"last={last!r} begins before the year 1") from None


def length_of(last: Any) -> timedelta:
    """Return how long ``30d``, ``12h`` or ``2w`` is."""
    if isinstance(last, timedelta):
        length = last
    elif isinstance(last, str):
        found = _LAST.fullmatch(last.strip())
        if found is None:
            reason = " (months, years and minutes are not taken)" if _AMBIGUOUS.fullmatch(last.strip()) else ""
            raise ApiValueError(f"last={last!r} is no length of time{reason}: write '24h', '30d' or '4w'")
        length = timedelta(hours=int(found[1]) * _HOURS[found[2][0].lower()])
    else:
        raise ApiTypeError(f"last must be a str such as '30d', or a timedelta, not {described(last)}")
    if length <= timedelta(0):
        raise ApiValueError(f"last={last!r} must be longer than nothing")
    return length


def _now() -> datetime:
    now = datetime.now(timezone.utc)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
