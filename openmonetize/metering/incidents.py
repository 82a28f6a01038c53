"""Reports to the user: one log line and one callback per incident, not per attempt."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import NamedTuple, Optional

_LOG = logging.getLogger("openmonetize.metering")
_OUTBOX_INTERVAL = 60.0  # seconds after which a new failure of the outbox is reported again


class Incident(NamedTuple):
    """Something that the user should know.

    Attributes:
        kind: ``"retrying"`` (the platform cannot be reached or fails; delivery goes on later), ``"parked"``
            (it refuses the account: wrong key, quota used up, wrong address; delivery waits and probes from
            time to time), ``"dead"`` (it refuses these events for good), ``"dropped"`` (events were given up),
            ``"outbox"`` (it cannot be used), ``"damaged"`` (events in it were destroyed, or its files removed),
            ``"other_key"`` (events wait for another key),
            ``"rate_limit"`` (its rate limit's headers cannot be right), ``"left"`` (undelivered at the end of the
            process), ``"lost"`` (the platform has lost events that it had accepted), ``"unpaid"`` (it has stored some
            with 0 credits, or without a booking), ``"unverified"`` (accepted events cannot be looked for).
        message: what happened and what to do.
        status: HTTP status, if a response was the cause.
        events: how many events are concerned.
    """

    kind: str
    message: str
    status: Optional[int] = None
    events: int = 0


class Delivered(NamedTuple):
    """One request that the platform took.

    Attributes:
        accepted: events taken by the platform.
        duplicate: events that it had already.
        batch_id: the platform's id of the request, for its support.
    """

    accepted: int
    duplicate: int
    batch_id: Optional[str]


class Incidents:
    """Logs incidents and calls back. One that goes on is reported once; its end is logged.

    Args:
        on_error: called with each `Incident`.
        on_delivered: called with each `Delivered`.
    """

    def __init__(
        self,
        on_error: Callable[[Incident], object] | None = None,
        on_delivered: Callable[[Delivered], object] | None = None,
    ) -> None:
        self._on_error = on_error
        self._on_delivered = on_delivered
        self.after_fork()

    def after_fork(self) -> None:
        """Forget the parent's incidents, in a child process."""
        self._failing_cause = ""  # what keeps deliveries from succeeding at present
        self._failures = 0
        self._dropping = 0
        self._outbox_told = False
        self._outbox_told_at = float("-inf")

    def failing(self, incident: Incident) -> None:
        """Report that a request failed, for another reason than its events."""
        self._failures += 1
        cause = f"{incident.kind} {incident.status if incident.kind == 'parked' else ''}"
        if cause == self._failing_cause:
            _LOG.debug("%s", incident.message)
            return
        self._failing_cause = cause
        self.report(incident)

    def delivered(self, delivered: Delivered) -> None:
        """Report that the platform took a request."""
        if self._failing_cause:
            _LOG.info("usage events are delivered again, after %d failed attempts", self._failures)
            self._failing_cause, self._failures = "", 0
        if self._on_delivered is not None:
            self._call(self._on_delivered, delivered)

    def dropped(self) -> None:
        """Report that the buffer is full and an event was given up."""
        self._dropping += 1
        if self._dropping == 1:
            self.report(Incident("dropped", "the buffer is full: new usage events are dropped", events=1))

    def room_again(self) -> None:
        """Log how many events were dropped, once the buffer takes events again."""
        if self._dropping:
            count, self._dropping = self._dropping, 0
            _LOG.error("%d usage events were dropped while the buffer was full, and are not billed", count)

    def outbox_failed(self, error: Exception) -> None:
        """Report that the outbox cannot be used, unless it has just been reported: it may work now and then."""
        now = time.monotonic()
        if self._outbox_told or now - self._outbox_told_at < _OUTBOX_INTERVAL:
            _LOG.debug("%s", error)
            return
        self._outbox_told, self._outbox_told_at = True, now
        self.report(Incident("outbox", f"{error}; while it cannot be used, usage events are kept in memory only"))

    def damaged(self, message: str, events: int) -> None:
        """Report that something in the outbox was destroyed."""
        self.report(Incident("damaged", message, events=events))

    def implausible_limit(self, message: str) -> None:
        """Report that an answer's headers say something about the rate limit that cannot be right."""
        self.report(Incident("rate_limit", message))

    def outbox_works(self) -> None:
        """Log that the outbox can be used again."""
        if self._outbox_told:
            self._outbox_told = False
            _LOG.info("the outbox of usage events works again")

    def report(self, incident: Incident) -> None:
        """Log an incident and call back."""
        level = logging.WARNING if incident.kind in ("retrying", "left", "other_key", "rate_limit") else logging.ERROR
        _LOG.log(level, "%s", incident.message)
        if self._on_error is not None:
            self._call(self._on_error, incident)

    @staticmethod
    def _call(callback: Callable[..., object], argument: object) -> None:
        try:
            callback(argument)
        except Exception:
            _LOG.exception("a callback of the recorder raised")
