"""Formats of the wire: ids, addresses, instants, and numbers as JavaScript reads them."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any, Dict, Optional, Union

_HEX = "[0-9a-fA-F]"
STRICT_UUID = re.compile(
    rf"{_HEX}{{8}}-{_HEX}{{4}}-[1-8]{_HEX}{{3}}-[89abAB]{_HEX}{{3}}-{_HEX}{{12}}"
    r"|00000000-0000-0000-0000-000000000000|[fF]{8}-[fF]{4}-[fF]{4}-[fF]{4}-[fF]{12}"
)
"""RFC 9562, versions 1 to 8, nil and max."""

LOOSE_UUID = re.compile(rf"(?:urn:uuid:)?{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}", re.IGNORECASE)

EMAIL = re.compile(
    r"(?!\.)(?!.*\.\.)[A-Za-z0-9_'+.\-]*[A-Za-z0-9_+\-]@(?:[A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}",
    re.ASCII,
)

_ZULU = re.compile(r"(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?Z", re.ASCII)
_OFFSET = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt\s]([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):?(\d\d))",
    re.ASCII,
)

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_DAY_MS = 86_400_000
_days: Dict[str, Optional[int]] = {}


def _day_ms(text: str) -> Optional[int]:
    """Milliseconds at the start of the day ``YYYY-MM-DD``; None if there is no such day."""
    try:
        return _days[text]
    except KeyError:
        pass
    try:
        found: Optional[int] = (date.fromisoformat(text).toordinal() - _EPOCH_ORDINAL) * _DAY_MS
    except ValueError:
        found = None
    if len(_days) > 4_000:  # years of distinct days; keep the memory bounded against hostile input
        _days.clear()
    _days[text] = found
    return found


def zulu_ms(text: str) -> Optional[int]:
    """Milliseconds since 1970 of an instant that ends in ``Z``, as the present platform takes it; else None."""
    match = _ZULU.fullmatch(text)
    if match is None:
        return None
    day_text, hour, minute, second, fraction = match.groups()
    day = _day_ms(day_text)
    if day is None:
        return None
    ms = int(fraction[:3].ljust(3, "0")) if fraction else 0
    return day + int(hour) * 3_600_000 + int(minute) * 60_000 + int(second or 0) * 1_000 + ms


def offset_ms(text: str) -> Optional[int]:
    """Milliseconds since 1970 of an instant with any RFC 3339 offset, as the seed era takes it; else None."""
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


_EPOCH = datetime(1970, 1, 1)
_MILLISECOND = timedelta(milliseconds=1)


def instant_ms(text: str) -> int:
    """Milliseconds since 1970 of an instant that has passed validation, in either era's form."""
    if len(text) in (20, 24) and text[10] == "T" and text[-1] == "Z":  # whole seconds or milliseconds, as nearly all
        return (datetime.fromisoformat(text[:-1]) - _EPOCH) // _MILLISECOND
    return read_instant(text)


def read_instant(text: str) -> int:
    """Milliseconds since 1970 of an instant in either era's form.

    Raises:
        ValueError: it is none.
    """
    ms = zulu_ms(text)
    if ms is None:
        ms = offset_ms(text)
    if ms is None:
        raise ValueError(f"{text!r} is not an instant such as 2026-01-31T00:00:00Z")
    return ms


def as_double(value: Union[int, float]) -> Union[int, float]:
    """The number that JavaScript would hold: an integer beyond 2^53 loses its last digits."""
    if isinstance(value, int) and abs(value) > 2**53:
        try:
            value = float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)


def js_number(value: Any) -> Union[int, float]:
    """``Number(value)``: blanks are 0, ``1e1`` and ``0x5`` are numbers, anything else is NaN."""
    if isinstance(value, list):
        return float("nan")
    text = str(value).strip()
    if not text:
        return 0
    if _PREFIXED.fullmatch(text):
        return as_double(int(text, 0))
    if _DECIMAL.fullmatch(text):
        number = float(text)
        return int(number) if number.is_integer() else number
    if text.lstrip("+-") == "Infinity" and len(text) <= 9:
        return float("-inf") if text.startswith("-") else float("inf")
    return float("nan")


def js_text(value: Union[int, float]) -> str:
    """A number as JavaScript writes it, for the usual magnitudes."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def plain_number(value: float) -> Union[int, float]:
    """A whole double as an int, so that JSON shows ``1`` and not ``1.0``."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
