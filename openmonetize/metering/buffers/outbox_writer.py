"""Putting events into the outbox file: one short transaction for all threads that come together."""

from __future__ import annotations

import sqlite3
import threading
from collections import deque

from openmonetize.metering.buffers import outbox_accounts as accounts
from openmonetize.metering.buffers.outbox_file import OutboxFile, failure, leak, transaction
from openmonetize.metering.errors import OutboxError

_INSERT = "INSERT INTO event(account, wire) VALUES (?, ?)"
_MAX_WAL_PAGES = 16_000  # the writer moves the log into the file only if the sender did not for this long (64 MB)


class _Ticket:
    """One event on its way to disk, and what became of it."""

    __slots__ = ("done", "error", "wire")

    def __init__(self, wire: bytes) -> None:
        self.wire = wire
        self.done = False
        self.error: OutboxError | None = None


class Writer:
    """The connection that callers write through.

    Args:
        file: the file.
        base_url: the server that new events are for.
        fingerprint: digest of the key that new events are recorded under.
        synchronous: SQLite's setting, ``"NORMAL"`` or ``"FULL"``.
        max_bytes: bound on the file's size.
    """

    def __init__(self, file: OutboxFile, base_url: str, fingerprint: str, synchronous: str, max_bytes: int) -> None:
        self._file = file
        self._synchronous = synchronous
        self._max_bytes = max_bytes
        self.lock = threading.Lock()  # held for the length of one write transaction, of the sender as well
        self._pending: deque[_Ticket] = deque()
        self.connection: sqlite3.Connection | None = None
        self._account = 0
        self._owner_of_account = (base_url, fingerprint)

    def put(self, wire: bytes) -> None:
        """Write one event; raise `OutboxError` if it is not on disk."""
        ticket = _Ticket(wire)
        self._pending.append(ticket)
        # The thread that gets the lock commits the events of all; the threads that waited find theirs done.
        with self.lock:
            if not ticket.done:
                self._commit_pending()
        if ticket.error is not None:
            raise ticket.error

    def _commit_pending(self) -> None:
        batch: list[_Ticket] = []
        error: OutboxError | None = None
        try:
            while self._pending:
                batch.append(self._pending.popleft())
            connection = self.connection or self._open()
            if len(batch) == 1:
                connection.execute(_INSERT, (self._account, batch[0].wire))
            else:
                with transaction(connection):
                    connection.executemany(_INSERT, [(self._account, ticket.wire) for ticket in batch])
        except (sqlite3.Error, OSError, OutboxError) as cause:
            error = cause if isinstance(cause, OutboxError) else failure(self._file.path, cause)
            self.drop()
            self._file.recheck()
        except BaseException:
            # Interrupted half-way: the other threads' events are written again, at worst twice under one id.
            self._pending.extendleft(reversed(batch))
            raise
        for ticket in batch:
            ticket.error = error
            ticket.done = True

    def _open(self) -> sqlite3.Connection:
        connection = self._file.connect()
        try:
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_MAX_WAL_PAGES}")
            page = connection.execute("PRAGMA page_size").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {max(self._max_bytes // page, 16)}")
            self._account = accounts.register(connection, *self._owner_of_account)
        except BaseException:
            connection.close()
            raise
        self.connection = connection
        return connection

    def use(self, base_url: str, fingerprint: str) -> None:
        """Record for another account from now on. Call it under the lock."""
        if self._pending:
            self._commit_pending()
        self._owner_of_account = (base_url, fingerprint)
        self.drop()

    def drop(self) -> None:
        """Close the connection; the next event opens another. Call it under the lock."""
        connection, self.connection = self.connection, None
        if connection is not None:
            connection.close()

    def abandon(self) -> None:
        """Give up the connection without closing it."""
        leak(self.connection)
