"""The delivery of a segment: what is under way of it, and what has its outcome."""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Collection
from typing import Any, Protocol

from openmonetize.events.ingest import MAX_EVENTS
from openmonetize.metering.buffers.base import Account, Batch, ReturnedBatches, count_fitting
from openmonetize.metering.buffers.spool.position import Numbers, Position, read_position
from openmonetize.metering.buffers.spool.records import MAX_PAYLOAD, Found, Record, decode, is_torn
from openmonetize.metering.buffers.spool.segment import POSITION, Appender, OwnEvents, SegmentFile, events
from openmonetize.metering.buffers.spool.system import OPEN_FLAGS, append_whole, read_at

Lock = Any  # a `threading.RLock`, whose type has no name before Python 3.13
Mark = tuple[float, int]  # a record's number and a size of the file

CHUNK_SIZE = 1024 * 1024  # bytes read at once
_MAX_POSITION_BYTES = 64 * 1024  # of the file, before it is begun anew


class Directory(Protocol):
    """What a reader tells about its segment: the account's directory."""

    account: Account

    def add_dead_letters(self, name: str, batch: Batch, status: int | None, reason: str) -> None:
        """Keep refused events."""

    def report_damage(self, name: str, records: int) -> None:
        """Tell that records of a segment cannot be read."""


class SegmentReader:
    """Leases the events of a segment in order, and remembers which have their outcome.

    What this process has written itself it takes from memory. It reads the file of another process, or its own when
    memory does not have all of it.

    Args:
        directory: the account's directory.
        file: the segment.
        lock: guards everything here; reentrant.
        own: the events of this process; None if the segment was taken over.
    """

    _position_fd = -1  # until the position is written

    def __init__(self, directory: Directory, file: SegmentFile, lock: Lock, own: OwnEvents | None = None) -> None:
        self.directory = directory
        self.file = file
        self.name = os.path.basename(file.path)
        self.position = Position() if own is not None else read_position(_position_path(file))
        self.saved = True  # whether the position could be written
        self._lock = lock
        self._own = own
        self._taken_over = own is None
        self._appender: weakref.ref[Appender] | None = None
        self.position.dropped = 0  # what is damaged is counted while the file is read
        self.cut = False  # whether the file was cut off
        self._size = 0  # of the file, when it was last looked at
        self._offset = 0  # up to where it was read
        self._read_whole = False
        self._counted = 0, 0  # up to where newlines were counted, and how many there are
        self._seen = Numbers(self.position.done.ranges)  # what was taken from memory or the file, or need not be
        self._ahead: list[Record] = []  # read, and not leased yet
        self._leased: set[int] = set()
        self._returned = ReturnedBatches()

    def follow(self, appender: Appender) -> None:
        """Take note of what this process writes to the segment with."""
        self._appender = weakref.ref(appender)

    @property
    def complete(self) -> bool:
        """Whether no record can be added any more."""
        return self._appender is None or self._appender() is None

    # Leasing

    def lease(self, served: Collection[Account], max_events: int, max_bytes: int) -> Batch | None:
        """Take events, first those that were sent before."""
        batch = self._returned.take(time.monotonic(), served, max_events, max_bytes)
        if batch is None:
            records = self._next(max_events)
            if not records:
                return None
            wires = [wire for _, wire in records]
            fitting = count_fitting(wires, max_events, max_bytes)
            self._ahead[:0] = records[fitting:]
            numbers = [number for number, _ in records[:fitting]]
            batch = Batch(numbers, wires[:fitting], self, self.directory.account, self._note_sending(numbers))
            self.position.taken += fitting
            self.save()  # before they are sent: who takes the segment over has to know which may have been
        self._leased.update(batch.keys)
        return batch

    def _note_sending(self, numbers: list[int]) -> int:
        """Note that records are about to be sent. Return 1 if a process that was killed may have sent some, else 0."""
        sent = self.position.sent
        if sent is None:
            return 1
        before = any(number in sent for number in numbers) if self._taken_over else False
        sent.add(numbers)
        return int(before)

    def _next(self, count: int) -> list[Record]:
        """Return the next records, and forget them."""
        records, self._ahead = self._ahead[:count], self._ahead[count:]
        if self._own is not None:
            queue = self._own.events
            own = [queue.popleft() for _ in range(min(count - len(records), len(queue)))]
            if not self._own.open:
                own = self._seen.without(own)
            self._seen.add([number for number, _ in own])
            records += own
        while len(records) < count and self._reads_file() and self._read_on():
            room = count - len(records)
            records += self._ahead[:room]
            del self._ahead[:room]
        return records

    def _reads_file(self) -> bool:
        """Return whether there may be records that memory does not have."""
        if self._read_whole:
            return False
        own = self._own
        if own is None or not own.open:
            return True
        if not self.complete or own.events:
            return False
        written = next(own.numbers)
        if self._seen.ranges == ([(0, written)] if written else []):
            self._read_whole = True  # there is nothing that memory did not have
        else:
            self._own = None  # a call was interrupted between writing and returning: its record is in the file alone
        return not self._read_whole

    def _read_on(self) -> bool:
        """Read the next chunk of the file. Return whether there was anything in it."""
        self._look()
        found, self._read_whole = read_chunk(self.file.reading_fd, self._offset, self.complete)
        whole = events(found.records)
        records = self._seen.without(whole)
        self._seen.add([number for number, _ in records])
        self._ahead += records
        headless = not self._offset and len(whole) == len(found.records)
        lost = max(0, found.damaged - headless)  # the header is no event
        self.position.dropped += lost
        if self._read_whole:
            lost += self.lose_missing()
        if lost:
            self.directory.report_damage(self.name, lost)
        self._offset += found.end
        return self._read_whole or bool(found.end)

    def _look(self) -> None:
        """Notice that the file was cut off: what is in it then lies elsewhere, and may have been read before."""
        appender = self._appender() if self._appender is not None else None
        known = max(self._size, self._offset, appender.size if appender is not None else 0)  # asked first: it grows
        size = self.file.size()
        if size < known:
            self.cut = True
            self._offset, self._counted, self._read_whole = 0, (0, 0), False
            self.position.dropped = 0
        self._size = size

    def is_intact(self) -> bool:
        """Return whether the file is still there, and has all that it ever had."""
        self._look()
        return not self.cut and self.file.is_named()

    def lose_missing(self) -> int:
        """Count events that are known to have been written, and were not found, as dropped. Return how many."""
        lost = max(0, (self.position.records or 0) - len(self._seen) - self.position.dropped)
        self.position.dropped += lost
        return lost

    def rest(self) -> list[Batch]:
        """Read to the end, and return all events that have no outcome."""
        while records := self._next(MAX_EVENTS):
            numbers, wires = [number for number, _ in records], [wire for _, wire in records]
            self.position.taken += len(records)
            self._returned.add(Batch(numbers, wires, self, self.directory.account, 1), 0.0)
        return self._returned.batches()

    # Outcomes

    def ack(self, batch: Batch, duplicates: int = 0) -> None:
        """Settle events that the platform has."""
        with self._lock:
            self.position.accepted += len(batch) - duplicates
            self.position.duplicate += duplicates
            self._settle(batch)

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back."""
        with self._lock:
            # Without those that became dead letters before the disk refused the next ones.
            batch = batch.pick([index for index, number in enumerate(batch.keys) if number in self._leased])
            self._leased.difference_update(batch.keys)
            if batch.wires:
                self._returned.add(batch, time.monotonic() + delay if delay else 0.0)

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events as dead letters."""
        with self._lock:
            self.directory.add_dead_letters(self.name, batch, status, reason)
            self.position.dead += len(batch)
            self._settle(batch)

    def _settle(self, batch: Batch) -> None:
        self._leased.difference_update(batch.keys)
        self.position.done.add(batch.keys)
        self.save()

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        self._returned.clear_delays()

    # What is left

    def own_events(self) -> int:
        """Return how many events memory has besides the file. Callers that record ask without the lock."""
        own = self._own
        return len(own.events) if own is not None else 0

    def pending(self) -> int:
        """Return how many records have no outcome. In a file that was not read to its end they are counted as lines."""
        known = self.own_events() + len(self._ahead) + len(self._leased) + self._returned.count()
        if not self._reads_file():
            return known
        counted, lines = self._counted
        fd = self.file.reading_fd
        more, end = count_lines(fd, counted)
        self._counted = end, lines + more
        torn = self.complete and ends_torn(fd, end)
        return max(known, lines + more - 1 - torn - self.position.settled)  # one is the header

    def mark(self) -> Mark:
        """Return a point behind everything that was appended so far."""
        own = self._own
        if own is not None and own.open:
            known = [*self._unsettled(), *(number for number, _ in list(own.events))]
            return max(known, default=-1) + 1, 0
        return (next(own.numbers) if own is not None else float("inf")), self.file.size()

    def is_past(self, mark: Mark | None) -> bool:
        """Return whether every event before the mark has its outcome; without a mark, every one."""
        number, size = mark or (float("inf"), self.file.size())
        if self._reads_file() and self._offset < size:
            return False
        own = list(self._own.events) if self._own is not None else []
        return not any(one < number for one in self._unsettled()) and not any(one < number for one, _ in own)

    def _unsettled(self) -> list[int]:
        returned = [number for batch in self._returned.batches() for number in batch.keys]
        return [*self._leased, *returned, *(number for number, _ in self._ahead)]

    def finished(self) -> bool:
        """Return whether no record can be added, and every one has its outcome."""
        if not self.complete or self.own_events():
            return False  # the file is read, and counted, from where memory ends
        if self._reads_file():
            self._read_on()
        return not self.cut and not self.pending()

    def is_leased(self) -> bool:
        """Return whether events are being sent."""
        return bool(self._leased)

    def idle(self, served: bool) -> bool:
        """Return whether another process may as well go on with the segment.

        Args:
            served: whether this process may deliver the account's events; what it has begun, it then keeps.
        """
        if not self.complete or self._leased:
            return False
        begun = self._ahead or self._returned.count() or (self._own is not None and self.position.taken)
        return not (served and begun)

    def mark_complete(self) -> None:
        """Note how many records the segment has, which then need not be counted again."""
        if self.position.records is None:
            known = not self._reads_file()
            self.position.records = (
                self.position.settled + self.pending() if known else count_records(self.file.reading_fd)
            )
            self.save()
        elif not self.saved:
            self.save()

    def save(self) -> None:
        """Write the position. A full disk must not stop the delivery, which frees it."""
        self.saved = False
        try:
            if self._position_fd < 0:
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | OPEN_FLAGS
                self._position_fd = os.open(_position_path(self.file), flags, 0o600)
            if os.fstat(self._position_fd).st_size > _MAX_POSITION_BYTES:
                os.ftruncate(self._position_fd, 0)
            append_whole(self._position_fd, self.position.encode())
            self.saved = True
        except OSError:
            pass  # at worst the events are sent again, under the same ids

    def close(self) -> None:
        """Close the files, and let another process deliver the segment."""
        self._close_position()
        self.file.close()

    def abandon(self) -> None:
        """Close the files in a fork: the segment stays its parent's."""
        self._close_position()
        self.file.abandon()

    def _close_position(self) -> None:
        fd, self._position_fd = self._position_fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self._close_position()


def read_chunk(fd: int, offset: int, complete: bool) -> tuple[Found, bool]:
    """Return what a file has from ``offset`` on, and whether that was the last of it.

    Args:
        complete: nothing will be written to the file any more; the caller has asked before.
    """
    for size in (CHUNK_SIZE, CHUNK_SIZE + MAX_PAYLOAD):  # the second for a record that is longer than a chunk
        data = read_at(fd, size, offset)
        last = complete and len(data) < size
        found = decode(data, last)
        if found.end or len(data) < size:
            return found, last
    return decode(data, complete=True), last  # no record is as long as that


def count_records(fd: int) -> int:
    """Return how many events a complete segment has."""
    total, offset, last = 0, 0, False
    while not last:
        found, last = read_chunk(fd, offset, complete=True)
        total += len(events(found.records)) + found.damaged
        offset += found.end
    return total


def count_lines(fd: int, offset: int) -> tuple[int, int]:
    """Return how many records begin in a file from ``offset`` on, and where the file ends."""
    found = 0
    while data := read_at(fd, CHUNK_SIZE, offset):
        found += data.count(b"\n")
        offset += len(data)
    return found, offset


def ends_torn(fd: int, end: int) -> bool:
    """Return whether the last record of a complete file was not written to its end."""
    for size in (4096, MAX_PAYLOAD + 4096):
        _, newline, line = read_at(fd, size, max(0, end - size)).rpartition(b"\n")
        if newline:
            return is_torn(line)
    return False


def _position_path(file: SegmentFile) -> str:
    return os.path.splitext(file.path)[0] + POSITION
