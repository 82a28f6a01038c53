"""What delivers a recorder's events: it lives on until that is done, also if the recorder is dropped meanwhile."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from openmonetize._finalizers import wait_until_over
from openmonetize._fork import ProcessMark
from openmonetize._http.retry import RetryPolicy
from openmonetize.exceptions import ApiException, ApiValueError
from openmonetize.metering import lifecycle
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.billing import Billing, Page, page_of_events
from openmonetize.metering.buffers.base import Account, Batch, Buffer
from openmonetize.metering.buffers.durable import DurableBuffer
from openmonetize.metering.buffers.memory import MemoryBuffer
from openmonetize.metering.delivery import Delivery
from openmonetize.metering.errors import MeteringError, OutboxError
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.own_ids import OwnIds
from openmonetize.metering.pace import PaceStore
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.recent_ids import RecentIds
from openmonetize.metering.request import send_batch
from openmonetize.metering.results import BillingResult, FlushResult, Stats, VerifyReport
from openmonetize.metering.sender import IDLE_TIMEOUT, Sender

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.metering.buffers.ledger import Ledger
    from openmonetize.metering.verification.verifier import Verifier

_LOG = logging.getLogger("openmonetize.metering")
_STOP_TIMEOUT = 10.0  # seconds
_COUNT_TIMEOUT = 0.25  # seconds for which the end of a flush may be delayed by counting what is left


class Pipeline:
    """From the buffers to the platform. Nothing in it refers to the recorder.

    Args:
        client: sends the requests.
        buffer: what is delivered.
        memory: the part of it that ends with the process.
        durable: the parts of it that outlive the process.
        accounts: whose events the client's key delivers.
        incidents: reports trouble to the user.
        ledger: keeps what the platform has accepted; None if nothing does.
        pace_of: returns what is known of an account's rate limit.
        verify: whether to keep it, and to look for it in the background: True, or ``"report"``, which sends nothing
            again.
        flush_interval, flush_at, atexit_timeout, rate_share, request_timeout, retry: see `Recorder`.
    """

    def __init__(
        self,
        client: ApiClient,
        buffer: Buffer,
        memory: MemoryBuffer,
        durable: Sequence[DurableBuffer],
        accounts: Accounts,
        incidents: Incidents,
        ledger: Ledger | None,
        pace_of: Callable[[Account], PaceStore],
        *,
        verify: bool | str,
        flush_interval: float,
        flush_at: int,
        atexit_timeout: float,
        rate_share: float,
        request_timeout: float,
        retry: RetryPolicy,
    ) -> None:
        self._client = client
        self._buffer = buffer
        self._memory = memory
        self._durable = durable
        self.pace_of = pace_of
        self._accounts = accounts
        self._incidents = incidents
        self._ledger = ledger
        self._atexit_timeout = atexit_timeout
        self._request_timeout = request_timeout
        self._rate_limiter = RateLimiter(rate_share, on_implausible=incidents.implausible_limit)
        self._paced: Account | None = None
        self._billing = Billing()
        self._verify = verify
        self._rate_share = rate_share
        self.verifier = self._make_verifier() if verify else None
        self.delivery = Delivery(
            self._send,
            buffer,
            incidents,
            rate_limiter=self._rate_limiter,
            retry=retry,
            fingerprint=accounts.fingerprint,
            on_accepted=self._billing.accepted,
            keep=self.verifier.keep if self.verifier is not None else lambda batch, duplicates: None,
        )
        self.sender = Sender(
            self.delivery,
            buffer,
            memory,
            incidents,
            flush_interval=flush_interval,
            flush_at=flush_at,
            keep_running=bool(durable or verify),
            prepare=self._prepare,
            before_step=self._before_step,
            ready=accounts.decided,
            poll_interval=min((buffer.poll_interval for buffer in durable), default=IDLE_TIMEOUT),
            **(self._background(self.verifier) if self.verifier is not None else {}),
        )
        self.recent = RecentIds()
        self.own_ids = OwnIds(accounts, client.configuration, self.recent)
        self.mark = ProcessMark()
        self.closed = False

    def _before_step(self) -> None:
        """Make sure whose events are sent, and at whose pace."""
        self._accounts.identify()
        present = self._accounts.present()
        if present is not self._paced:
            self._paced = present
            pace = self.pace_of(present)
            limiters = [self._rate_limiter]
            if self.verifier is not None:
                limiters.append(self.verifier.rate_limiter)
            for limiter in limiters:
                limiter.use(pace)

    def _prepare(self) -> None:
        """Import what the sender's thread needs."""
        lifecycle.import_all()
        if self.verifier is not None:
            self.verifier.prepare()

    def _make_verifier(self) -> Verifier:
        """Return what looks for accepted events; it is imported by those who use it."""
        from openmonetize.metering.verification.verifier import Verifier

        if self._ledger is None:
            raise ApiValueError("nothing is kept that could be looked for: OpenMonetize(verify=True) does so")
        limiter = RateLimiter(self._rate_share)

        def delivered() -> int:
            stats = self._buffer.stats()
            return stats.accepted + stats.duplicate

        return Verifier(
            self._client, self._ledger, self._accounts, self._incidents, limiter, self._request_timeout, delivered
        )

    def _background(self, verifier: Verifier) -> Any:
        """Return what the sender does while nothing is to be delivered."""

        def between(may_go_on: Callable[[], bool]) -> None:
            if self._paced is not None:
                verifier.look_if_due(may_go_on, repair=self._verify is True)

        return {"between": between, "between_due_in": verifier.due_in}

    def _send(self, batch: Batch) -> Any:
        key = self._accounts.key_for(batch.account)
        self.own_ids.settle(batch)
        try:
            response = send_batch(self._client, batch.wires, deadline=self._request_timeout, key=key)
        except ApiException:
            self.own_ids.unanswered(batch)
            raise
        finally:
            self._accounts.identify(attempted=True)
        try:
            self.own_ids.answered(batch, response.data.duplicates or 0)
        except Exception:  # the platform has the events: they must not be sent again
            _LOG.exception("unexpected error while delivered usage events were looked at")
        return response

    # Ends

    def flush(self, timeout: float) -> FlushResult:
        """Deliver everything recorded so far; see `Recorder.flush`."""
        if self.mark.forked():
            self.after_fork()
        deadline = time.monotonic() + timeout
        recorded = wait_until_over(timeout)  # what streams have used that were dropped just now
        self._accounts.follow()
        before = self._totals()
        sent = self.sender.flush(max(0.0, deadline - time.monotonic()))
        complete = sent and not self._memory.kept_back()
        left = 0 if complete else self._left()
        return self._since(before, left if recorded else None)

    def wait_billed(self, timeout: float) -> BillingResult:
        """Flush, then wait until all is billed; see `Recorder.wait_billed`."""
        deadline = time.monotonic() + timeout
        left = self.flush(timeout).left

        def fetch(offset: int) -> Page:
            return page_of_events(self._client, offset, deadline)

        served = self._accounts.served()
        patience = 0.0 if self.sender.is_calling() else deadline - time.monotonic()
        self._billing.wait(fetch, served, patience)
        unseen, missing = self._billing.counts(served)
        waiting = None if left is None else left + unseen
        billed = self._billing.billed if unseen or missing else self._billing.billed or 0
        zero = self._billing.billed_zero
        return BillingResult(waiting == 0 and not missing and not zero, billed, waiting, missing, zero)

    def verify(self, since: datetime | None, repair: bool | None, timeout: float) -> VerifyReport:
        """Flush, then look for what was accepted; see `Recorder.verify`."""
        deadline = time.monotonic() + timeout
        if self.verifier is None:
            self.verifier = self._make_verifier()
            if self._paced is not None:
                self.verifier.rate_limiter.use(self.pace_of(self._paced))
        self.flush(timeout)
        self._accounts.require_owner()  # its other keys may have events as well
        self._before_step()
        if self.sender.is_calling():
            return self.verifier.report(since)
        again = repair is True
        return self.verifier.verify(since, again or (repair is None and self._verify is True), again, deadline)

    def stats(self) -> Stats:
        """Return where all events are; see `Recorder.stats`."""
        self._accounts.follow()
        stats = self._buffer.stats()
        stats.billed = self._billing.billed
        if self._verify and self.verifier is not None:
            try:
                self.verifier.count(stats)
            except OutboxError as error:
                stats.unknown = stats.unknown or str(error)
        return stats

    def _totals(self) -> tuple[int, int, int]:
        return self.delivery.accepted, self.delivery.duplicate, self.delivery.dead

    def _left(self) -> int | None:
        """Return how many events have no outcome; None if that is not known."""
        stats = self._buffer.stats(time.monotonic() + _COUNT_TIMEOUT)
        return stats.pending if stats.unknown is None else None

    def _since(self, before: tuple[int, int, int], left: int | None) -> FlushResult:
        accepted, duplicate, dead = (now - then for now, then in zip(self._totals(), before))
        return FlushResult(left == 0, accepted, duplicate, dead, left)

    def close(self, timeout: float) -> FlushResult:
        """Flush, then end the thread and close the buffers; see `Recorder.close`.

        Raises:
            MeteringError: the thread itself calls, from a callback.
        """
        if self.closed:
            return FlushResult(True, 0, 0, 0, 0)
        if self.sender.is_calling():
            raise MeteringError(
                "close() waits for the delivery, and was called by it, from on_error or on_delivered: call it from "
                "another thread, for instance after the callback has set an event"
            )
        deadline, before = time.monotonic() + timeout, self._totals()
        complete = self.flush(timeout).complete
        self.closed = True
        ended = self.sender.stop(max(0.1, deadline - time.monotonic()))  # a request under way may still arrive
        # Other processes deliver what they put into a shared outbox meanwhile.
        left = 0 if complete and self._durable else self._left()
        self._report_left(left)
        if self.verifier is not None:
            self.verifier.close()
        if ended:  # otherwise the thread does so at its end; until then it holds what it sends
            self._buffer.close()
        return self._since(before, left)

    def stop(self, timeout: float) -> bool:
        """End the thread after the request under way, and close the buffers; see `Recorder.stop_delivering`."""
        self.closed = True
        ended = self.sender.stop(timeout)
        if self.verifier is not None:
            self.verifier.close()
        if ended:
            self._buffer.close()
        return ended

    def _report_left(self, left: int | None) -> None:
        if left == 0:
            return
        paths = ", ".join(buffer.path for buffer in self._durable)
        lost = self._memory.stats().pending
        if not paths or lost == left:
            fate = " and are lost with the process"
        elif not lost:
            fate = f" and wait in {paths} for the next start"
        else:
            fate = f": {lost} of them are lost with the process, the others wait in {paths} for the next start"
        number = "an unknown number of" if left is None else left
        self._incidents.report(Incident("left", f"{number} usage events are undelivered{fate}", events=left or 0))

    def abandon(self) -> None:
        """Take note that nobody can record any more: the thread ends, and closes the buffers, when all is delivered."""
        if not self.closed and not self.mark.forked():
            self.sender.abandon()

    def flush_at_exit(self, started: float) -> None:
        """Deliver what is left. Called when the process ends.

        Args:
            started: the monotonic time at which the end began, which ``atexit_timeout`` counts from.
        """
        if self.closed or self.mark.forked():
            return
        deadline = started + self._atexit_timeout
        try:
            result = self.flush(max(0.0, deadline - time.monotonic()))
            self._report_left(result.left)
            if self.sender.retire(deadline):
                self._buffer.close()  # opens again for an event that is still recorded
        except Exception:
            _LOG.exception("the last delivery of usage events failed")

    def start_over(self) -> None:
        """End the thread, and forget what is in memory: for tests, each of which begins with an empty platform."""
        if not self.closed and self.sender.stop(_STOP_TIMEOUT):
            self.after_fork()
            self.recent.clear()

    def after_fork(self) -> None:
        """Go on in a forked child, with events, locks and a thread of its own."""
        self._buffer.after_fork()
        self._accounts.after_fork()
        self._billing.after_fork()
        self.own_ids.after_fork()
        if self._ledger is not None:
            self._ledger.after_fork()
        if self.verifier is not None:
            self.verifier.after_fork()
        self.mark.renew()
        self._paced = None
        self._incidents.after_fork()
        self.sender.after_fork()
