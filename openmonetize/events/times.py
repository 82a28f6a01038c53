"""The time of an event in the wire's form."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from openmonetize._schema.timestamps import as_datetime

# The time of an event as the platform takes it, such as 2026-01-31T12:00:00.5Z: the years 0001 to 9999 (the platform
# cannot store the year 0), days that exist, seconds and their fraction optional. It serves Python's and Rust's regular
# expressions; digits are spelt out, since `\d` would match those of other scripts.
_YEAR = r"(?:000[1-9]|00[1-9][0-9]|0[1-9][0-9]{2}|[1-9][0-9]{3})"
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00)"
_MONTH_AND_DAY = (
    r"(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8]))"
)
_DAY = rf"(?:{_YEAR}-{_MONTH_AND_DAY}|{_LEAP_YEAR}-02-29)"
_TIME_OF_DAY = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]+)?)?"
WIRE_TIME_PATTERN = rf"{_DAY}T{_TIME_OF_DAY}Z"


def now() -> str:
    """Return the present time, to the microsecond, in UTC and ending in ``Z``."""
    nanoseconds = str(time.time_ns())
    return f"{_text(nanoseconds[:-9])}.{nanoseconds[-9:-3]}Z"


def event_time(value: Any) -> str:
    """Return a time to the microsecond, in UTC and ending in ``Z``; raises as `timestamps.utc` does."""
    moment = as_datetime(value)
    if moment.tzinfo is None and isinstance(value, str) and len(value) in (19, 26):
        minute = _local_minute(value[:16], time.tzname)
        if minute is not None:
            return f"{minute}{value[16:19]}{value[19:].replace(',', '.')}Z"
    fraction = moment.microsecond
    try:
        second = _text(str(round(moment.timestamp() - fraction / 1_000_000)))
    except (ValueError, OverflowError, OSError):
        raise ValueError("is out of the range of times") from None
    return f"{second}.{fraction:06d}Z" if fraction else second + "Z"


@lru_cache(maxsize=64)
def _text(second: str) -> str:
    """Return the digits of a second since the epoch as an ISO 8601 string. Many events share a second."""
    return datetime.fromtimestamp(int(second), timezone.utc).replace(tzinfo=None).isoformat()


@lru_cache(maxsize=64)
def _local_minute(text: str, zone: tuple[str, str]) -> str | None:
    """Return a minute of local time in UTC; None where the offset is not whole minutes, as with local mean time.

    Args:
        text: the minute, in the form that comes before the seconds.
        zone: the names of the local zone: a process may change it, and the cache must notice.
    """
    try:
        # `astimezone` would move a time that a daylight-saving change skips in the other direction.
        moment = datetime.fromtimestamp(datetime.fromisoformat(text).timestamp(), timezone.utc)
    except (ValueError, OverflowError, OSError):
        return None
    return None if moment.second else moment.replace(tzinfo=None).isoformat()[:16]
