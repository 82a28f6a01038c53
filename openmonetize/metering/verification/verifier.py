"""Follows accepted events to their billing, in the background and for callers."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from openmonetize.exceptions import NotFoundException, OpenApiException
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.buffers.base import Batch
from openmonetize.metering.buffers.ledger import BILLED, LOST, REPEATED, UNPAID, WAITING, Ledger, Sheet
from openmonetize.metering.errors import OutboxError
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.results import Stats, VerifyReport
from openmonetize.metering.verification.bookings import Missing, missing_bookings
from openmonetize.metering.verification.look import MAX_REPEATS, Look
from openmonetize.metering.verification.repeating import Repeater
from openmonetize.metering.verification.report import costs_of, report_of

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize.metering")
_CLOSE_TIMEOUT = 1.0  # seconds
# Seconds between two looks: the first after something was accepted, and the longest while nothing changes.
FIRST_LOOK_INTERVAL, MAX_LOOK_INTERVAL = 5.0, 300.0
COMPARE_INTERVAL = 600.0  # seconds between two looks at the bookings
_OUTAGE_INTERVAL = 60.0  # seconds until the next look after one that failed
# Seconds between two looks for a caller.
_FIRST_WAIT, _MAX_WAIT = 0.1, 3.0
_MAX_SKEW = 5.0  # seconds by which the clocks of the platform may differ
_MAX_SET_BACK = 0.5  # seconds by which this clock may be set back before what others have sent is looked at


class Verifier:
    """Follows accepted events to their billing.

    Args:
        client: sends the requests.
        ledger: has the accepted events, and what is known of them.
        accounts: whose events the client's key delivers.
        incidents: reports losses to the user.
        rate_limiter: the rate limit; its state is shared with the deliveries.
        request_timeout: seconds that a request of events may take.
        delivered: returns how many events the platform has taken, or had already.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        client: ApiClient,
        ledger: Ledger,
        accounts: Accounts,
        incidents: Incidents,
        rate_limiter: RateLimiter,
        request_timeout: float,
        delivered: Callable[[], int],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rate_limiter = rate_limiter
        self._client = client
        self._ledger = ledger
        self._accounts = accounts
        self._incidents = incidents
        self._delivered = delivered
        self._clock = clock
        repeater = Repeater(client, accounts, rate_limiter, request_timeout, self._now, self._look_sooner)
        self._look = Look(client, ledger, accounts, incidents, rate_limiter, repeater)
        self._reset()

    def _reset(self) -> None:
        self._last_sent, self._clock_offset = 0.0, float("inf")
        self._due = float("inf")
        self._interval = FIRST_LOOK_INTERVAL
        self._compare_due, self._compared_at = self._clock(), time.time()
        self._unserved = False

    @staticmethod
    def prepare() -> None:
        """Import and build what looking needs, before the thread that looks is started; see `lifecycle.import_all`."""
        from openmonetize._schema.resolver import model_named
        from openmonetize.api.credits_api import V1_USERS_USER_ID_TRANSACTIONS_GET
        from openmonetize.api.events_api import V1_EVENTS_LIST_GET

        for operation in (V1_EVENTS_LIST_GET, V1_USERS_USER_ID_TRANSACTIONS_GET):
            for name in filter(None, operation.answers.values()):
                model_named(name).model_rebuild()

    def after_fork(self) -> None:
        """Start anew, in a child process."""
        self._look.after_fork()
        self._reset()

    def close(self) -> None:
        """Let others look."""
        if self._look.lock.acquire(timeout=_CLOSE_TIMEOUT):
            try:
                self._look.end()
            finally:
                self._look.lock.release()

    # Keeping

    def keep(self, batch: Batch, duplicates: int) -> None:
        """Keep events that the platform has just accepted."""
        # Sent before, an event may have come into the queue long ago: then it says nothing of others in the queue.
        sent = batch.sent_at if batch.attempts == 1 and not duplicates else None
        try:
            self._ledger.add(batch.account, batch.wires, sent, self._now())
        except OutboxError as error:
            _LOG.error("%s; %d accepted usage events are not kept, and not looked for", error, len(batch))
            return
        except Exception:  # the platform has the events: they must not be sent again
            _LOG.exception("%d accepted usage events could not be kept", len(batch))
            return
        self._last_sent = max(self._last_sent, sent or 0.0)
        self._look_sooner()
        self.wake()

    def _now(self) -> float:
        """Return the present time, in seconds since 1970, or that of the last request if the clock was set back.

        What is accepted now would otherwise seem to have been in the queue before what was sent earlier.
        """
        offset = time.time() - time.monotonic()
        if offset < self._clock_offset - _MAX_SET_BACK:  # or nothing was kept yet: others may have sent something
            self._last_sent = max([self._last_sent, *(sheet.last_sent() for sheet in self.sheets())])
        self._clock_offset = offset
        return max(time.time(), self._last_sent)

    def _look_sooner(self) -> None:
        self._interval = FIRST_LOOK_INTERVAL

    def wake(self) -> None:
        """Look soon: there may be events of an earlier run."""
        self._due = min(self._due, self._clock() + FIRST_LOOK_INTERVAL)

    # Looking

    def due_in(self) -> float:
        """Return in how many seconds the next look is due."""
        return max(0.0, self._due - self._clock(), self.rate_limiter.next_at() - self._clock())

    def look_if_due(self, may_go_on: Callable[[], bool], repair: bool) -> None:
        """Go on looking in the background, for as long as nothing else is to be done; see `Look.go_on`."""
        if self._unserved or self._clock() < self._due or not self._look.lock.acquire(blocking=False):
            return
        try:
            finished = self._look.go_on(may_go_on, repeats=MAX_REPEATS if repair else 0)
            if finished:
                self._interval = min(self._interval * 2.0, MAX_LOOK_INTERVAL)
                self._due = self._clock() + self._interval if self._look.wanted() else float("inf")
                if self._due == float("inf"):
                    self._compare_if_due(may_go_on)
            elif self._look.held_by_others:
                self._due = self._clock() + FIRST_LOOK_INTERVAL
        except NotFoundException as error:  # the first release has no list
            self._unserved = True
            self._incidents.report(Incident("unverified", f"accepted usage events cannot be looked for: {error}"))
        except OpenApiException as error:
            _LOG.debug("accepted usage events could not be looked for: %s", error)
            self._due = self._clock() + _OUTAGE_INTERVAL
        except Exception:  # the deliveries go on
            _LOG.exception("unexpected error while accepted usage events were looked for")
            self._due = self._clock() + _OUTAGE_INTERVAL
        finally:
            self._look.lock.release()

    def verify(self, since: datetime | None, repair: bool, again: bool, deadline: float) -> VerifyReport:
        """Look until every event is billed or lost, compare the bookings, and return the report.

        Args:
            since: when the first of the events was accepted; None for all that are kept.
            repair: send what is lost again.
            again: also what was sent again before, and lost again.
            deadline: monotonic time at which to end. Comparing the bookings may take as long again.

        Raises:
            ApiException: the platform does not answer, or refuses.
            OutboxError: what is kept cannot be read.
        """

        def may_go_on() -> bool:
            return time.monotonic() < deadline

        allowed = deadline - time.monotonic()
        interval, start = _FIRST_WAIT, since.timestamp() if since is not None else 0.0
        first = True
        self._look.end()  # that of the background does not look for all
        while may_go_on():
            # Those that were sent again in this call, and are lost once more, are only named.
            repeats = sys.maxsize if again and first else MAX_REPEATS
            finished = self._look.go_on(may_go_on, repeats=repeats if repair else 0, again=first, urgent=True)
            if finished:
                first = False
                if not self._waits(start):
                    break
            wait = interval if finished else max(_FIRST_WAIT, self.rate_limiter.next_at(True) - time.monotonic())
            time.sleep(max(0.0, min(wait, deadline - time.monotonic())))
            interval = min(interval * 2.0, _MAX_WAIT)
        self._look.end()
        deadline = time.monotonic() + allowed
        missing, unchecked = self._compare(start, may_go_on, urgent=True)
        return self.report(since, missing, unchecked)

    def _compare_if_due(self, may_go_on: Callable[[], bool]) -> None:
        """Compare the bookings of what was accepted since the last time, now that all of it is billed."""
        now = time.time()
        if self._clock() >= self._compare_due:
            if not self._compare(self._compared_at, may_go_on, urgent=False)[1]:
                self._compared_at = now
            self._compare_due = self._clock() + COMPARE_INTERVAL

    def _compare(self, since: float, may_go_on: Callable[[], bool], urgent: bool) -> tuple[dict[str, Missing], int]:
        """Return the bookings that wallets lack, and how many users could not be looked at."""
        costs = costs_of(self.sheets(), since)
        missing, unchecked = missing_bookings(
            self._client,
            self.rate_limiter,
            costs.by_user,
            datetime.fromtimestamp(min(costs.since, time.time()) - _MAX_SKEW, timezone.utc),
            may_go_on,
            urgent,
        )
        if missing:
            events = sum(lacking.events for lacking in missing.values())
            text = f"{events} billed usage events of {len(missing)} users were not booked: no wallet has paid for them"
            self._incidents.report(Incident("unpaid", text, events=events))
        return missing, unchecked

    def report(
        self, since: datetime | None, missing: Mapping[str, Missing] | None = None, unchecked: int = 0
    ) -> VerifyReport:
        """Return what is known of the events that were accepted since a time."""
        delivered = self._delivered()
        counts = self._ledger.counts(self._accounts.served())
        unverified = max(0, delivered - sum(counts[state] for state in (WAITING, LOST, BILLED, UNPAID)))
        start = since.timestamp() if since is not None else 0.0
        return report_of(self.sheets(), start, missing or {}, unchecked, unverified)

    def _waits(self, since: float) -> bool:
        """Return whether more may be found out about events that were accepted since a time."""
        entries = (entry for sheet in self.sheets() for entry in list(sheet.entries.values()))
        return any(entry.answered >= since and entry.state in (WAITING, REPEATED) for entry in entries)

    # What is kept

    def sheets(self) -> list[Sheet]:
        """Return what is kept of the accounts whose events the present key delivers."""
        return self._ledger.sheets(self._accounts.served())

    def count(self, stats: Stats) -> None:
        """Add how many events are in each state to the stats."""
        counts = self._ledger.counts(self._accounts.served())
        stats.billed, stats.lost = counts[BILLED], counts[LOST]
        stats.repaired, stats.unpaid = counts["repaired"], counts[UNPAID]
