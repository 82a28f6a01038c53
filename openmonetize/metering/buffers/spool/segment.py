"""A segment: a file to which one process appends events, and from which one process delivers them."""

from __future__ import annotations

import json
import os
import secrets
import threading
import time
from collections import deque
from itertools import count
from typing import Any

from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.records import Record, decode, encode, encode_json
from openmonetize.metering.buffers.spool.system import (
    OPEN_FLAGS,
    RENAMES_OPEN_FILES,
    append_whole,
    flush_directory,
    flush_to_device,
    is_named,
    lock,
    open_for_reading,
    read_at,
    replace_file,
    try_lock,
    unlink,
    unlock,
)

FORMAT = 1
# What a process keeps in memory besides, to deliver it without reading the file: events, and about their bytes.
MAX_OWN_EVENTS, MAX_OWN_BYTES = 20_000, 16 * 1024 * 1024
_MAX_HEADER = 4096  # bytes, of the first record of a file; the next may be cut off there
EVENTS, DEAD, KEPT, POSITION, NEW = ".events", ".dead", ".kept", ".pos", ".new"


def new_name() -> str:
    """Return a name for a segment. Names sort by time, as far as the clock can be trusted."""
    return f"{time.time_ns() // 1_000_000:013d}-{secrets.token_hex(4)}"


def header(account: Account, name: str) -> bytes:
    """Return the first record of a segment."""
    return encode_json({"format": FORMAT, "name": name, **account._asdict()})


def events(records: list[Record]) -> list[Record]:
    """Return the records of a file from its begin on without the header."""
    return records[1:] if records and records[0][1].startswith(b'{"format":') else records


def read_header(fd: int) -> dict[str, Any] | None:
    """Return what the first record of a file says; None if it is not a header, or damaged."""
    records = decode(read_at(fd, _MAX_HEADER, 0), complete=False).records
    try:
        facts = json.loads(records[0][1])
        return facts if isinstance(facts, dict) and {"format", "base_url", "fingerprint"} <= set(facts) else None
    except (IndexError, ValueError, RecursionError):
        return None


def read_header_of(path: str) -> dict[str, Any] | None:
    """Return what the first record of the file at a path says."""
    fd = os.open(path, os.O_RDONLY | OPEN_FLAGS)
    try:
        return read_header(fd)
    finally:
        os.close(fd)


class SegmentFile:
    """An open segment. Whoever has it holds its lock, which no other process can take until this one closes the file.

    Attributes:
        fd: the open file, locked.
        reading_fd: what to read it with.
        path: its path.
    """

    fd = reading_fd = -1  # when an interrupted constructor leaves nothing else to close

    def __init__(self, fd: int, path: str) -> None:
        self.fd = fd
        self.path = path
        self.reading_fd = open_for_reading(fd, path)

    def size(self) -> int:
        """Return the file's size in bytes."""
        return os.fstat(self.fd).st_size

    def is_named(self) -> bool:
        """Return whether the file is still there, and not replaced by another."""
        return is_named(self.fd, self.path)

    def close(self) -> None:
        """Close the file and free its lock, also when a fork that never noticed still has the file open."""
        if self.fd >= 0:
            unlock(self.fd)
        self.abandon()

    def abandon(self) -> None:
        """Close the file. If a fork does so, the lock stays its parent's."""
        fds = {self.fd, self.reading_fd} - {-1}
        self.fd = self.reading_fd = -1  # first: an interrupt between the two must not have another's file closed later
        for fd in fds:
            os.close(fd)

    def __del__(self) -> None:
        self.abandon()


def create(folder: str, account: Account) -> SegmentFile:
    """Create a segment and take its lock before anyone else can see it."""
    path = os.path.join(folder, new_name()) + EVENTS
    first = path[: -len(EVENTS)] + NEW if RENAMES_OPEN_FILES else path
    fd = os.open(first, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | OPEN_FLAGS, 0o600)
    file = SegmentFile(fd, path)
    try:
        lock(fd, timeout=0.0)
        append_whole(fd, header(account, os.path.basename(path)))
        if first != path:
            os.rename(first, path)
    except BaseException:
        file.close()
        unlink(first)
        raise
    return file


def take_over(path: str) -> SegmentFile | None:
    """Open a segment that no process holds; return None if one does, or if it has gone."""
    try:
        fd = os.open(path, os.O_RDWR | os.O_APPEND | OPEN_FLAGS)
    except FileNotFoundError:
        return None
    file = SegmentFile(fd, path)
    if try_lock(fd) and file.is_named():
        return file
    file.abandon()
    return None


class OwnEvents:
    """The events that this process has written to a segment, for as long as it delivers them without reading the file.

    Attributes:
        numbers: gives each record its number.
        events: numbers and events, not leased yet.
        open: whether more of them are put here. Once there were too many, those that follow are read from the file.
    """

    __slots__ = ("events", "numbers", "open")

    def __init__(self, room: bool) -> None:
        self.numbers = count()
        self.events: deque[Record] = deque()
        self.open = room


class Appender:
    """Appends events to a segment, from any thread, without a lock.

    While it exists, records may still come: a recording call refers to the appender that it writes through, so that it
    goes when it was replaced and the last such call has returned. The segment is complete from then on.

    Args:
        file: the segment.
        account: the account that its events are recorded under.
        queue: where this process delivers its own events from.
    """

    def __init__(self, file: SegmentFile, account: Account, queue: OwnEvents) -> None:
        self.file = file
        self.account = account
        self.size = file.size()  # about: threads that add to it together may lose an addition
        self.started = time.monotonic()
        self._fd = file.fd
        self._queue = queue

    def append(self, wire: bytes) -> None:
        """Append an event; raise `OSError` if it was not written as a whole."""
        queue = self._queue
        number = next(queue.numbers)
        record = encode(wire, number)
        append_whole(self._fd, record)
        self.size += len(record)
        if queue.open:
            queue.events.append((number, wire))
            if len(queue.events) >= MAX_OWN_EVENTS:
                queue.open = False  # for good: the reader goes on with the file


class FlushingAppender(Appender):
    """An appender that returns when an event is on the device. Threads that append together share one flush."""

    def __init__(self, file: SegmentFile, account: Account, queue: OwnEvents) -> None:
        super().__init__(file, account, queue)
        self._numbers = count(1)
        self._last = self._flushed = 0  # the last event that was written, and the last that is on the device
        self._flushing = threading.RLock()  # reentrant: a signal handler may record while its thread flushes
        account_folder = os.path.dirname(file.path)
        spool_folder = os.path.dirname(account_folder)
        flush_directory(account_folder)
        flush_directory(spool_folder)  # it may be as new as the segment
        try:
            flush_directory(os.path.dirname(spool_folder))
        except PermissionError:  # it is another user's, who does not let it be read
            pass

    def append(self, wire: bytes) -> None:
        """Append an event and wait until it is on the device."""
        super().append(wire)
        number = self._last = next(self._numbers)
        while self._flushed < number:
            with self._flushing:
                if self._flushed < number:  # no thread has flushed since the event was written
                    upto = self._last
                    flush_to_device(self._fd)
                    self._flushed = upto


def write_whole(path: str, account: Account, wires: list[bytes]) -> None:
    """Write a complete segment, or nothing. It is on the device before what its events were in is removed."""
    records = [encode(wire, number) for number, wire in enumerate(wires)]
    whole = header(account, os.path.basename(path)) + b"".join(records)
    replace_file(path, path[: -len(EVENTS)] + NEW, whole, durable=True)
