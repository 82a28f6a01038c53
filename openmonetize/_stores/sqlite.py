"""Documents of the processes of one host, in a SQLite database."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from openmonetize._stores.documents import STORE_TIMEOUT, DocumentStore, StoreError, Written
from openmonetize._stores.idle_connections import IdleConnections

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
    name TEXT PRIMARY KEY, document TEXT NOT NULL, expires REAL NOT NULL
) WITHOUT ROWID
"""
_LOAD = "SELECT document FROM documents WHERE name = ?"
_INSERT = "INSERT INTO documents (document, expires, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE documents SET document = ?, expires = ? WHERE name = ? AND document = ?"
_PURGE = "DELETE FROM documents WHERE expires < ?"
_SWITCH_INTERVAL = 0.005  # seconds between two attempts


class SqliteDocuments(DocumentStore):
    """Keeps documents in a file on a local disk, with the host's clock.

    They survive the end of every process. A power loss may take the last ones.

    Args:
        path: the file, which is made if there is none. Only its user may read it.
        purpose: what the documents are, for messages.
    """

    def __init__(self, path: str | os.PathLike[str], purpose: str) -> None:
        super().__init__()
        self._purpose = purpose
        self._path = os.path.abspath(path)
        self._file: tuple[int, int] | None = None  # device and inode of what the connections have open
        self._idle: IdleConnections[sqlite3.Connection] = IdleConnections()

    def load(self, name: str) -> tuple[str | None, float]:
        """Return a document and the present time."""
        with self._connection() as connection:
            row = connection.execute(_LOAD, (name,)).fetchone()
            return None if row is None else row[0], time.time()

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        """Write a document if it still is what it was."""
        with self._connection() as connection:
            if old is None:
                return connection.execute(_INSERT, (*new, name)).rowcount == 1
            return connection.execute(_UPDATE, (*new, name, old)).rowcount == 1

    def close(self) -> None:
        """Close the connections that are idle."""
        self._idle.close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            if self._file != _file(self._path):
                self.close()  # it was removed: others begin with a new one
            connection = self._idle.take() or self._open()
            try:
                yield connection
            except BaseException:
                connection.close()
                raise
            self._idle.put(connection)
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"the {self._purpose} in {self._path} cannot be used: {error}") from error

    def _open(self) -> sqlite3.Connection:
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600))
        connection = sqlite3.connect(self._path, timeout=STORE_TIMEOUT, isolation_level=None, check_same_thread=False)
        try:
            # With a write-ahead log a commit needs no disk flush to survive the process.
            _use_log(connection)
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute(_SCHEMA)
            connection.execute(_PURGE, (time.time(),))
            self._file = _file(self._path)
        except BaseException:
            connection.close()
            raise
        return connection


def _file(path: str) -> tuple[int, int] | None:
    """Return what identifies a file; None if there is none."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _use_log(connection: sqlite3.Connection) -> None:
    """Switch a database to a write-ahead log. SQLite does not wait by itself for others that do so as well."""
    deadline = time.monotonic() + STORE_TIMEOUT
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= deadline:
                raise
        time.sleep(_SWITCH_INTERVAL)
