"""The retry engine: whether to try again, and how long to wait first.

It is independent of the HTTP library: it is given the outcome of an attempt and returns a decision. The client uses
it within a call, the recorder between batches.
"""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from openmonetize._arguments import explained
from openmonetize.exceptions import ApiValueError

# Statuses after which the same request may succeed. Calls do not retry 500, since many of the platform's 500s are
# permanent. The recorder retries it as well, since its ids are fixed.
RETRYABLE_STATUSES = frozenset((429, 502, 503, 504))


# The longest time, in seconds, that an answer may ask its caller to wait. A longer one is taken for a mistake, such as
# a time of a calendar in place of seconds.
MAX_SERVER_WAIT = 86_400.0

_LOG = logging.getLogger("openmonetize")
_SHOWN_CHARS = 40  # of a header that is implausible


@explained
@dataclass(frozen=True)
class RetryPolicy:
    """Exponential backoff with full jitter.

    Attributes:
        attempts: the largest number of times a request is sent, the first time included.
        base: upper bound of the first wait, in seconds; the bound doubles with each further wait.
        cap: upper bound of every wait that the server did not ask for, in seconds.
        retry_after_cap: the longest ``Retry-After`` that is honoured, in seconds; a longer one ends the call.

    Raises:
        ApiValueError: a number is out of range.
    """

    __module__ = "openmonetize"

    attempts: int = 4
    base: float = 0.5
    cap: float = 8.0
    retry_after_cap: float = 60.0

    def __post_init__(self) -> None:
        if isinstance(self.attempts, bool) or not isinstance(self.attempts, int) or self.attempts < 1:
            raise ApiValueError(f"attempts must be a whole number, 1 or more, not {self.attempts!r}")
        for name in ("base", "cap", "retry_after_cap"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
                raise ApiValueError(f"{name} must be a number of seconds, 0 or more, not {value!r}")

    def delay(self, attempt: int, retry_after: float | None = None) -> float:
        """Return the seconds to wait after attempt number ``attempt`` (1 is the first) has failed.

        The server's ``Retry-After`` is the minimum, up to ``retry_after_cap``.
        """
        jittered = random.uniform(0.0, min(self.cap, self.base * 2.0 ** min(attempt - 1, 30)))
        if retry_after is None:
            return jittered
        return max(jittered, min(retry_after, self.retry_after_cap))

    def next_delay(
        self, attempt: int, *, retry_after: float | None = None, remaining: float | None = None
    ) -> float | None:
        """Return the seconds to wait before the next attempt, or None if the call should fail now.

        Args:
            attempt: number of the attempt that has failed (1 is the first).
            retry_after: seconds the server asks for.
            remaining: seconds until the call's deadline.
        """
        if attempt >= self.attempts:
            return None
        if retry_after is not None and retry_after > self.retry_after_cap:
            return None
        delay = self.delay(attempt, retry_after)
        if remaining is not None and delay >= remaining:
            return None
        return delay


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a server asks its caller to wait, at most `MAX_SERVER_WAIT`, or None.

    Reads ``Retry-After`` in both forms of RFC 9110 (seconds, HTTP date). Without it, ``x-ratelimit-reset`` counts if
    ``x-ratelimit-remaining`` is 0; the platform gives it in seconds. A longer time is logged, once for each header.
    """
    name = "Retry-After"
    if headers.get(name) is None:
        name = "x-ratelimit-reset"
        if (headers.get("x-ratelimit-remaining") or "").strip() != "0":
            return None
    value = (headers.get(name) or "").strip()
    seconds = _seconds(value)
    if seconds is None or seconds <= MAX_SERVER_WAIT:
        return seconds
    _tell_implausible(name, value)
    return MAX_SERVER_WAIT


_told: set[str] = set()  # the headers whose implausible values were logged


def _tell_implausible(name: str, value: str) -> None:
    if name not in _told:
        _told.add(name)
        _LOG.warning(
            "%s in an answer is %r, which is more than %d s: it is not kept to. Does a proxy change the headers?",
            name,
            value[:_SHOWN_CHARS],
            MAX_SERVER_WAIT,
        )


def _seconds(value: str) -> float | None:
    if value.isascii() and value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        if when.tzinfo is None:
            when = when.replace(tzinfo=timezone.utc)
        return max(0.0, (when - datetime.now(timezone.utc)).total_seconds())
    except (TypeError, ValueError, IndexError, OverflowError):  # of a zone or a year that no date can have
        return None


class RetryBudget:
    """A token bucket that limits retries to a small part of the traffic while a server is down.

    Args:
        capacity: tokens when full.
        refund: tokens that a success returns.
    """

    def __init__(self, capacity: float = 500.0, refund: float = 1.0) -> None:
        self._capacity = capacity
        self._refund = refund
        self._tokens = capacity
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call

    def spend(self, cost: float = 5.0) -> bool:
        """Take ``cost`` tokens for a retry. Return False if there are not enough."""
        with self._lock:
            if self._tokens < cost:
                return False
            self._tokens -= cost
            return True

    def refund(self) -> None:
        """Return tokens after a success."""
        with self._lock:
            self._tokens = min(self._capacity, self._tokens + self._refund)
