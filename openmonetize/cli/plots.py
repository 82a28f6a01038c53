"""Bars of block characters."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from openmonetize.cli.values import shown, terminal_width

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_MAX_LABEL = 28  # characters
_MAX_WIDTH = 100  # columns of a plot where there is no terminal
_MIN_BAR = 8  # columns of the longest bar


def print_bars(bars: Sequence[tuple[str, Any]]) -> None:
    """Print a line for each label, with a bar as long as its value. Values below 0 have a bar of another kind.

    Args:
        bars: labels and numbers.
    """
    blocks = _can_print(_EIGHTHS)
    labels = [label if len(label) <= _MAX_LABEL else f"{label[: _MAX_LABEL - 3]}..." for label, _ in bars]
    values = [shown(value) for _, value in bars]
    left, right = max(map(len, labels)), max(map(len, values))
    room = max(min(terminal_width(), _MAX_WIDTH) - left - right - 4, _MIN_BAR)
    numbers = [Decimal(value) for _, value in bars]
    longest = max(map(abs, numbers))
    for label, value, text in zip(labels, numbers, values):
        bar = _bar(value, longest, room, blocks)
        print(f"{label:<{left}}  {bar:<{room}}  {text:>{right}}")


def _bar(value: Decimal, longest: Decimal, room: int, blocks: bool) -> str:
    """Return a bar of up to `room` columns, in steps of an eighth of a column."""
    if not value:
        return ""
    eighths = max(round(abs(value) * room * 8 / longest), 1)
    if value < 0 or not blocks:
        return ("-" if value < 0 else "#") * max(eighths // 8, 1)
    return (_EIGHTHS[8] * (eighths // 8) + _EIGHTHS[eighths % 8]).strip()


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True
