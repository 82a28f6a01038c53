"""From the buffer to the platform: what to send next, and what an answer means for the events."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any, Callable, List, Optional, Tuple

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
from openmonetize.metering.rejected_events import named_events, quota_left

_LOG = logging.getLogger("openmonetize.metering")
MAX_BATCH_BYTES = MAX_BYTES - 64  # the envelope of a request
#: Waits between attempts while the platform fails. Events are never given up for that.
RETRY = RetryPolicy(base=0.5, cap=30.0, retry_after_cap=300.0)
#: Seconds until a refused account is probed again: the first wait, and the longest.
FIRST_PROBE, LAST_PROBE = 30.0, 900.0
#: How long an event is set aside, in seconds, if the server fails on it alone, after so many failures in a row.
SET_ASIDE, _SUSPICIOUS = 30.0, 5

#: What is still to be sent of a part, and whether to go on sending now.
_Next = Tuple[List[Batch], bool]


class Delivery:
    """Sends one batch at a time and gives every event of it an outcome, or puts it back.

    Args:
        send: one attempt of a request; raises `ApiException`, or `KeyChanged` where it must not be sent.
        buffer: where the events are.
        incidents: whom to tell.
        rate_limiter: the rate limit.
        retry: how long to wait after a failure.
        fingerprint: digest of the present key; a new one ends the wait of a refused account.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        send: Callable[[Batch], Any],
        buffer: Buffer,
        incidents: Incidents,
        *,
        rate_limiter: Optional[RateLimiter] = None,
        retry: RetryPolicy = RETRY,
        fingerprint: Callable[[], str] = str,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._send = send
        self._buffer = buffer
        self._incidents = incidents
        self._rate_limiter = rate_limiter or RateLimiter(clock=clock)
        self._retry = retry
        self._fingerprint = fingerprint
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._budget = RetryBudget()
        self._failures = 0
        self._probes = 0
        self._limit = MAX_EVENTS
        self._own_wait = 0.0  # until when we wait by our own policy
        self._server_wait = 0.0  # until when the server told us to wait
        self._parked_key: Optional[str] = None
        self._refusals: List[Tuple[int, Optional[int], str]] = []  # of the batch under way: count, status, reason
        #: Requests sent so far.
        self.attempts = 0
        #: Totals of this process.
        self.accepted = self.duplicate = self.dead = 0

    @property
    def parked(self) -> bool:
        """Whether the platform refuses the account."""
        return self._parked_key is not None

    def next_at(self, urgent: bool = False) -> float:
        """The monotonic time from which the next request may go; in the past where it may go now."""
        if self._parked_key is not None and self._parked_key != self._fingerprint():
            return 0.0
        return max(self._own_wait, self._server_wait, self._rate_limiter.next_at(urgent))

    def clear_delays(self) -> None:
        """Somebody waits: do not sit out our own waits. The server's are kept."""
        self._own_wait = 0.0
        self._buffer.clear_delays()

    def step(self, urgent: bool = False) -> int:
        """Send one batch. Returns how many events were taken from the buffer; 0 where none is waiting."""
        with self._one_at_a_time:
            batch = self._buffer.lease(self._size(), MAX_BATCH_BYTES)
            if batch is None:
                return 0
            self._deliver(batch, urgent)
            return len(batch)

    def _size(self) -> int:
        """Events for the next request: a refused account is probed with one, a quota is not overrun."""
        if self.parked:
            return 1
        return min(self._limit, self._rate_limiter.quota or MAX_EVENTS)

    def _deliver(self, batch: Batch, urgent: bool) -> None:
        """Send a batch. Where events of it are refused, go on in parts until every event has its outcome."""
        parts = [batch]
        go_on = True
        self._refusals = []
        try:
            while parts and go_on:
                part = parts[-1]
                if part is not batch and not self._may_go_on(part, urgent):
                    break
                rest, go_on = self._attempt(part)
                parts[-1:] = rest
        finally:
            for part in parts:
                try:
                    part.source.nack(part)
                except OutboxError as error:  # the lease runs out by itself
                    self._incidents.outbox(error)
            self._tell_of_refusals()

    def _may_go_on(self, part: Batch, urgent: bool) -> bool:
        return self._rate_limiter.next_at(urgent) <= self._clock() and part.source.renew(part)

    def _attempt(self, part: Batch) -> _Next:
        """Send once."""
        self.attempts += 1
        try:
            answer = self._send(part)
        except ApiException as error:
            self._rate_limiter.learn(error.headers)
            return self._failed(part, error)
        except KeyChanged:
            return [part], False
        except OpenApiException as error:  # the configuration's fault: no key, for one
            return self._park(part, None, str(error))
        except Exception as error:  # must not end the sender, whatever it is
            _LOG.debug("unexpected", exc_info=True)
            return self._pause(part, None, f"unexpected {type(error).__name__}: {error}", None)
        self._rate_limiter.learn(answer.headers)
        accepted, duplicates, rejected = (
            int(getattr(answer.data, name, None) or 0) for name in ("accepted", "duplicates", "rejected")
        )
        if accepted + duplicates + rejected < len(part):
            counted = accepted + duplicates
            return self._pause(part, answer.status_code, f"confirmed {counted} of {len(part)} events", None)
        if rejected:
            return self._refused(part, answer.status_code, f"{rejected} of {len(part)} events rejected")
        self._arrived(part, duplicates, getattr(answer.data, "batch_id", None))
        return [], True

    def _arrived(self, part: Batch, duplicates: int, batch_id: Optional[str]) -> None:
        ours = part.source.ack(part, duplicates)
        duplicates = min(duplicates, ours)
        self.accepted += ours - duplicates
        self.duplicate += duplicates
        self._failures = self._probes = 0
        self._own_wait = self._server_wait = 0.0
        self._parked_key = None
        self._limit = min(self._limit * 2, MAX_EVENTS)
        self._budget.refund()
        self._incidents.room_again()
        self._incidents.delivered(Delivered(ours - duplicates, duplicates, batch_id))

    def _failed(self, part: Batch, error: ApiException) -> _Next:
        status = error.status or 0
        answered = error.data is not None  # in the platform's own form, not some proxy's page
        if isinstance(error, PayloadTooLargeException):
            return self._refused(part, status, error.message or str(error))
        if status in (400, 403, 422) and answered:
            return self._isolate(part, error)
        unsure = isinstance(error, UnexpectedBodyError) or status in (400, 403, 408, 422, 425, 429)
        room = quota_left(error)
        if 0 < room < len(part):
            return [part.part(room, len(part)), part.part(0, room)], True
        if 300 <= status < 500 and not unsure:
            return self._park(part, status, str(error))
        rest, go_on = self._pause(part, error.status, str(error), retry_after(error.headers), error)
        if status == 500:
            # One event may be what the server fails on: send less, and in the end put that event aside.
            self._limit = max(1, len(part) // 2)
            if len(part) == 1 and self._failures >= _SUSPICIOUS and self._buffer.stats().pending > 1:
                part.source.nack(part, SET_ASIDE)
                rest = []
        return rest, go_on

    def _isolate(self, part: Batch, error: ApiException) -> _Next:
        """Bury the events that the refusal names and go on with the others."""
        bad = named_events(error, len(part))
        if not bad:
            return self._refused(part, error.status, error.message or str(error))
        for index, reason in bad.items():
            part.source.dead_letter(part.part(index, index + 1), error.status, reason)
        self._refusals.append((len(bad), error.status, next(iter(bad.values()))))
        rest = [index for index in range(len(part)) if index not in bad]
        return ([part.pick(rest)] if rest else []), True

    def _refused(self, part: Batch, status: Optional[int], reason: str) -> _Next:
        """Nobody says which event is bad: halve, down to the one."""
        if len(part) > 1:
            middle = len(part) // 2
            return [part.part(middle, len(part)), part.part(0, middle)], True
        part.source.dead_letter(part, status, reason)
        self._refusals.append((1, status, reason))
        return [], True

    def _tell_of_refusals(self) -> None:
        if not self._refusals:
            return
        count = sum(refusal[0] for refusal in self._refusals)
        _, status, reason = self._refusals[0]
        self.dead += count
        message = f"{count} usage events were refused for good, see dead_letters(); the first: ({status}) {reason}"
        self._incidents.tell(Incident("dead", message, status, count))

    def _park(self, part: Batch, status: Optional[int], reason: str) -> _Next:
        """The account is refused: keep everything, and look again later."""
        self._probes += 1
        wait = min(FIRST_PROBE * 2.0 ** (self._probes - 1), LAST_PROBE)
        self._own_wait = self._clock() + wait
        self._parked_key = self._fingerprint()
        message = f"usage events are kept until the platform takes them again: {reason}; {_remedy(status)}"
        self._incidents.failing(Incident("parked", message, status, len(part)))
        return [part], False

    def _pause(
        self,
        part: Batch,
        status: Optional[int],
        reason: str,
        server_wait: Optional[float],
        error: Optional[ApiException] = None,
    ) -> _Next:
        """The platform fails: keep everything, and send it again, with the same ids, after a while."""
        self._failures += 1
        now = self._clock()
        delay = self._retry.delay(min(self._failures, 30))
        if not self._budget.spend(10.0 if isinstance(error, ApiTimeoutError) else 5.0):
            delay = self._retry.cap
        self._own_wait = now + delay
        self._server_wait = now + min(server_wait or 0.0, self._retry.retry_after_cap)
        message = f"usage events could not be delivered and are kept for later: {reason}"
        self._incidents.failing(Incident("retrying", message, status, len(part)))
        return [part], False

    def after_fork(self) -> None:
        """In a child: start anew."""
        self._reset()


def _remedy(status: Optional[int]) -> str:
    if status == 401:
        return "set a valid API key; it is taken up at once"
    if status == 402:
        return "the monthly event quota is used up: upgrade the plan, or wait for the next month"
    return "check the base URL and the API key"
