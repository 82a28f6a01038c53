"""Text formats of the wire: ids, e-mail addresses, and times."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from openmonetize.events.ids import UUID_PATTERN
from openmonetize.exceptions import ApiValueError

# RFC 9562, versions 1 to 8, nil and max, in either case.
STRICT_UUID = re.compile(UUID_PATTERN, re.ASCII | re.IGNORECASE)

_HEX = "[0-9a-fA-F]"
LOOSE_UUID = re.compile(rf"(?:urn:uuid:)?{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}", re.IGNORECASE)

EMAIL = re.compile(
    r"(?!\.)(?!.*\.\.)[A-Za-z0-9_'+.\-]*[A-Za-z0-9_+\-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}",
    re.ASCII,
)

# The present platform takes `Z` only, the seed era any RFC 3339 offset. Both refuse days that do not exist, which is
# left to `date`: unlike `events.times.WIRE_TIME_PATTERN`, these patterns have to give the parts of a time.
_ZULU = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?Z", re.ASCII)
_OFFSET = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt\s]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)

_EPOCH = datetime(1970, 1, 1)
_EPOCH_ORDINAL = _EPOCH.toordinal()
_MILLISECOND = timedelta(milliseconds=1)
_DAY_MS = 86_400_000
_MAX_CACHED_DAYS = 4_000  # years of distinct days; the bound is against hostile input
_days: dict[str, int | None] = {}


def zulu_ms(text: str) -> int | None:
    """Return the milliseconds since 1970 of a time that ends in ``Z``, or None if the present platform refuses it."""
    match = _ZULU.fullmatch(text)
    if match is None:
        return None
    day_text, hour, minute, second, fraction = match.groups()
    day = _day_ms(day_text)
    if day is None:
        return None
    ms = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return day + int(hour) * 3_600_000 + int(minute) * 60_000 + int(second or 0) * 1_000 + ms


def offset_ms(text: str) -> int | None:
    """Return the milliseconds since 1970 of a time with any RFC 3339 offset, or None if the seed era refuses it."""
    match = _OFFSET.fullmatch(text)
    if match is None:
        return None
    day_text, hour, minute, second, fraction, sign, off_hours, off_minutes = match.groups()
    day = _day_ms(day_text)
    if day is None or (sign and (int(off_hours) > 23 or int(off_minutes) > 59)):
        return None
    ms = int(fraction[:3].ljust(3, "0")) if fraction else 0
    local = day + int(hour) * 3_600_000 + int(minute) * 60_000 + int(second) * 1_000 + ms
    if not sign:
        return local
    shift = int(off_hours) * 3_600_000 + int(off_minutes) * 60_000
    return local - shift if sign == "+" else local + shift


def instant_ms(text: str) -> int:
    """Return the milliseconds since 1970 of a time that has passed validation, in either era's form."""
    if len(text) in (20, 24) and text[10] == "T" and text[-1] == "Z":  # whole seconds or milliseconds, as nearly all
        return (datetime.fromisoformat(text[:-1]) - _EPOCH) // _MILLISECOND
    return read_instant(text)


def read_instant(text: str) -> int:
    """Return the milliseconds since 1970 of a time in either era's form.

    Raises:
        ApiValueError: the text is in neither form.
    """
    ms = zulu_ms(text)
    if ms is None:
        ms = offset_ms(text)
    if ms is None:
        raise ApiValueError(f"{text!r} is not an instant such as 2026-01-31T00:00:00Z")
    return ms


def _day_ms(text: str) -> int | None:
    """Return the milliseconds at the start of the day ``YYYY-MM-DD``, or None if there is no such day."""
    try:
        return _days[text]
    except KeyError:
        pass
    try:
        ms: int | None = (date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL) * _DAY_MS
    except ValueError:
        ms = None
    if len(_days) > _MAX_CACHED_DAYS:
        _days.clear()
    _days[text] = ms
    return ms
