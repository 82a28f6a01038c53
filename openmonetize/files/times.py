"""Times as files write them, in the wire's form.

A time without a zone is UTC here, unlike in the rest of the library: a file is read on another machine than the one
that wrote it, and exports of databases and traces are in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from functools import lru_cache

_FORM = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::(\d\d)(?:[.,](\d{1,12}))?)? ?(?:(Z|z|UTC)|([+-])(\d\d)(?::?(\d\d))?)?",
    re.ASCII,
)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_EPOCH = re.compile(r"(\d{9,10})(?:\.(\d{1,9}))?|(\d{12,13})|(\d{15,16})|(\d{18,19})", re.ASCII)
_EPOCH_START = datetime(1970, 1, 1)


@lru_cache(maxsize=4096)
def file_time(text: str) -> str | None:
    """Return a date and time in the wire's form, or None if the text is none.

    Args:
        text: in a form of ISO 8601, with a blank or a ``T``; digits beyond microseconds are dropped.
    """
    found = _FORM.fullmatch(text)
    if found is None:
        return None
    day, minute, second, fraction, _, sign, hours, minutes = found.groups()
    minute = _utc_minute(day, minute, f"{sign}{hours}{minutes or '00'}" if sign else "")
    if minute is None or (second or "00") > "59":
        return None
    fraction = (fraction or "")[:6].rstrip("0")
    return f"{minute}:{second or '00'}{'.' if fraction else ''}{fraction}Z"


@lru_cache(maxsize=4096)
def _utc_minute(day: str, minute: str, offset: str) -> str | None:
    """Return a minute in UTC, or None if there is no such day or time."""
    try:
        moment = datetime.fromisoformat(f"{day}T{minute}")
        if offset:
            ahead = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
            moment += ahead if offset[0] == "-" else -ahead
    except (ValueError, OverflowError):
        return None
    return moment.isoformat()[:16]


def event_time(text: str) -> str | None:
    """Return the time of an event in the wire's form, or None if the text says none.

    Besides what `file_time` takes: a day, which stands for its first moment, and seconds, milliseconds, microseconds or
    nanoseconds since 1970, told apart by the number of digits.
    """
    moment = file_time(text)
    if moment is not None:
        return moment
    text = text.strip()
    if _DAY.fullmatch(text):
        return file_time(f"{text}T00:00")
    found = _EPOCH.fullmatch(text)
    return file_time(text) if found is None else _since_epoch(found)


def _since_epoch(found: re.Match[str]) -> str | None:
    seconds, fraction, *longer = found.groups()
    if seconds is not None:
        microseconds = int(seconds) * 1_000_000 + int((fraction or "")[:6].ljust(6, "0"))
    else:
        digits = next(digits for digits in longer if digits is not None)
        microseconds = int(digits) * 1_000_000 // 10 ** (3 * ((len(digits) - 9) // 3))
    moment = _EPOCH_START + timedelta(microseconds=microseconds)
    return file_time(moment.isoformat(" "))


def text_of(moment: datetime) -> str:
    """Return a datetime in the form that `file_time` gives to its text."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(timezone.utc).replace(tzinfo=None)
    text = moment.isoformat()
    return f"{text.rstrip('0')}Z" if moment.microsecond else f"{text}Z"
