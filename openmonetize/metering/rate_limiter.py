"""When the next request may be sent: the platform's rate limit is shared with the application's own calls."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from openmonetize.metering.pace import MAX_WINDOW, WINDOW, Change, LocalPace, Pace, PaceStore

_SHOWN_CHARS = 40  # of a header that is not understood


class RateLimiter:
    """Spreads requests over the window of the platform's rate limit.

    Reads ``x-ratelimit-limit``, ``x-ratelimit-remaining`` and ``x-ratelimit-reset`` (seconds left).

    The counters are the platform's, for this key: they include other processes and calls with the same key. Processes
    that share a store count each other's requests before the platform does, and spread them together.

    One request is under way at a time: `reserve`, the request, then `learn`, of no headers if there was no answer. Any
    thread may call `next_at`.

    Args:
        share: the part of the limit that deliveries may use; the rest is left to the application's own calls.
        clock: monotonic seconds.
        store: holds the state for all who share it; default: for this process alone.
        on_implausible: called once, with a text, if the platform's answers name an implausible end of the window.
    """

    def __init__(
        self,
        share: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        store: PaceStore | None = None,
        on_implausible: Callable[[str], object] | None = None,
    ) -> None:
        self._share = share
        self._clock = clock
        self._on_implausible = on_implausible
        self.use(store)

    def use(self, store: PaceStore | None) -> None:
        """Go on with another store, that of another account for one. No request must be under way."""
        self._store = store or LocalPace(self._clock)
        self._pace = Pace()
        self._seen_at = 0.0  # when that was the state, on the store's clock
        self._offset = 0.0  # seconds by which the monotonic clock is ahead of the store's
        self._reserved: float | None = None  # the request under way: when it was sent, on the store's clock
        self._reserved_at = 0.0  # the same, monotonic

    @property
    def quota(self) -> int | None:
        """Events that this month's quota still takes, if the platform says so."""
        return self._pace.quota

    def next_at(self, urgent: bool = False) -> float:
        """Return the monotonic time from which the next request may be sent, as far as this process knows.

        Args:
            urgent: a caller waits for the delivery: use the application's part of the limit as well.
        """
        at = self._pace.next_at(self._share, urgent, self._seen_at)
        return at + self._offset if at else 0.0

    def reserve(self, urgent: bool = False) -> bool:
        """Count a request that is about to be sent, for everyone who shares the limit.

        Args:
            urgent: as for `next_at`.

        Returns:
            Whether it may be sent. If not, `next_at` says when to ask again.
        """
        unfinished = self._reserved

        def take(pace: Pace, now: float) -> Pace:
            pace = pace.without(unfinished)
            self._reserved = now if pace.next_at(self._share, urgent, now) <= now else None
            return pace if self._reserved is None else pace.sent(now)

        self._update(take)
        self._reserved_at = self._clock()
        return self._reserved is not None

    def learn(self, headers: Mapping[str, str], counts: bool = True) -> None:
        """Read the state of the limit from a response, whatever its status.

        Args:
            headers: of the response.
            counts: whether the request was one that the monthly quota counts, and whose answer tells of it.
        """
        reserved, self._reserved = self._reserved, None
        seconds = self._clock() - self._reserved_at if reserved is not None else 0.0
        quota = _number(headers, "x-monthly-quota-remaining")
        limit = _number(headers, "x-ratelimit-limit")
        remaining = _number(headers, "x-ratelimit-remaining")
        reset = _number(headers, "x-ratelimit-reset")
        # A time far away may be one of a calendar: it says nothing about the window. The platform's is known.
        plausible = float(reset) if reset is not None and reset <= MAX_WINDOW else WINDOW

        def note(pace: Pace, now: float) -> Pace:
            pace = pace.without(reserved)
            if counts:
                pace = pace._replace(quota=quota)
            if limit and remaining is not None and reset is not None:
                return pace.answered(limit, remaining, plausible, now - seconds, now)
            return pace

        self._update(note)
        if reset != plausible:
            self._tell_implausible((headers.get("x-ratelimit-reset") or "").strip())

    def _update(self, change: Change) -> None:
        def apply(pace: Pace, now: float) -> Pace:
            self._seen_at = now
            self._offset = self._clock() - now
            return change(pace.at(now), now)

        self._pace = self._store.update(apply)

    def _tell_implausible(self, text: str) -> None:
        tell = self._on_implausible
        if tell is not None and text:
            self._on_implausible = None
            tell(
                f"x-ratelimit-reset in an answer is {text[:_SHOWN_CHARS]!r}, not the seconds until a window ends;"
                " usage events are delivered all the same. Does a proxy change the platform's headers?"
            )


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = (headers.get(name) or "").strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) < 12 else None
