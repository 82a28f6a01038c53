"""When the next request may be sent: the platform's rate limit is shared with the application's own calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

# Requests are not spread while more than this part of the deliveries' share of the limit is available.
_UNPACED_ABOVE = 0.5
# Added to the reset time, which the platform states in whole seconds.
_ROUNDING_SECONDS = 1.0


class RateLimiter:
    """Spreads requests over the window of the platform's rate limit.

    Reads ``x-ratelimit-limit``, ``x-ratelimit-remaining`` and ``x-ratelimit-reset`` (seconds left).

    The counters are the platform's, for this key: they include other processes and calls with the same key.

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
        # Events that this month's quota still takes, if the platform says so.
        self.quota: int | None = None

    def learn(self, headers: Mapping[str, str]) -> None:
        """Read the state of the limit from a response, whatever its status."""
        self._sent_at = self._clock()
        self.quota = _number(headers, "x-monthly-quota-remaining")
        limit = _number(headers, "x-ratelimit-limit")
        remaining = _number(headers, "x-ratelimit-remaining")
        reset = _number(headers, "x-ratelimit-reset")
        if limit and remaining is not None and reset is not None:
            self._limit, self._remaining = limit, remaining
            self._window_ends = self._sent_at + reset + _ROUNDING_SECONDS

    def next_at(self, urgent: bool = False) -> float:
        """Return the monotonic time from which the next request may be sent.

        Args:
            urgent: a caller waits for the delivery: use the application's part of the limit as well.
        """
        if self._sent_at >= self._window_ends:
            return 0.0
        if urgent:
            return self._window_ends if self._remaining <= 0 else 0.0
        reserved = self._limit * (1.0 - self._share)
        available = self._remaining - reserved
        if available < 1.0:
            return self._window_ends
        if available > self._limit * self._share * _UNPACED_ABOVE:
            return 0.0
        return self._sent_at + (self._window_ends - self._sent_at) / available


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = (headers.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
