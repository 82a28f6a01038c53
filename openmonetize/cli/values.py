"""Values as people read them, and the room that there is for them."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

from openmonetize.cli.text import printable

TEXT, COUNT, USD, TIME = "text", "count", "usd", "time"
UNLIMITED = 100_000  # columns of a terminal that is none: its reader cuts lines, if any
_MIN_DECIMALS, _MAX_DECIMALS = 2, 6  # of US dollars; all of a column have as many


def shown(value: Any, kind: str = TEXT, decimals: int | None = None) -> str:
    """Return a value as people read it."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, Decimal) or kind == USD:
        return f"{value:,.{decimals_of([value]) if decimals is None else decimals}f}"
    if isinstance(value, int):
        return f"{value:,}"
    return printable(str(value))


def terminal_width() -> int:
    """Return how many columns there are to print to."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns) > 0:
        return int(columns)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or 80
    except (OSError, ValueError):
        return UNLIMITED


def decimals_of(values: Sequence[Any]) -> int:
    """Return how many decimals show all values, within bounds."""
    needed = (-int(Decimal(value).normalize().as_tuple().exponent) for value in values)
    return min(max([_MIN_DECIMALS, *needed]), _MAX_DECIMALS)
