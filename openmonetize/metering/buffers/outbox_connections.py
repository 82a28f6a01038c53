"""The connections to an outbox file: opened when needed, never carried over a fork, moved with the file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

from openmonetize._fork import ProcessMark
from openmonetize.metering.buffers import lease_owner, outbox_accounts as accounts
from openmonetize.metering.buffers.outbox_file import OutboxFile, failure, give_back, leak, transaction
from openmonetize.metering.buffers.outbox_move import move
from openmonetize.metering.buffers.outbox_writer import Writer
from openmonetize.metering.errors import OutboxError


class Connections:
    """One connection for the callers that record, and one for the sender.

    Args:
        path: the file.
        base_url: the server that new events are for.
        fingerprint: digest of the key that new events are recorded under.
        synchronous: SQLite's setting for recording, ``"NORMAL"`` or ``"FULL"``.
        max_bytes: bound on the file's size.
    """

    def __init__(self, path: str, base_url: str, fingerprint: str, synchronous: str, max_bytes: int) -> None:
        self._file = OutboxFile(path)
        self.path = self._file.path
        self.base_url = base_url
        self.fingerprint = fingerprint
        self._synchronous = synchronous
        self._max_bytes = max_bytes
        self._reset()

    def _reset(self) -> None:
        self._mark = ProcessMark()
        self._writer = Writer(self._file, self.base_url, self.fingerprint, self._synchronous, self._max_bytes)
        self._side_lock = threading.Lock()  # guards the sender's connection; taken before the writer's lock
        self._side: sqlite3.Connection | None = None
        self._mine = "0"
        self._owner = 0
        self._closed = False
        self._moved: OutboxError | None = None  # not reported yet

    def open(self) -> None:
        """Create the file, or check the one that is there.

        Raises:
            OutboxError: the file or its place cannot be used.
        """
        self._file.prepare()

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Give the sender's connection; unlike the writer's it may exceed max_bytes, or a full file never drains."""
        if self._mark.forked():
            self._abandon()
        with self._side_lock:
            try:
                if self._side is None:
                    self._side = self._file.connect()
                    self._side.execute("PRAGMA synchronous = NORMAL")
                    self._side.execute("PRAGMA wal_autocheckpoint = 0")
                    accounts.register(self._side, self.base_url, self.fingerprint)
                self._mine = accounts.mine(self._side, self.base_url, self.fingerprint)
                yield self._side
                if self._closed:  # `stats` may be asked afterwards
                    self._drop_side()
            except (sqlite3.Error, OSError) as cause:
                self._file.recheck()
                with self._writer.lock:  # what cannot be read should not be written to either
                    self._drop()
                raise failure(self.path, cause) from cause

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as side, self._writer.lock, transaction(side):
            yield side

    def use(self, base_url: str, fingerprint: str) -> None:
        """Record and deliver for another key from now on; called when the client's key or host was changed."""
        with self._side_lock, self._writer.lock:
            self.base_url, self.fingerprint = base_url, fingerprint
            self._writer.use(base_url, fingerprint)
            self._drop_side()

    def maintain(self) -> None:
        """Move the write-ahead log into the file, so that `put` never has to; check that the file still exists."""
        self.follow_file()
        self._report_move()
        with self._reading() as side:
            side.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            with self._writer.lock:
                give_back(side)

    def follow_file(self) -> None:
        """Go on with another file, or a new one, if the file was deleted or replaced.

        Raises:
            OutboxError: that is not possible.
        """
        if not self._file.vanished():
            return
        with self._side_lock, self._writer.lock:
            if self._file.vanished():
                self._moved = OutboxError(f"outbox {self.path!r}: the file was deleted or replaced; {self._move()}")

    def _report_move(self) -> None:
        moved, self._moved = self._moved, None
        if moved is not None:
            raise moved

    def _move(self) -> str:
        """Move the events of the old file, which exists for as long as it is open. Return what became of them."""
        self._file.renew()
        old, fate = self._side or self._writer.connection, "nothing of it could be kept"
        if old is not None:
            try:
                with closing(self._file.connect()) as new:
                    fate = f"the {move(old, new)} usage events in it were moved to the new one"
            except (sqlite3.Error, OSError, OutboxError) as cause:
                fate += f" ({cause})"
        self._owner = 0
        self._drop()
        return fate

    def before_fork(self) -> None:
        """Close the connections: they must not be carried over a fork, not even to be closed there."""
        self._side_lock.acquire()
        self._writer.lock.acquire()
        self._drop()

    def after_fork(self, in_child: bool) -> None:
        """Reconnect when needed, in parent and child; leases stay the parent's."""
        if in_child:
            self._reset()
        else:
            self._writer.lock.release()
            self._side_lock.release()

    def _abandon(self) -> None:
        """Give up the parent's connections after a fork without hooks: closing them here would damage its file."""
        self._writer.abandon()
        leak(self._side)
        self._reset()

    def _drop(self) -> None:
        self._writer.drop()
        self._drop_side()

    def _drop_side(self) -> None:
        side, self._side = self._side, None
        if side is not None:
            side.close()

    def close(self) -> None:
        """Give leases back and close the file."""
        if self._mark.forked():
            self._abandon()
            return
        try:
            if self._owner:
                with self._writing() as side:
                    lease_owner.release(side, self._owner)
        finally:
            with self._side_lock, self._writer.lock:
                self._owner = 0
                self._drop()
                self._file.forget()
                self._closed = True
        self._report_move()
