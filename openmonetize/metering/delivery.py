"""From the buffer to the platform: what to send next, and what a response means for the events."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from openmonetize._http.retry import RetryBudget, RetryPolicy, retry_after
from openmonetize.events.ingest import MAX_BYTES, MAX_EVENTS
from openmonetize.exceptions import (
    ApiException,
    ApiTimeoutError,
    OpenApiException,
    PayloadTooLargeException,
    UnexpectedBodyError,
)
from openmonetize.metering.buffers.base import Batch, Buffer
from openmonetize.metering.errors import KeyChanged, OutboxError
from openmonetize.metering.incidents import Delivered, Incident, Incidents
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.rejected_events import is_refusal, named_events, quota_left

_LOG = logging.getLogger("openmonetize.metering")
MAX_BATCH_BYTES = MAX_BYTES - 64  # the envelope of a request
# Waits between attempts while the platform fails. Events are never given up for that.
RETRY = RetryPolicy(base=0.5, cap=30.0, retry_after_cap=300.0)
# Seconds until a refused account is probed again: the first interval, and the longest.
FIRST_PROBE_INTERVAL, MAX_PROBE_INTERVAL = 30.0, 900.0
# Seconds after a failure at which a flush tries again, however many there are.
MIN_FLUSH_INTERVAL = 1.0
# After so many failures in a row, an event that is sent alone and fails is set aside for so many seconds.
MAX_FAILURES, SET_ASIDE_SECONDS = 5, 30.0

# What is still to be sent of a batch, the next part last, and whether to go on sending now.
_Outcome = tuple[list[Batch], bool]


class Delivery:
    """Sends one batch at a time and gives each of its events an outcome, or puts it back.

    Args:
        send: one attempt of a request; raises `ApiException`, or `KeyChanged` if it must not be sent.
        buffer: where the events are.
        incidents: reports trouble to the user.
        rate_limiter: the rate limit.
        retry: how long to wait after a failure.
        fingerprint: digest of the present key; a new one ends the wait of a refused account.
        on_accepted: called with the events of a request of which the platform took some that it did not have.
        keep: called with the events of a request that the platform has, and how many of them it had before, while they
            are still in the buffer.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        send: Callable[[Batch], Any],
        buffer: Buffer,
        incidents: Incidents,
        *,
        rate_limiter: RateLimiter | None = None,
        retry: RetryPolicy = RETRY,
        fingerprint: Callable[[], str] = str,
        on_accepted: Callable[[Batch], object] = lambda batch: None,
        keep: Callable[[Batch, int], object] = lambda batch, duplicates: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._buffer = buffer
        self._incidents = incidents
        self._rate_limiter = rate_limiter or RateLimiter(clock=clock)
        self._retry = retry
        self._fingerprint = fingerprint
        self._on_accepted = on_accepted
        self._keep = keep
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._caller = 0  # the thread that sends at present
        self._settling = False  # whether it draws the consequences of an answer
        self._budget = RetryBudget()
        self._failures = 0
        self._failed_at = float("-inf")
        self._probes = 0
        self._limit = MAX_EVENTS
        self._backoff_until = 0.0  # by the retry policy
        self._server_wait_until = 0.0  # by the server's Retry-After
        self._parked_key: str | None = None
        self._refusals: list[tuple[int, int | None, str]] = []  # of the batch under way: count, status, reason
        self._leased = 0  # how many events it had
        self._doubted: list[tuple[Batch, int | None, str]] = []  # its parts that were refused without a name
        self._taken = False  # whether the platform took any part of it
        # An event that was refused alone like all others then, and whether the platform has taken one since.
        self._suspect, self._convicted = b"", False
        # How often the platform refused the account.
        self.parkings = 0
        # Totals of this process.
        self.accepted = self.duplicate = self.dead = 0

    @property
    def parked(self) -> bool:
        """Whether the platform refuses the account, as far as is known with the present key."""
        return self._parked_key is not None and self._parked_key == self._fingerprint()

    def next_at(self, urgent: bool = False) -> float:
        """Return the monotonic time from which the next request may be sent; in the past if it may be sent now."""
        if self._parked_key is not None and not self.parked:
            return 0.0
        return max(self._backoff_until, self._server_wait_until, self._rate_limiter.next_at(urgent))

    def clear_delays(self) -> None:
        """Shorten the delivery's own delays, because a caller waits. The server's are kept."""
        self._backoff_until = min(self._backoff_until, self._failed_at + MIN_FLUSH_INTERVAL)
        self._buffer.clear_delays()

    def is_sending(self) -> bool:
        """Return whether a batch is on its way."""
        return self._caller != 0

    def is_settling(self) -> bool:
        """Return whether what follows from an answer is being done: the counts and callbacks come last."""
        return self._settling

    def is_calling(self) -> bool:
        """Return whether the caller's thread is within `step`."""
        return self._caller == threading.get_ident()

    def step(self, urgent: bool = False) -> int:
        """Send one batch. Return how many events were taken from the buffer; 0 if none was waiting."""
        with self._one_at_a_time:
            batch = self._buffer.lease(self._max_events(), MAX_BATCH_BYTES)
            if batch is None:
                return 0
            self._caller = threading.get_ident()
            try:
                self._deliver(batch, urgent)
            finally:
                self._caller, self._settling = 0, False
            return len(batch)

    def _max_events(self) -> int:
        """Return the bound of the next request: a refused account is probed with one event, a quota not overrun."""
        if self.parked:
            return 1
        return min(self._limit, self._rate_limiter.quota or MAX_EVENTS)

    def _deliver(self, leased: Batch, urgent: bool) -> None:
        """Send a batch. If events of it are refused, go on in parts until every event has its outcome."""
        unsent = [leased]
        go_on = True
        self._leased, self._refusals, self._doubted, self._taken = len(leased), [], [], False
        try:
            while unsent and go_on:
                if not self._rate_limiter.reserve(urgent):
                    break
                unsent[-1:], go_on = self._attempt(unsent[-1])
                if self._taken:
                    unsent += self._judge()
            if self._doubted and not unsent:
                self._park_all()
        finally:
            for batch in [*unsent, *(doubted[0] for doubted in self._doubted)]:
                batch.source.nack(batch)
            self._report_refusals()

    def _attempt(self, batch: Batch) -> _Outcome:
        """Send a batch once."""
        try:
            try:
                self._settling = False
                batch.is_about_to_be_sent()
                response = self._send(batch)
            finally:
                self._settling = True
        except ApiException as error:
            self._rate_limiter.learn(error.headers)
            return self._failed(batch, error)
        except KeyChanged:
            return [batch], False
        except OpenApiException as error:  # the configuration is wrong: it has no key, for one
            return self._park(batch, None, str(error))
        except Exception as error:  # must not end the sender, whatever it is
            _LOG.debug("unexpected", exc_info=True)
            return self._pause(batch, None, f"unexpected {type(error).__name__}: {error}", None)
        self._rate_limiter.learn(response.headers)
        accepted, duplicates, rejected = (
            int(getattr(response.data, name, None) or 0) for name in ("accepted", "duplicates", "rejected")
        )
        if accepted + duplicates + rejected < len(batch):
            confirmed = accepted + duplicates
            return self._pause(batch, response.status_code, f"confirmed {confirmed} of {len(batch)} events", None)
        if rejected:
            return self._bisect(batch, response.status_code, f"{rejected} of {len(batch)} events rejected")
        self._delivered(batch, duplicates, getattr(response.data, "batch_id", None))
        return [], True

    def _delivered(self, batch: Batch, duplicates: int, batch_id: str | None) -> None:
        duplicates = min(duplicates, len(batch))
        self._keep(batch, duplicates)
        batch.source.ack(batch, duplicates)
        self.accepted += len(batch) - duplicates
        self.duplicate += duplicates
        if duplicates < len(batch):
            self._on_accepted(batch)
        self._failures = self._probes = 0
        self._backoff_until = self._server_wait_until = 0.0
        self._parked_key = None
        self._taken = True
        if self._suspect and not self._convicted:
            self._convicted = True
            self._buffer.clear_delays()  # the event that was refused alone need not wait any longer
        self._limit = min(self._limit * 2, MAX_EVENTS)
        self._budget.refund()
        self._incidents.room_again()
        self._incidents.delivered(Delivered(len(batch) - duplicates, duplicates, batch_id))

    def _failed(self, batch: Batch, error: ApiException) -> _Outcome:
        status = error.status or 0
        if isinstance(error, PayloadTooLargeException):
            return self._bisect(batch, status, error.message or str(error))
        if status in (400, 403, 422):
            named = named_events(error, len(batch))
            if named:
                return self._dead_letter_named(batch, status, named)
            if is_refusal(error):
                return self._bisect(batch, status, error.message or str(error))
        unsure = isinstance(error, UnexpectedBodyError) or status in (400, 403, 408, 422, 425, 429)
        quota = quota_left(error)
        if 0 < quota < len(batch):
            return [batch.slice(quota, len(batch)), batch.slice(0, quota)], True
        if 300 <= status < 500 and not unsure:
            return self._park(batch, status, str(error))
        unsent, go_on = self._pause(batch, error.status, str(error), retry_after(error.headers), error)
        if status == 500:
            # The server may fail because of one event: send fewer at once, and in the end set that event aside.
            self._limit = max(1, len(batch) // 2)
            if len(batch) == 1 and self._failures >= MAX_FAILURES and self._buffer.stats().pending > 1:
                batch.source.nack(batch, SET_ASIDE_SECONDS)
                unsent = []
        return unsent, go_on

    def _dead_letter_named(self, batch: Batch, status: int, named: dict[int, str]) -> _Outcome:
        """Dead-letter the events that the refusal names and go on with the others."""
        for index, reason in named.items():
            self._dead_letter(batch.slice(index, index + 1), status, reason)
        others = [index for index in range(len(batch)) if index not in named]
        return ([batch.pick(others)] if others else []), True

    def _bisect(self, batch: Batch, status: int | None, reason: str) -> _Outcome:
        """Halve a batch that was refused without a name, down to the event that is refused alone.

        Whether that event is the cause is shown by the others. Until one of their parts is taken, those are sent as
        they are: if all are refused, the refusal is not about events.
        """
        if len(batch) > 1 and (self._taken or not self._doubted):
            middle = len(batch) // 2
            return [batch.slice(middle, len(batch)), batch.slice(0, middle)], True
        too_large = status == 413 and self._leased == 1 and not self.parked
        if self._taken or too_large or (self._convicted and batch.wires == [self._suspect]):
            self._dead_letter(batch, status, reason)
        else:
            self._doubted.append((batch, status, reason))
        return [], True

    def _judge(self) -> list[Batch]:
        """Dead-letter the event that was refused alone, since others are taken. Return the parts to be halved."""
        parts = []
        for batch, status, reason in self._doubted:
            if len(batch) == 1:
                self._dead_letter(batch, status, reason)
            else:
                parts.append(batch)
        self._doubted = []
        return parts

    def _park_all(self) -> None:
        """Keep everything, and probe later: every part was refused, with nothing said about its events."""
        alone, status, reason = self._doubted[0]
        count = sum(len(batch) for batch, _, _ in self._doubted)
        text = f"every part of a request was refused ({status}), and no event named: {reason}"
        self._wait_for_probe(count, status, text)
        # The next probe is another event than the one refused alone, if there is any.
        del self._doubted[0]
        alone.source.nack(alone, self._backoff_until - self._clock() + SET_ASIDE_SECONDS)
        self._suspect, self._convicted = alone.wires[0], False

    def _dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events as dead letters. Without room for that they wait, and others are delivered meanwhile."""
        try:
            batch.source.dead_letter(batch, status, reason)
        except OutboxError as error:
            batch.source.nack(batch, SET_ASIDE_SECONDS)
            message = f"{error}; {len(batch)} refused usage events, which could not be kept, are sent again later"
            self._incidents.failing(Incident("outbox", message, status, len(batch)))
        else:
            self._refusals.append((len(batch), status, reason))

    def _report_refusals(self) -> None:
        if not self._refusals:
            return
        count = sum(refusal[0] for refusal in self._refusals)
        _, status, reason = self._refusals[0]
        self.dead += count
        message = f"{count} usage events were refused for good, see dead_letters(); the first: ({status}) {reason}"
        self._incidents.report(Incident("dead", message, status, count))

    def _park(self, batch: Batch, status: int | None, reason: str) -> _Outcome:
        """Keep everything, and probe later: the account is refused."""
        self._wait_for_probe(len(batch), status, reason)
        return [batch], False

    def _wait_for_probe(self, count: int, status: int | None, reason: str) -> None:
        self.parkings += 1
        self._probes += 1
        self._failed_at = self._clock()
        wait = min(FIRST_PROBE_INTERVAL * 2.0 ** (self._probes - 1), MAX_PROBE_INTERVAL)
        self._backoff_until = self._failed_at + wait
        self._parked_key = self._fingerprint()
        message = f"usage events are kept until the platform takes them again: {reason}; {_remedy(status)}"
        self._incidents.failing(Incident("parked", message, status, count))

    def _pause(
        self,
        batch: Batch,
        status: int | None,
        reason: str,
        server_wait: float | None,
        error: ApiException | None = None,
    ) -> _Outcome:
        """Keep everything, and send it again later with the same ids: the platform fails."""
        if not self.parked:
            self._parked_key = None  # it was another key that was refused
        self._failures += 1
        self._failed_at = now = self._clock()
        delay = self._retry.delay(min(self._failures, 30))
        if not self._budget.spend(10.0 if isinstance(error, ApiTimeoutError) else 5.0):
            delay = self._retry.cap
        self._backoff_until = now + delay
        self._server_wait_until = now + min(server_wait or 0.0, self._retry.retry_after_cap)
        message = f"usage events could not be delivered and are kept for later: {reason}"
        self._incidents.failing(Incident("retrying", message, status, len(batch)))
        return [batch], False

    def after_fork(self) -> None:
        """Start anew, in a child process."""
        self._reset()


def _remedy(status: int | None) -> str:
    if status == 401:
        return "set a valid API key; it is taken up at once"
    if status in (400, 403, 413):
        return "check the base URL, and what stands before the platform: a proxy, a firewall"
    if status == 402:
        return "the monthly event quota is used up: upgrade the plan, or wait for the next month"
    return "check the base URL and the API key"
