"""When the next request may go: the platform's rate limit is shared with the application's own calls."""

from __future__ import annotations

import time
from typing import Callable, Mapping, Optional

#: Of the room that the limit leaves beyond the application's part, this much may be used without a pause.
_UNPACED = 0.5
#: The platform tells whole seconds; this many more are waited for.
_ROUNDING = 1.0


class RateLimiter:
    """Spreads requests over the window of the platform's rate limit.

    Reads ``x-ratelimit-limit``, ``x-ratelimit-remaining`` and ``x-ratelimit-reset`` (seconds left).

    The counters are the platform's, for this key: other processes and calls with the same key are seen too.

    Args:
        share: the part of the limit that deliveries may use; the rest is left to the application's own calls.
        clock: monotonic seconds.
    """

    def __init__(self, share: float = 0.5, clock: Callable[[], float] = time.monotonic) -> None:
        self._share = share
        self._clock = clock
        self._limit = 0
        self._remaining = 0
        self._window_ends = 0.0
        self._sent_at = 0.0
        #: Events that this month's quota still takes, where the platform says so.
        self.quota: Optional[int] = None

    def learn(self, headers: Mapping[str, str]) -> None:
        """Take the state of the limit from an answer, of whatever status."""
        self._sent_at = self._clock()
        self.quota = _number(headers, "x-monthly-quota-remaining")
        limit = _number(headers, "x-ratelimit-limit")
        remaining = _number(headers, "x-ratelimit-remaining")
        reset = _number(headers, "x-ratelimit-reset")
        if limit and remaining is not None and reset is not None:
            self._limit, self._remaining = limit, remaining
            self._window_ends = self._sent_at + reset + _ROUNDING

    def next_at(self, urgent: bool = False) -> float:
        """The monotonic time from which the next request may go.

        Args:
            urgent: somebody waits for the delivery: use the application's part of the limit as well.
        """
        if self._sent_at >= self._window_ends:
            return 0.0
        if urgent:
            return self._window_ends if self._remaining <= 0 else 0.0
        reserved = self._limit * (1.0 - self._share)
        room = self._remaining - reserved
        if room < 1.0:
            return self._window_ends
        if room > self._limit * self._share * _UNPACED:
            return 0.0
        return self._sent_at + (self._window_ends - self._sent_at) / room


def _number(headers: Mapping[str, str], name: str) -> Optional[int]:
    value = (headers.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
