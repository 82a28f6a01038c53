"""Numbers as JavaScript reads, holds and writes them: the platform runs on it."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from openmonetize._schema.numbers import MAX_SAFE_INTEGER

_DECIMAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_PREFIXED = re.compile(r"0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+", re.ASCII)


def as_double(value: int | float) -> int | float:
    """Return the number that JavaScript would hold: an integer above 2^53 loses its last digits."""
    if isinstance(value, int) and abs(value) > MAX_SAFE_INTEGER + 1:
        try:
            value = float(value)
        except OverflowError:
            return float("inf") if value > 0 else float("-inf")
    return value


def parse_number(value: Any) -> int | float:
    """Return ``Number(value)``: blanks are 0, ``1e1`` and ``0x5`` are numbers, anything else is NaN."""
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


def number_text(value: int | float) -> str:
    """Return a number as JavaScript writes it; right for the usual magnitudes."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)


def to_fixed(value: float, digits: int) -> str:
    """Return ``value.toFixed(digits)``: rounded by the double's exact binary value, ties away from zero."""
    return f"{Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):f}"


def plain_number(value: float) -> int | float:
    """Return a whole double as an int, so that JSON shows ``1`` and not ``1.0``."""
    return int(value) if isinstance(value, float) and value.is_integer() else value
