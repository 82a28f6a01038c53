"""The recorder: one call per event, and everything else in the background."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Union

from openmonetize._fork import ProcessMark
from openmonetize._http.retry import RetryPolicy
from openmonetize.events.ingest import MAX_EVENTS, prepare
from openmonetize.exceptions import ApiValueError
from openmonetize.metering import lifecycle
from openmonetize.metering.account import Account
from openmonetize.metering.buffers.base import Batch, Buffer
from openmonetize.metering.buffers.fallback import FallbackBuffer
from openmonetize.metering.buffers.memory import FULL_TIMEOUT, MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS, MemoryBuffer
from openmonetize.metering.delivery import RETRY, Delivery
from openmonetize.metering.errors import MeteringError, OutboxError
from openmonetize.metering.incidents import Delivered, Incident, Incidents
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.request import send_batch
from openmonetize.metering.results import DeadLetter, FlushResult, OtherAccount, Stats
from openmonetize.metering.sender import Sender

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.events.model import EventModel
    from openmonetize.metering.buffers.outbox import Outbox

_LOG = logging.getLogger("openmonetize.metering")
FilePath = Union[str, os.PathLike[str]]
ON_FULL = ("block", "drop_newest", "spill")


class Recorder:
    """Records usage events and delivers them in the background: none is lost, none is billed twice.

    Safe to use from several threads and over forks. The thread that delivers starts with the first event, or
    at once if an outbox holds events of an earlier run.

    Args:
        client: its host and key are used; a new key is taken up at once.
        outbox: a file that keeps the events until they are delivered, for restarts and crashes, shared by all
            processes that name it. Without it they are kept in memory.
        durability: of the outbox: ``"process"`` survives the end of the process in any form, ``"power"``
            survives power loss as well, for the time of a disk flush per event (or per group of threads).
        flush_interval: the longest that an event waits for others to be sent with it, in seconds.
        flush_at: this many waiting events are sent at once, at most 1000.
        max_events: bound of the buffer in memory.
        max_bytes: bound of the buffer in memory, in bytes.
        outbox_max_bytes: bound of the outbox file, in bytes; when it is full, events go to memory.
        on_full: when the buffer in memory is full: ``"block"`` waits at most 50 ms and raises `BufferFull`,
            ``"drop_newest"`` drops the event and counts it, ``"spill"`` writes it to ``spill_path``.
        spill_path: an outbox file for what memory cannot take.
        on_error: called with an `Incident`, from the sender's thread.
        on_delivered: called with a `Delivered` after each request, from the sender's thread.
        atexit_timeout: how long the end of the process may be delayed by the last delivery, in seconds.
        flush_on_sigterm: turn SIGTERM into a normal exit, if it has no other handler.
        rate_share: the part of the platform's rate limit that deliveries may use, 0 to 1.
        request_timeout: seconds that one request may take.
        retry: how long to wait after failures.

    Raises:
        ApiValueError: an argument is out of range.
        ApiKeyError: an outbox is used without an API key.
        OutboxError: the outbox is in the wrong place or is another kind of file. A damaged file or a full disk
            is reported instead, and memory is used until the file works.
    """

    def __init__(
        self,
        client: ApiClient,
        *,
        outbox: FilePath | None = None,
        durability: str = "process",
        flush_interval: float = 5.0,
        flush_at: int = MAX_EVENTS,
        max_events: int = MAX_BUFFERED_EVENTS,
        max_bytes: int = MAX_BUFFERED_BYTES,
        outbox_max_bytes: int | None = None,
        on_full: str = "block",
        spill_path: FilePath | None = None,
        on_error: Callable[[Incident], object] | None = None,
        on_delivered: Callable[[Delivered], object] | None = None,
        atexit_timeout: float = 5.0,
        flush_on_sigterm: bool = False,
        rate_share: float = 0.5,
        request_timeout: float = 30.0,
        retry: RetryPolicy = RETRY,
    ) -> None:
        _check_range("flush_interval", flush_interval, 0.0, 3600.0)
        _check_range("flush_at", flush_at, 1, MAX_EVENTS)
        _check_range("max_events", max_events, 1)
        _check_range("max_bytes", max_bytes, 1)
        _check_range("atexit_timeout", atexit_timeout, 0.0)
        _check_range("rate_share", rate_share, 0.01, 1.0)
        _check_range("request_timeout", request_timeout, 0.001, 60.0)
        if on_full not in ON_FULL:
            raise ApiValueError(f"on_full must be one of {ON_FULL}, not {on_full!r}")
        if (on_full == "spill") != (spill_path is not None):
            raise ApiValueError("on_full='spill' and spill_path go together")
        self._client = client
        self._request_timeout = request_timeout
        self._atexit_timeout = atexit_timeout
        self._incidents = Incidents(on_error, on_delivered)
        self._outboxes: list[Outbox] = []
        memory = MemoryBuffer(
            max_events,
            max_bytes,
            full_timeout=0.0 if spill_path is not None else FULL_TIMEOUT,
            drop_newest=on_full == "drop_newest",
        )
        self._buffer: Buffer = memory
        on_failure, on_recovery = self._incidents.outbox_failed, self._incidents.outbox_works
        if spill_path is not None:
            spill = self._open(spill_path, durability, outbox_max_bytes)
            self._buffer = FallbackBuffer(memory, spill, on_failure, on_recovery)
        if outbox is not None:
            disk = self._open(outbox, durability, outbox_max_bytes)
            self._buffer = FallbackBuffer(disk, self._buffer, on_failure, on_recovery)
        self._account = Account(client, self._outboxes, self._incidents)
        self._delivery = Delivery(
            self._send,
            self._buffer,
            self._incidents,
            rate_limiter=RateLimiter(rate_share),
            retry=retry,
            fingerprint=self._account.fingerprint,
        )
        self._sender = Sender(
            self._delivery,
            self._buffer,
            self._incidents,
            flush_interval=flush_interval,
            flush_at=flush_at,
            keep_running=bool(self._outboxes),
            prepare=lifecycle.import_all,
            before_step=self._account.identify,
        )
        self._mark = ProcessMark()
        self._closed = False
        lifecycle.watch(self)
        if flush_on_sigterm:
            lifecycle.exit_on_sigterm()
        if self._outboxes and (self._buffer.stats().pending or self.usage_of_other_keys()):
            self._sender.wake()

    def _open(self, path: FilePath, durability: str, max_bytes: int | None) -> Outbox:
        from openmonetize.metering.buffers.outbox import MAX_OUTBOX_BYTES, Outbox

        host, fingerprint = self._client.configuration.host, self._client.configuration.account_fingerprint()
        outbox = Outbox(
            os.fspath(path),
            base_url=host,
            fingerprint=fingerprint,
            durability=durability,
            max_bytes=max_bytes or MAX_OUTBOX_BYTES,
        )
        try:
            outbox.open()
        except OutboxError as error:
            if error.misuse:
                raise
            self._incidents.outbox_failed(error)  # it is tried again with the next events
        self._outboxes.append(outbox)
        return outbox

    # Recording

    def record(self, event: EventModel | Mapping[str, Any]) -> None:
        """Take one event, or raise. With an outbox, the event is on disk when this returns.

        Args:
            event: an event model, or a dict with ``event_type``.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed; the text says why.
            BufferFull: there was no room in time.
            OutboxError: memory is full, and the spill file does not take it either.
            MeteringError: the recorder is closed.
        """
        self.put(prepare(event, self._client.configuration.id_namespace)[1])

    def put(self, wire: bytes) -> None:
        """Take the bytes of one valid event, or raise; see :meth:`record`.

        Args:
            wire: the event as the platform takes it, JSON in UTF-8.
        """
        if self._mark.forked():
            self.after_fork(in_child=True)
        if self._closed:
            raise MeteringError("the recorder is closed: this event was not recorded")
        if self._outboxes:
            self._account.follow()
        count = self._buffer.put(wire)
        if count >= self._sender.wake_at:
            self._sender.wake()
        elif count < 0:
            self._incidents.dropped()

    # Delivering

    def _send(self, batch: Batch) -> Any:
        key = self._account.key_for(batch.account)
        return send_batch(self._client, batch.wires, deadline=self._request_timeout, key=key)

    def flush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far, without waiting for more events.

        Args:
            timeout: the most seconds to wait. It returns earlier if waiting is of no use: the account is refused,
                or the server asked to wait for longer.
        """
        _check_range("timeout", timeout, 0.0)
        if self._mark.forked():
            self.after_fork(in_child=True)
        before = self._totals()
        complete = self._sender.flush(timeout)
        left = 0 if complete else self._buffer.stats().pending
        return self._since(before, left)

    def _totals(self) -> tuple[int, int, int]:
        return self._delivery.accepted, self._delivery.duplicate, self._delivery.dead

    def _since(self, before: tuple[int, int, int], left: int) -> FlushResult:
        accepted, duplicate, dead = (now - then for now, then in zip(self._totals(), before))
        return FlushResult(not left, accepted, duplicate, dead, left)

    def stats(self) -> Stats:
        """Return where all recorded events are; with an outbox, those of all processes and earlier runs as well."""
        return self._buffer.stats()

    def dead_letters(self) -> list[DeadLetter]:
        """Return the events that the platform refused for good, with its reasons."""
        return self._buffer.dead_letters()

    def replay_dead_letters(self) -> int:
        """Send the refused events again, with the same ids. Return how many."""
        count = self._buffer.replay_dead_letters()
        if count:
            self._sender.wake()
        return count

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped. Return how many."""
        return self._buffer.discard_dead_letters()

    def export_dead_letters(self, path: FilePath) -> int:
        """Write the refused events to a file, one JSON object a line: event, status, reason, at.

        Args:
            path: a new file; only its user may read it.

        Returns:
            How many were written.
        """
        letters = self.dead_letters()
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            for letter in letters:
                file.write(letter.to_json() + "\n")
        return len(letters)

    # Other keys

    def usage_of_other_keys(self) -> list[OtherAccount]:
        """Return the other keys and servers that events in the outbox were recorded under, and wait for."""
        return self._account.others()

    def adopt_usage(self, account: OtherAccount) -> int:
        """Bill events that wait for another key to the present key's customer. Be sure that it is the same customer.

        Args:
            account: one of `usage_of_other_keys`.

        Returns:
            How many events were taken over, dead letters included.

        Raises:
            MeteringError: the platform has said that it is another customer, or has not yet named this key's.
            OutboxError: the file cannot be used.
        """
        count = self._account.adopt(account)
        if count:
            self._sender.wake()
        return count

    # End and forks

    def close(self, timeout: float = 10.0) -> FlushResult:
        """Flush, then end the thread and close the outbox. The recorder takes no events afterwards.

        What is not delivered in time stays in the outbox, or is lost from memory; a log line says how much.

        Args:
            timeout: the most seconds to wait.
        """
        if self._closed:
            return FlushResult(True, 0, 0, 0, 0)
        deadline, before = time.monotonic() + timeout, self._totals()
        complete = self.flush(timeout).complete
        self._closed = True
        ended = self._sender.stop(max(0.1, deadline - time.monotonic()))  # a request under way may still arrive
        # Other processes deliver what they put into a shared outbox meanwhile.
        left = 0 if complete and self._outboxes else self._buffer.stats().pending
        self._report_left(left)
        if ended:  # otherwise the thread does so at its end; until then it holds what it sends
            self._buffer.close()
        return self._since(before, left)

    def _report_left(self, left: int) -> None:
        if left:
            paths = ", ".join(outbox.path for outbox in self._outboxes)
            fate = f"wait in {paths} for the next start" if paths else "are lost with the process"
            self._incidents.report(Incident("left", f"{left} usage events are undelivered and {fate}", events=left))

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def flush_at_exit(self, started: float) -> None:
        """Deliver what is left. Called when the process ends.

        Args:
            started: the monotonic time at which the end began, which ``atexit_timeout`` counts from.
        """
        if self._closed or self._mark.forked():
            return
        deadline = started + self._atexit_timeout
        try:
            result = self.flush(max(0.0, deadline - time.monotonic()))
            self._report_left(result.left)
            if self._sender.retire(deadline):
                self._buffer.close()  # opens again for an event that is still recorded
        except Exception:
            _LOG.exception("the last delivery of usage events failed")

    def before_fork(self) -> None:
        """Let go of everything that a child process must not share. Called before each `os.fork`."""
        self._buffer.before_fork()

    def after_fork(self, in_child: bool) -> None:
        """Go on after a fork; in the child, with events, locks and a thread of its own."""
        self._buffer.after_fork(in_child)
        if in_child:
            self._mark = ProcessMark()
            self._incidents.after_fork()
            self._sender.after_fork()


def _check_range(name: str, value: float, least: float, most: float = float("inf")) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        raise ApiValueError(f"{name} must be a number from {least} to {most}, not {value!r}")
