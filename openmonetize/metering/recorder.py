"""The recorder: one call per event, and everything else in the background."""

from __future__ import annotations

import json
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Union

from typing_extensions import Literal, Never

from openmonetize._arguments import described, explained, explains, refuse, require, require_callback
from openmonetize._http.redaction import Secret
from openmonetize._http.retry import RetryPolicy
from openmonetize._stores.opening import is_postgres, named_place, open_documents
from openmonetize.events.ingest import MAX_EVENTS, prepare
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.metering import lifecycle
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.buffers.base import Account, Buffer
from openmonetize.metering.buffers.durable import DurableBuffer
from openmonetize.metering.buffers.fallback import FallbackBuffer
from openmonetize.metering.buffers.memory import FULL_TIMEOUT, MAX_BUFFERED_BYTES, MAX_BUFFERED_EVENTS, MemoryBuffer
from openmonetize.metering.delivery import RETRY
from openmonetize.metering.errors import MeteringError, OutboxError
from openmonetize.metering.incidents import Delivered, Incident, Incidents
from openmonetize.metering.pace import LocalPace, PaceStore
from openmonetize.metering.pipeline import Pipeline
from openmonetize.metering.results import BillingResult, DeadLetter, FlushResult, OtherAccount, Stats, VerifyReport

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.events.model import EventModel
    from openmonetize.metering.buffers.ledger import Ledger
    from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox

_LOG = logging.getLogger("openmonetize.metering")
FilePath = Union[str, os.PathLike[str]]
ON_FULL = ("block", "drop_newest", "spill")
DURABILITIES = ("process", "power")
VERIFY = (True, False, "report")
DEFAULT_KEEP = "35d"  # with verify
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


class Recorder:
    """Records usage events and delivers them in the background: none is lost, none is billed twice.

    Safe to use from several threads and over forks. The thread that delivers starts with the first event, or
    at once if an outbox holds events of an earlier run.

    Args:
        client: its host and key are used; a new key is taken up at once.
        outbox: a directory that keeps the events until they are delivered, for restarts and crashes, shared by all
            processes of the host that name it; or a PostgreSQL database, ``postgresql://...``, that a fleet shares.
            Without it they are kept in memory.
        deliver: False only records, in an outbox in a database, and leaves the delivery to others, such as
            ``openmonetize outbox drain``.
        durability: of the outbox: ``"process"`` survives the end of the process in any form, ``"power"``
            survives power loss as well, for the time of a disk flush per event (or per group of threads). A database
            has settings of its own for that.
        keep: how long delivered events stay in the outbox, to be looked up: ``"35d"``, ``"12h"``, or seconds.
        verify: keep accepted events, in the outbox or in memory, until they are seen to be billed, and send those that
            the platform has lost again, under their ids, once, when that is safe. ``"report"`` finds and tells, and
            sends nothing again. Events in an outbox are kept for ``keep``, by default 35 days.
        flush_interval: the longest that an event waits for others to be sent with it, in seconds.
        flush_at: this many waiting events are sent at once, at most 1000.
        max_events: bound of the buffer in memory.
        max_bytes: bound of the buffer in memory, in bytes.
        outbox_max_bytes: bound of the outbox, in bytes; when it is full, events go to memory. Default: 1 GiB, or 10 GiB
            for the table of events in a database.
        outbox_min_free_bytes: space on the disk of a directory that is left to others. Default: 64 MiB, or 5 % of a
            smaller disk.
        pace: where processes share the platform's rate limit: ``postgresql://...`` or ``redis://...`` for a fleet, or a
            file for one host. By default it is in the outbox, or is each process's own.
        on_full: when the buffer in memory is full: ``"block"`` waits at most 50 ms and raises `BufferFull`,
            ``"drop_newest"`` drops the event and counts it, ``"spill"`` writes it to ``spill_path``.
        spill_path: an outbox for what memory cannot take.
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
        OutboxError: the outbox is in the wrong place or is something else. A full disk is reported instead, and memory
            is used until there is room.
    """

    @explained
    def __init__(
        self,
        client: ApiClient,
        *,
        outbox: FilePath | Secret | None = None,
        pace: FilePath | None = None,
        deliver: bool = True,
        durability: Literal["process", "power"] = "process",
        keep: str | float | None = None,
        verify: bool | Literal["report"] = False,
        flush_interval: float = 5.0,
        flush_at: int = MAX_EVENTS,
        max_events: int = MAX_BUFFERED_EVENTS,
        max_bytes: int = MAX_BUFFERED_BYTES,
        outbox_max_bytes: int | None = None,
        outbox_min_free_bytes: int | None = None,
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
        # Hidden first: a URL may have a password, and what raises below shows this frame.
        place, outbox = Secret(outbox), None
        paces, pace = Secret(pace), None
        if isinstance(client, type) or not (hasattr(client, "configuration") and hasattr(client, "send")):
            raise ApiTypeError(f"client must be an ApiClient, not {described(client)}")
        require("retry", retry, RetryPolicy, "a RetryPolicy")
        for name, function in (("on_error", on_error), ("on_delivered", on_delivered)):
            if function is not None:
                require_callback(name, function)
        if spill_path is not None:
            require("spill_path", spill_path, (str, os.PathLike), "a path")
        for name, size in (("outbox_max_bytes", outbox_max_bytes), ("outbox_min_free_bytes", outbox_min_free_bytes)):
            if size is not None:
                _check_range(name, size, 0)
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
        place, paces = named_place("outbox", place, redis=False), named_place("pace", paces)
        require("deliver", deliver, bool, "True or False")
        if not deliver and (not is_postgres(place) or verify or keep is not None):
            raise ApiValueError("deliver=False needs outbox='postgresql://...'; verify and keep are for who delivers")
        if durability not in DURABILITIES:
            raise ApiValueError(f"durability must be one of {DURABILITIES}, not {durability!r}")
        if keep is not None and place.value is None:
            raise ApiValueError("keep needs an outbox: events in memory are not kept")
        if verify not in VERIFY:
            raise ApiValueError(f"verify must be True, False or 'report', not {verify!r}")
        self._client = client
        self._incidents = Incidents(on_error, on_delivered)
        self._durable: list[DurableBuffer] = []
        self._database: PostgresOutbox | None = None
        self._memory = MemoryBuffer(
            max_events,
            max_bytes,
            full_timeout=0.0 if spill_path is not None else FULL_TIMEOUT,
            drop_newest=on_full == "drop_newest",
        )
        self._buffer: Buffer = self._memory
        on_failure, on_recovery = self._incidents.outbox_failed, self._incidents.outbox_works
        options = {"durability": durability, "max_bytes": outbox_max_bytes, "min_free_bytes": outbox_min_free_bytes}
        if spill_path is not None:
            spill = self._spool(Secret(spill_path), **options)
            self._buffer = FallbackBuffer(self._buffer, spill, on_failure, on_recovery)
        if place.value is not None:
            keep_seconds = _seconds(DEFAULT_KEEP if verify and keep is None else keep)
            disk = self._outbox(place, keep_seconds, bool(verify), deliver, options)
            self._buffer = FallbackBuffer(disk, self._buffer, on_failure, on_recovery, disk.retry_interval)
        ledger: Ledger | None = disk.ledger if place.value is not None else None
        if verify and ledger is None:
            from openmonetize.metering.buffers.ledger import MemoryLedger

            ledger = MemoryLedger()
        self._accounts = Accounts(
            client,
            self._buffer,
            self._incidents,
            durable=bool(self._durable),
            many_customers=any(buffer.many_customers for buffer in self._durable),
        )
        self._pipeline = Pipeline(
            client,
            self._buffer,
            self._memory,
            self._durable,
            self._accounts,
            self._incidents,
            ledger,
            self._pace_of(paces),
            verify=verify,
            flush_interval=flush_interval,
            flush_at=flush_at,
            atexit_timeout=atexit_timeout,
            rate_share=rate_share,
            request_timeout=request_timeout,
            retry=retry,
        )
        self._sender = self._pipeline.sender
        self._recent = self._pipeline.recent
        self._mark = self._pipeline.mark
        lifecycle.watch(self._pipeline)
        weakref.finalize(self, self._pipeline.abandon).atexit = False  # the hook at exit delivers what is left then
        if flush_on_sigterm:
            lifecycle.exit_on_sigterm()
        if self._durable and (verify or self._buffer.has_pending() or self._accounts.others()):
            if self._pipeline.verifier is not None:
                self._pipeline.verifier.wake()
            self._sender.wake()

    def _spool(self, path: Secret, **options: Any) -> DurableBuffer:
        from openmonetize.metering.buffers.spool.spool import Spool

        return self._open(Spool(os.fspath(path.value), on_damage=self._incidents.damaged, **options))

    def _outbox(
        self, place: Secret, keep_seconds: float, verify: bool, deliver: bool, options: Mapping[str, Any]
    ) -> DurableBuffer:
        if not is_postgres(place):
            return self._spool(place, keep_seconds=keep_seconds, verify=verify, **options)
        from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox

        if options["min_free_bytes"] is not None:
            raise ApiValueError("outbox_min_free_bytes is for an outbox in a directory; a database has its own limits")
        max_bytes = options["max_bytes"]
        self._database = PostgresOutbox(
            place, max_bytes=max_bytes, keep_seconds=keep_seconds, verify=verify, deliver=deliver
        )
        return self._open(self._database)

    def _open(self, buffer: DurableBuffer) -> DurableBuffer:
        self._client.configuration.key()  # an outbox keeps events for an account
        try:
            buffer.open()
        except OutboxError as error:
            if error.misuse:
                raise
            self._incidents.outbox_failed(error)  # it is tried again with the next events
        self._durable.append(buffer)
        return buffer

    def _pace_of(self, place: Secret) -> Callable[[Account], PaceStore]:
        """Return what returns what is known of an account's rate limit."""
        if place.value is not None:
            from openmonetize.metering.shared_pace import SharedPace

            documents = open_documents(place, "pace")
            return lambda account: SharedPace(documents, *account)
        return self._durable[0].pace if self._durable else lambda account: LocalPace()

    # Recording

    @explains
    def record(self, event: EventModel | Mapping[str, Any], *surplus: Never, **unknown: Never) -> str:
        """Take one event, or raise. With an outbox, the event is on disk when this returns.

        The same event, by its id, is sent once and counted once, however often this process records it while it waits
        or shortly after it was sent.

        Args:
            event: an event model, or a dict with ``event_type``.

        Returns:
            The event's id on the wire. An id of your own has its final form as soon as it is known which customer the
            key is of; before that, the delivery may derive another one from it.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed; the text says why.
            BufferFull: there was no room in time.
            OutboxError: memory is full, and the outbox that it spills to does not take it either.
            MeteringError: the recorder is closed.
        """
        if surplus or unknown:
            refuse(Recorder.record, len(surplus), unknown)
        ready, wire = prepare(event, self._client.configuration)
        event_id: str = vars(ready)["event_id"]
        if not ready.id_was_given and event_id[14] == "4":  # it is random: nothing else can have it
            self.put(wire)
        elif self._recent.claim(event_id):
            try:
                self.put(wire)
            except BaseException:
                self._recent.release(event_id)
                raise
        return event_id

    def record_in(self, connection: Any, event: EventModel | Mapping[str, Any]) -> str:
        """Take one event within a transaction of the caller's: it is recorded if that commits.

        Args:
            connection: see `OpenMonetize.track_token_usage`.
            event: as for `record`.

        Returns:
            The event's id on the wire.

        Raises:
            ApiTypeError, ApiValueError: the event cannot be billed, there is no outbox in a database, or it is no
                connection.
            OutboxError: the database refuses it, and the transaction has failed.
        """
        ready, wire = prepare(event, self._client.configuration)
        # An id that was recorded before is not left out: that transaction may have been rolled back.
        self.put_in(connection, wire)
        return str(vars(ready)["event_id"])

    def put_in(self, connection: Any, wire: bytes) -> None:
        """Take the bytes of one valid event within a transaction of the caller's, or raise; see :meth:`record_in`."""
        self._require_open()
        if self._database is None:
            raise ApiValueError("connection needs OpenMonetize(outbox='postgresql://...')")
        count = self._database.put_in(connection, wire, self._accounts.present())
        if count >= self._sender.wake_at:
            self._sender.wake()

    def _require_open(self) -> None:
        if self._mark.forked():
            self._pipeline.after_fork()
        if self._pipeline.closed:
            raise MeteringError("the recorder is closed: this event was not recorded")

    def put(self, wire: bytes) -> None:
        """Take the bytes of one valid event, or raise; see :meth:`record`.

        Args:
            wire: the event as the platform takes it, JSON in UTF-8.
        """
        self._require_open()
        count = self._buffer.put(wire, self._accounts.present())
        if count >= self._sender.wake_at:
            self._sender.wake()
        elif count < 0:
            self._incidents.dropped()

    # For those who acknowledge what they have read elsewhere, such as a queue's messages

    @property
    def drops_newest(self) -> bool:
        """Whether events are dropped, and not refused, when there is no room."""
        return self._memory.drops_newest

    def in_memory(self) -> bool:
        """Return whether events wait that the end of the process would lose: they are neither on disk nor delivered."""
        return self._memory.has_pending()

    def refused_in_memory(self) -> list[DeadLetter]:
        """Return the events that the platform refused and that no outbox keeps."""
        return self._memory.dead_letters()

    def pace(self) -> PaceStore:
        """Return what is known of the present account's rate limit, by all who share it."""
        return self._pipeline.pace_of(self._accounts.present())

    def require_customer(self) -> str | None:
        """Return the key's customer, by the outbox or by the platform. None if it never says.

        Raises:
            ApiException: the platform gives no answer now.
        """
        self._accounts.follow()
        return self._accounts.require_owner()

    # For services that deliver what other processes record

    def start_delivering(self) -> None:
        """Start the thread that delivers before the first event: it looks for what others put into the outbox."""
        self._sender.wake()

    def stop_delivering(self, timeout: float) -> bool:
        """End the thread after the request under way, and give back what it has of the outbox. Nothing is flushed.

        Args:
            timeout: the most seconds to wait for the answer to the request.

        Returns:
            Whether it has ended.
        """
        return self._pipeline.stop(timeout)

    # Delivering

    @explained
    def flush(self, timeout: float = 10.0) -> FlushResult:
        """Deliver everything recorded so far, without waiting for more events.

        What is accepted then is not billed yet: see `wait_billed`.

        Events of another key are not waited for. Those in memory count as left, since they end with the process; those
        in the outbox wait there, see `usage_of_other_keys`.

        Args:
            timeout: the most seconds to wait. It returns earlier if waiting is of no use: the account is refused,
                or the server asked to wait for longer.
        """
        _check_range("timeout", timeout, 0.0)
        return self._pipeline.flush(timeout)

    def stats(self) -> Stats:
        """Return where all recorded events are; with an outbox, those of all processes and earlier runs as well."""
        return self._pipeline.stats()

    def wait_billed(self, timeout: float = 30.0) -> BillingResult:
        """Deliver everything recorded so far, and wait until the platform has billed it, or has lost it.

        The platform bills in the order of acceptance: within a second where it is idle, minutes later behind others'
        events. Its list of events is read, first at once and then at growing intervals up to 3 seconds. What is
        delivered by other processes is not looked for.

        Args:
            timeout: the most seconds to wait.

        Returns:
            What was seen. If the platform cannot be reached, what was seen before.

        Raises:
            ApiException: this platform does not list its events (the first release), or the key is refused.
        """
        _check_range("timeout", timeout, 0.0)
        return self._pipeline.wait_billed(timeout)

    def verify(
        self, since: datetime | None = None, *, repair: bool | None = None, timeout: float = 60.0
    ) -> VerifyReport:
        """Deliver everything recorded so far, and find out what became of all that is kept.

        Args:
            since: only what was accepted since then; by default all that is kept.
            repair: whether to send the lost again, also those that were sent again before. By default as the setting
                ``verify`` says, once.
            timeout: the most seconds to wait for the billing. Comparing the bookings may take as long again.

        Raises:
            ApiException: this platform does not list its events, or it cannot be reached.
            ApiValueError: nothing is kept.
            OutboxError: what is kept cannot be read.
        """
        _check_range("timeout", timeout, 0.0)
        return self._pipeline.verify(since, repair, timeout)

    def doubtful_ids(self) -> Mapping[str, int]:
        """Return how many delivered events may meet another customer's.

        ``foreign_customer_id``: they name another customer than that of the key. ``unknown_duplicate``: the platform
        had their ids, which the caller gave, before this process sent them.
        """
        return self._pipeline.own_ids.counts()

    def dead_letters(self) -> list[DeadLetter]:
        """Return the events that the platform refused for good, with its reasons."""
        self._accounts.follow()
        return self._buffer.dead_letters()

    def replay_dead_letters(self) -> int:
        """Send the refused events again, with the same ids. Return how many."""
        self._accounts.follow()
        count = self._buffer.replay_dead_letters()
        if count:
            self._sender.wake()
        return count

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped. Return how many."""
        self._accounts.follow()
        self._recent.clear()  # they may be recorded again
        return self._buffer.discard_dead_letters()

    @explained
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

    def kept_events(self) -> Iterator[dict[str, Any]]:
        """Yield the delivered events that the outbox keeps, oldest first, as they were sent; see ``keep``."""
        for buffer in self._durable:
            for wire in buffer.kept():
                yield json.loads(wire)

    def usage_of_other_keys(self) -> list[OtherAccount]:
        """Return the other keys and servers that events in the outbox were recorded under, and wait for."""
        self._accounts.follow()
        return self._accounts.others()

    @explained
    def adopt_usage(self, account: OtherAccount) -> int:
        """Bill events that wait for another key to the present key's customer. Be sure that it is the same customer.

        Args:
            account: one of `usage_of_other_keys`.

        Returns:
            How many events were taken over, dead letters included.

        Raises:
            MeteringError: the platform has said that it is another customer, or has not yet named this key's.
            OutboxError: the outbox cannot be used.
        """
        require("account", account, OtherAccount, "one of usage_of_other_keys()")
        count = self._accounts.adopt(account)
        if count:
            self._sender.wake()
        return count

    # End and forks

    @explained
    def close(self, timeout: float = 10.0) -> FlushResult:
        """Flush, then end the thread and close the outbox. The recorder takes no events afterwards.

        What is not delivered in time stays in the outbox, or is lost from memory; a log line says how much.

        Args:
            timeout: the most seconds to wait.
        """
        _check_range("timeout", timeout, 0.0)
        return self._pipeline.close(timeout)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def _check_range(name: str, value: float, least: float, most: float = float("inf")) -> None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
        limits = f"of {least} or more" if most == float("inf") else f"from {least} to {most}"
        raise ApiValueError(f"{name} must be a number {limits}, not {value!r}")


def _seconds(keep: str | float | None) -> float:
    """Return a length of time, such as ``"35d"``, in seconds."""
    if keep is None:
        return 0.0
    if isinstance(keep, str):
        number, unit = keep[:-1], keep[-1:]
        if unit in _UNITS and number.isascii() and number.isdigit():
            return float(int(number) * _UNITS[unit])
    elif not isinstance(keep, bool) and isinstance(keep, (int, float)) and 0.0 < keep < float("inf"):
        return float(keep)
    raise ApiValueError(f"keep must be a time such as '35d', '12h' or '30m', or a number of seconds, not {keep!r}")
