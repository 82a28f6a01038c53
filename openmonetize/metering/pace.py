"""What is known of the platform's rate limit, in a form that all who send with one key may share."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

WINDOW = 60.0  # seconds of the platform's window, which is also taken if it says nothing plausible
MAX_WINDOW = 3600.0  # seconds; an end of the window that is further away is implausible
# Seconds by which an end of the window may be wrong: the platform states it in whole ones, and requests take time.
_ROUNDING = 1.0
_MAX_ANSWER_TIME = 20.0  # seconds; what a later answer says may be of the window before
# Requests are not spread while more than this part of the deliveries' share of the limit is available.
_UNPACED_ABOVE = 0.5
# Seconds until the state is looked at again, while requests whose answers are still to come may use the limit up.
_ANSWER_INTERVAL = 1.0


class Pace(NamedTuple):
    """The state of a rate limit. Times are seconds on the clock of the store that holds it.

    Attributes:
        limit: requests that the platform takes in a window; 0: not known.
        used: requests of the present window: counted by the platform, or reserved.
        ends_after, ends_before: the window ends between these times; 0: there is none that is known.
        sent_at: when the last request was sent.
        unanswered: when the requests were sent whose answers are still to come.
        quota: events that this month's quota still takes, if the platform says so.
    """

    limit: int = 0
    used: int = 0
    ends_after: float = 0.0
    ends_before: float = 0.0
    sent_at: float = 0.0
    unanswered: tuple[float, ...] = ()
    quota: int | None = None

    def at(self, now: float) -> Pace:
        """Return what of it holds at a time."""
        if self.sent_at > now + _ROUNDING or self.ends_before > now + MAX_WINDOW + _ROUNDING:
            return Pace()  # the clock was set back
        # The request of a process that was killed counts for a window, as it does on the platform.
        since = now - WINDOW - _ROUNDING
        pace = self._replace(unanswered=tuple(sent_at for sent_at in self.unanswered if sent_at > since))
        return pace if pace.ends_before > now else pace._replace(used=0, ends_after=0.0, ends_before=0.0)

    def next_at(self, share: float, urgent: bool, now: float) -> float:
        """Return when the next request may be sent; 0 if nothing is against it.

        Args:
            share: the part of the limit that deliveries may use.
            urgent: use the rest as well.
            now: the time at which this state was got.
        """
        if not self.limit:
            return 0.0
        allowed = self.limit if urgent else max(1.0, self.limit * share)
        available = allowed - (self.used if self.ends_before else len(self.unanswered))
        if available < 1.0:
            return self.ends_before or now + _ANSWER_INTERVAL
        if urgent or not self.ends_before or available > allowed * _UNPACED_ABOVE:
            return 0.0
        return self.sent_at + (self.ends_before - self.sent_at) / available

    def sent(self, now: float) -> Pace:
        """Return the state after one more request is sent."""
        return self._replace(used=self.used + 1, sent_at=now, unanswered=(*self.unanswered, now))

    def without(self, sent_at: float | None) -> Pace:
        """Return the state after the answer to a request has come, or will not come any more."""
        if sent_at not in self.unanswered:
            return self
        unanswered = list(self.unanswered)
        unanswered.remove(sent_at)
        return self._replace(unanswered=tuple(unanswered))

    def answered(self, limit: int, remaining: int, reset: float, sent_at: float, now: float) -> Pace:
        """Return the state after what an answer says of the limit.

        The platform counted the request at some time between ``sent_at`` and ``now``. That gives two bounds for the end
        of the window that it was counted in, and they tell the windows apart.

        Args:
            limit: requests that the platform takes in a window.
            remaining: requests that it still takes in this one.
            reset: seconds until the window ends.
            sent_at: when the request was sent.
            now: when the answer came.
        """
        if now - sent_at > _MAX_ANSWER_TIME:
            return self
        counted = limit - remaining
        ends_after, ends_before = sent_at + reset - _ROUNDING, now + reset + _ROUNDING
        if not self.ends_before:
            used = max(counted, 1 + len(self.unanswered))
        elif ends_after > self.ends_before:  # a newer window; which of them counted the others is not known
            used = counted + len(self.unanswered)
        elif ends_before < self.ends_after:
            return self  # an older window
        else:
            used = max(counted, self.used)
            ends_after, ends_before = max(ends_after, self.ends_after), min(ends_before, self.ends_before)
        return self._replace(
            limit=limit,
            used=used,
            ends_after=ends_after,
            ends_before=ends_before,
            sent_at=max(sent_at, self.sent_at),
        )

    def to_json(self) -> bytes:
        """Return the state as JSON, for a store."""
        return json.dumps(self).encode()

    @classmethod
    def from_json(cls, text: bytes) -> Pace:
        """Return the state that was stored.

        Raises:
            ValueError: it is no state, or one of another release.
        """
        try:
            limit, used, ends_after, ends_before, sent_at, unanswered, quota = json.loads(text)
            return cls(
                int(limit),
                int(used),
                float(ends_after),
                float(ends_before),
                float(sent_at),
                tuple(map(float, unanswered)),
                None if quota is None else int(quota),
            )
        except (TypeError, OverflowError, RecursionError) as error:
            raise ValueError(f"not the state of a rate limit: {error}") from error


# Returns the new state, given the present one and the time on the store's clock. If another process has come first, a
# store may call it again.
Change = Callable[[Pace, float], Pace]


class PaceStore(Protocol):
    """Keeps the state of one account's rate limit. Everyone who shares the limit should use the same one."""

    def update(self, change: Change) -> Pace:
        """Exchange the state for what ``change`` makes of it, with none of the others in between, and return that.

        It does not raise: if the state that the others know cannot be had, it takes the last that was seen here.
        """


class LocalPace:
    """Keeps the state for this process alone.

    Args:
        clock: seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pace = Pace()

    def update(self, change: Change) -> Pace:
        """Exchange the state; see :meth:`PaceStore.update`."""
        self._pace = change(self._pace, self._clock())
        return self._pace
