"""The buffer on disk: an event survives the process from the moment `put` returns."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from itertools import count
from typing import Optional

from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.spool import place
from openmonetize.metering.buffers.spool.account_directory import AccountDirectory, NotCounted, read_facts
from openmonetize.metering.buffers.spool.ledger import SpoolLedger
from openmonetize.metering.buffers.spool.pace_file import PaceFile
from openmonetize.metering.buffers.spool.reader import Mark, SegmentReader
from openmonetize.metering.buffers.spool.segment import (
    MAX_OWN_BYTES,
    MAX_OWN_EVENTS,
    Appender,
    FlushingAppender,
    OwnEvents,
)
from openmonetize.metering.buffers.spool.space import MAX_SPOOL_BYTES, Space
from openmonetize.metering.results import DeadLetter, OtherAccount, Stats, add_up, unknown_stats

# A segment is sealed at this size, or a part of a smaller spool's bound, and at this age in seconds.
MAX_SEGMENT_BYTES, MAX_SEGMENT_AGE = 4 * 1024 * 1024, 60.0
_CHECK_INTERVAL = 1.0  # seconds after which `put` checks again that its segment still exists
_SCAN_INTERVAL = 2.0  # seconds after which a sender looks again for segments of processes that have ended

_Watermark = list[tuple[AccountDirectory, str, Optional[Mark]]]


class Spool:
    """A buffer in a directory that several processes may share.

    Args:
        path: the directory; created with mode 0700.
        durability: ``"process"``: handed to the operating system, survives the end of the process in any form.
            ``"power"``: flushed to the device before `put` returns, survives power loss; concurrent threads share
            one flush.
        max_bytes: bound on the directory's size. Checked when a segment is opened, so that each process may exceed it
            by one segment.
        min_free_bytes: free space on the disk that is left to others. Default: 64 MiB, or 5 % of a smaller disk.
        keep_seconds: how long delivered events are kept.
        verify: they are kept in the ledger, and their segments are removed.
        on_damage: called with a text, and how many events it is about, when something in the directory was destroyed.
    """

    poll_interval = 30.0
    retry_interval: float | None = None
    many_customers = False

    def __init__(
        self,
        path: str,
        *,
        durability: str = "process",
        max_bytes: int | None = None,
        min_free_bytes: int | None = None,
        keep_seconds: float = 0.0,
        verify: bool = False,
        on_damage: Callable[[str, int], None] = lambda text, events: None,
    ) -> None:
        self.path = os.path.abspath(path)
        self._appender_type = FlushingAppender if durability == "power" else Appender
        max_bytes = max_bytes or MAX_SPOOL_BYTES
        self._space = Space(self.path, max_bytes, min_free_bytes, keep_seconds)
        self._keeps_segments = keep_seconds > 0.0 and not verify
        self._on_damage = on_damage
        self._segment_bytes = min(MAX_SEGMENT_BYTES, max(max_bytes // 16, 4096))
        self._directories: dict[Account, AccountDirectory] = {}
        self._served: Collection[Account] = ()
        self.ledger = SpoolLedger(self.path, self._space, self._directory, durability == "power")
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.RLock()  # of the delivery; recording does without
        self._appender: Appender | None = None
        self._check_at = 0.0
        self._puts = count(1)
        self._count = self._leased_count = 0  # puts of this process, in all and at the last lease
        self._held: dict[tuple[Account, str], SegmentReader] = {}
        self._scan_at = 0.0

    def open(self) -> None:
        """Create the directory, or check the one that is there.

        Raises:
            OutboxError: the place cannot be used.
        """
        place.prepare(self.path)
        for path in self._space.account_paths():
            read_facts(path)  # refuses what a later release wrote
        with self._errors():
            self._space.remove_leftovers()

    # Recording

    def put(self, wire: bytes, account: Account) -> int:
        """Write one event; raise `OutboxError` if it is not on disk."""
        appender = self._appender
        try:
            if (
                appender is None
                or appender.account is not account
                or appender.size >= self._segment_bytes
                or time.monotonic() >= self._check_at
            ):
                appender = self._usable_appender(account)
            appender.append(wire)
        except OSError as error:
            if self._appender is appender:
                self._appender = None
            # The segment is not complete while a traceback, which the caller may keep, refers to its appender.
            del appender
            raise place.failure(self.path, error) from error.with_traceback(None)
        self._count = number = next(self._puts)
        return max(0, number - self._leased_count)  # another thread's event may have been leased meanwhile

    def _usable_appender(self, account: Account) -> Appender:
        """Return what to append with: the present one, or that of a new segment.

        Nothing here waits for another caller, who may be this very thread, interrupted by a signal or a finalizer. If
        two open a segment at once, one of the two is complete after a few events.
        """
        present, now = self._appender, time.monotonic()
        if present is not None and present.account is account:
            due, self._check_at = now >= self._check_at, now + _CHECK_INTERVAL
            full = present.size >= self._segment_bytes or now - present.started >= MAX_SEGMENT_AGE
            if not full and not (due and not present.file.is_named()):
                return present
            present.size, present.started = 0, now  # the others go on with it meanwhile
        del present  # see `put`
        try:
            self._appender = appender = self._new_appender(account)
        except BaseException:
            self._appender = None
            raise
        return appender

    def _new_appender(self, account: Account) -> Appender:
        self._space.check(self._segment_bytes)
        directory = self._directory(account)
        file = directory.create()
        waiting = [count for count in (reader.own_events() for reader in list(self._held.values())) if count]
        room = sum(waiting) < MAX_OWN_EVENTS and len(waiting) * self._segment_bytes < MAX_OWN_BYTES
        own = OwnEvents(room)
        appender = self._appender_type(file, account, own)
        reader = SegmentReader(directory, file, self._lock, own)
        reader.follow(appender)
        self._held[account, reader.name] = reader
        return appender

    def _directory(self, account: Account) -> AccountDirectory:
        directory = self._directories.get(account)
        if directory is None:
            directory = AccountDirectory(self.path, account, self._on_damage, self._appender_type is FlushingAppender)
            self._directories[account] = directory
        return directory

    def new_count(self) -> int:
        """Return how many events this process put since the last lease."""
        return self._count - self._leased_count

    # Delivering

    def has_pending(self) -> bool:
        """Return whether there is a segment whose events are not known to have their outcome."""
        with self._lock, self._errors():
            if any(reader.pending() for reader in self._readers()):
                return True
            return any((account, name) not in self._held for account, name in self._names())

    def _readers(self) -> list[SegmentReader]:
        """Return the segments that this process delivers: complete ones first, then oldest first."""
        readers = [reader for (account, _), reader in list(self._held.items()) if account in self._served]
        return sorted(readers, key=lambda reader: (not reader.complete, reader.name))

    def _names(self) -> list[tuple[Account, str]]:
        """Return all segments of the accounts that are served, oldest first."""
        found = [(account, name) for account in self._served for name in self._directory(account).names()]
        return sorted(found, key=lambda one: one[1])

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take waiting events, oldest segment first, also those of processes that have ended."""
        with self._lock, self._errors() as errors:
            self._leased_count = self._count
            for reader in self._sources(errors):
                batch = reader.lease(self._served, max_events, max_bytes)
                if batch is not None:
                    errors.clear()
                    return batch
                with _collected(errors):
                    self._finish_if_done(reader)
            return None

    def _sources(self, errors: list[OSError]) -> Iterator[SegmentReader]:
        """Yield the segments to look at: complete ones, those that no process holds, and what is still written to."""
        readers = self._readers()
        active = [reader for reader in readers if not reader.complete]
        yield from (reader for reader in readers if reader not in active)
        if time.monotonic() >= self._scan_at:
            with _collected(errors):
                for account, name in self._names():
                    reader = self._take_over(account, name)
                    if reader is not None:
                        yield reader
            self._scan_at = time.monotonic() + _SCAN_INTERVAL
        yield from active

    def _take_over(self, account: Account, name: str) -> SegmentReader | None:
        if (account, name) in self._held:
            return None
        reader = self._directory(account).take_over(name, self._lock)
        if reader is not None:
            self._held[account, name] = reader
        return reader

    def _finish_if_done(self, reader: SegmentReader) -> None:
        if reader.finished():
            try:
                self._directory(reader.directory.account).finish(reader, keep=self._keeps_segments)
                self._scan_at = 0.0
            finally:
                # If its position could not be written, only this process knows that its events were delivered.
                if reader.saved or reader.file.fd < 0:
                    self._give_back(reader)

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        with self._lock:
            self._scan_at = 0.0
            for reader in self._readers():
                reader.clear_delays()

    def maintain(self) -> None:
        """Seal old segments, rescue those whose files have gone, give back those that others may deliver."""
        with self._lock, self._errors() as errors:
            appender = self._appender
            if appender is not None and time.monotonic() - appender.started >= MAX_SEGMENT_AGE:
                self._appender = None
            del appender
            for reader in list(self._held.values()):
                with _collected(errors):
                    self._maintain(reader)
            self._space.remove_kept()

    def _maintain(self, reader: SegmentReader) -> None:
        complete = reader.complete  # asked first: it may be because its file has gone that it is complete
        if not reader.is_intact():
            self._rescue(reader)
        elif complete:
            reader.mark_complete()
            self._finish_if_done(reader)
            if reader.file.fd >= 0:
                self._give_back_if_idle(reader)

    def _rescue(self, reader: SegmentReader) -> None:
        """Put the events of a segment whose file was deleted, replaced or cut off into another one."""
        account = reader.directory.account
        if not reader.idle(served=False):
            self._appender = None  # the segment is complete when the recording calls under way are done
        elif not reader.is_leased():
            directory, wires = self._directory(account), [wire for batch in reader.rest() for wire in batch.wires]
            if wires:
                directory.write_segment(wires)
            lost = reader.lose_missing()
            directory.forget(reader)
            del self._held[account, reader.name]
            self._scan_at = 0.0
            if wires or lost or reader.cut:
                what = "cut off, and events in it may be lost" if reader.cut else "deleted or replaced"
                self._on_damage(
                    f"outbox {self.path!r}: {reader.name} was {what}; its {len(wires)} usage events were written again"
                    + (f", and {lost} were destroyed" if lost else ""),
                    len(wires) + lost,
                )

    def _give_back_if_idle(self, reader: SegmentReader) -> None:
        """Let another process go on with a segment, unless this one is at it."""
        if reader.saved and reader.idle(reader.directory.account in self._served):
            self._give_back(reader)

    def _give_back(self, reader: SegmentReader) -> None:
        self._held.pop((reader.directory.account, reader.name), None)
        reader.close()

    def pace(self, account: Account) -> PaceFile:
        """Return what all processes on this host know of an account's rate limit."""
        return PaceFile(os.path.join(self._directory(account).path, "pace"))

    # Reading

    def stats(self, until: float | None = None) -> Stats:
        """Return where the events of the accounts that are served are, whichever process recorded them."""
        with self._lock, self._errors():
            found = []
            for account in self._served:
                held = {name: reader for (its, name), reader in list(self._held.items()) if its == account}
                try:
                    found.append(self._directory(account).stats(held, until))
                except NotCounted as error:
                    found.append(unknown_stats(str(error)))
            return add_up(found)

    def watermark(self) -> _Watermark:
        """Return what there is of the segments that this process delivers, and of those that no process writes to."""
        with self._lock, self._errors():
            found: _Watermark = []
            for account, name in self._names():
                directory = self._directory(account)
                reader = self._held.get((account, name))
                if reader is not None:
                    found.append((directory, name, reader.mark()))
                elif not directory.is_written_to(name):  # else another process does so, and delivers it
                    found.append((directory, name, None))
            return found

    def is_past(self, watermark: _Watermark) -> bool:
        """Return whether every event before ``watermark`` has an outcome."""
        with self._lock, self._errors():
            for directory, name, mark in watermark:
                reader = self._held.get((directory.account, name))
                if not (reader.is_past(mark) if reader is not None else directory.is_finished(name)):
                    return False
            return True

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        with self._errors():
            return [letter for account in self._served for letter in self._directory(account).dead_letters()]

    def replay_dead_letters(self) -> int:
        """Queue the refused events again."""
        self._scan_at = 0.0
        with self._errors():
            return sum(self._directory(account).replay_dead_letters() for account in self._served)

    def discard_dead_letters(self) -> int:
        """Give the refused events up."""
        with self._errors():
            return sum(self._directory(account).discard_dead_letters() for account in self._served)

    def kept(self) -> Iterator[bytes]:
        """Yield the delivered events that are kept, oldest segment first. This process's own one is sealed before."""
        if self._keeps_segments:
            with self._lock:
                self._appender = None
            self.maintain()
        with self._errors():
            for account in self._served:
                yield from self._directory(account).kept()

    # Accounts

    def serve(self, accounts: Collection[Account]) -> None:
        """Deliver and count the events of these accounts from now on."""
        with self._lock:
            self._served = tuple(accounts)
            self._scan_at = 0.0
            appender = self._appender
            if appender is not None and appender.account not in self._served:
                self._appender = None
            del appender
            for reader in list(self._held.values()):
                if reader.directory.account not in self._served:
                    self._give_back_if_idle(reader)

    def customers(self) -> dict[Account, str]:
        """Return whose the accounts are, as far as it was noted."""
        found = filter(None, map(read_facts, self._space.account_paths()))
        return {account: customer_id for account, customer_id in found if customer_id is not None}

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Note whose an account is."""
        with self._errors():
            self._directory(account).note_customer(customer_id)

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events that are not served."""
        others = []
        with self._lock, self._errors():
            for account, customer_id in filter(None, map(read_facts, self._space.account_paths())):
                if account not in self._served:
                    stats = self._directory(account).stats({})
                    if stats.pending + stats.dead:
                        others.append(OtherAccount(*account, customer_id, stats.pending + stats.dead))
        return others

    def adopt(self, other: Account, account: Account) -> int:
        """Move another account's events and dead letters to ``account``, except those that a process is writing."""
        with self._lock, self._errors():
            self._scan_at = 0.0
            return self._directory(other).move_to(self._directory(account), self._lock)

    # End and forks

    def after_fork(self) -> None:
        """Go on in the child with segments of its own. Its parent's stay locked by the parent."""
        held = list(self._held.values())
        self._reset()
        self.ledger.after_fork()
        for reader in held:
            reader.abandon()

    def close(self) -> None:
        """Seal what this process wrote, and let other processes deliver what is left."""
        with self._lock, self._errors() as errors:
            self._appender = None
            for reader in list(self._held.values()):
                with _collected(errors):
                    self._close(reader)

    def _close(self, reader: SegmentReader) -> None:
        if not reader.complete:
            appender = self._appender
            if appender is None or appender.file is not reader.file:  # else the spool was opened again meanwhile
                del self._held[reader.directory.account, reader.name]  # a recording call is the last that has it open
            return
        try:
            reader.mark_complete()
            self._finish_if_done(reader)
        finally:
            if reader.file.fd >= 0:
                self._give_back(reader)

    @contextmanager
    def _errors(self) -> Iterator[list[OSError]]:
        """Raise an error of the operating system, or at the end the first that was collected, as an `OutboxError`."""
        collected: list[OSError] = []
        try:
            yield collected
            if collected:
                raise collected[0]
        except OSError as error:
            raise place.failure(self.path, error) from error


@contextmanager
def _collected(errors: list[OSError]) -> Iterator[None]:
    """Go on after an error: one file that cannot be used must not keep the others from being delivered."""
    try:
        yield
    except OSError as error:
        errors.append(error)
