"""The sandbox's clock: real time plus an offset that a test may move."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from openmonetize.exceptions import ApiValueError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
SECOND = 1_000
HOUR = 3_600 * SECOND
DAY = 24 * HOUR

# The first and the last millisecond that a time may have: the years 1 to 9999.
MIN_MS = -62_135_596_800_000
MAX_MS = 253_402_300_799_999

_MAX_CLOCK_MS = 221_845_392_000_000  # the year 9000, so that forecasts stay within MAX_MS


class Clock:
    """Time in whole milliseconds since 1970, UTC. It always ticks; it can be set and moved.

    Args:
        offset: how many milliseconds it is ahead of real time.
        keep: is told each new offset.
    """

    def __init__(self, offset: int = 0, keep: Callable[[int], None] = lambda offset: None) -> None:
        self._offset = offset
        self._keep = keep
        self._lock = threading.Lock()

    def now(self) -> int:
        """Return the milliseconds since 1970-01-01T00:00:00Z."""
        return time.time_ns() // 1_000_000 + self._offset

    def set(self, moment: datetime) -> None:
        """Jump to `moment`, an aware datetime, and tick on from there.

        Raises:
            ApiValueError: the datetime is naive, or outside the years 1970 to 9000.
        """
        if moment.tzinfo is None:
            raise ApiValueError(
                "set_time needs an aware datetime, for example datetime(2026, 1, 31, tzinfo=timezone.utc)"
            )
        self._move_to(to_ms(moment))

    def advance(self, delta: timedelta) -> None:
        """Move by `delta`.

        Raises:
            ApiValueError: that is outside the years 1970 to 9000.
        """
        self._move_to(self.now() + delta // timedelta(milliseconds=1))

    def _move_to(self, ms: int) -> None:
        if not 0 <= ms <= _MAX_CLOCK_MS:
            raise ApiValueError("the sandbox's clock runs from the year 1970 to the year 9000")
        self._put(ms - time.time_ns() // 1_000_000)

    def reset(self) -> None:
        """Return to real time."""
        self._put(0)

    def _put(self, offset: int) -> None:
        with self._lock:
            self._offset = offset
        self._keep(offset)


def to_ms(moment: datetime) -> int:
    """Return the milliseconds since 1970 of an aware datetime."""
    return (moment - EPOCH) // timedelta(milliseconds=1)


def to_datetime(ms: int) -> datetime:
    """Return the milliseconds since 1970 as a datetime in UTC."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """Return a time as the platform writes it: three decimals and ``Z``."""
    # Not strftime, which does not pad years before 1000 on every system (https://bugs.python.org/issue13305).
    return to_datetime(ms).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def day_text(ms: int) -> str:
    """Return the UTC day as ``YYYY-MM-DD``."""
    return to_datetime(ms).date().isoformat()
