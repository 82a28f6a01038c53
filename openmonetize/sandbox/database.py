"""The SQLite database: one connection, one lock, explicit transactions."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import Any, Iterable, Iterator, List, Optional, Sequence, Union

from openmonetize.sandbox.tables import DROP, SCHEMA, TABLES, VERSION

MAX_INTEGER = 2**63 - 1

_PATIENCE = 0.5
"""Seconds to wait for a file that is in use: a sandbox that is being stopped lets go of it at once."""


class Database:
    """Storage of one sandbox.

    A file is written ahead (WAL) with ``synchronous=NORMAL``: what was committed is in the operating system's
    hands, so it survives the death of the process at any moment. The file is locked while it is open; the lock is
    the operating system's, and dies with the process. `:memory:` lives as long as the object.

    Raises:
        ValueError: the file is no database of the sandbox, or is in use.
    """

    def __init__(self, path: str = ":memory:") -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._closed = False
        if not path:  # SQLite would take a file that it deletes in the end
            raise ValueError("the database has no name; give a file, or ':memory:'")
        try:
            self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=_PATIENCE)
        except sqlite3.Error as error:
            raise _unusable(path, error) from error
        try:
            self._open()
        except sqlite3.Error as error:
            self._connection.close()
            raise _unusable(path, error) from error
        except BaseException:
            self._connection.close()
            raise

    def _open(self) -> None:
        self._connection.row_factory = sqlite3.Row
        if self.path != ":memory:":
            # Locked from the first reading on: two sandboxes would each bill what waits there, by its own clock.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            # Ids are random, so a batch touches pages all over their indexes: keep those in memory, and write
            # each of them back once for many batches.
            self._connection.execute("PRAGMA cache_size = -32000")
            self._connection.execute("PRAGMA wal_autocheckpoint = 16000")
            # What a batch may have to undo; on disk it would cost as much as the batch itself.
            self._connection.execute("PRAGMA temp_store = MEMORY")
        self._prepare()

    def _prepare(self) -> None:
        version = self.value("PRAGMA user_version")
        if version == VERSION:
            return
        if version != 0 or self.value("SELECT count(*) FROM sqlite_master"):
            raise ValueError(
                f"{self.path!r} is not a database of this version of the sandbox; give another file or delete it"
            )
        self._create()

    def _create(self) -> None:
        with self.transaction():
            for statement in SCHEMA:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {VERSION}")

    @contextmanager
    def in_request(self) -> Iterator[None]:
        """Hold the lock for a request.

        Raises:
            ConnectionAbortedError: the sandbox was stopped meanwhile, and has cut the request's connection.
        """
        with self.lock:
            if self._closed:
                raise ConnectionAbortedError("the sandbox has been stopped")
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing; the lock is held meanwhile. A transaction inside another joins it."""
        with self.lock:
            if self._depth:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            self._depth = 1
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            else:
                self._connection.execute("COMMIT")
            finally:
                self._depth = 0

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        return self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> List[sqlite3.Row]:
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> Optional[sqlite3.Row]:
        with self.lock:
            found: Optional[sqlite3.Row] = self._connection.execute(sql, parameters).fetchone()
            return found

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    def clear(self) -> None:
        """Forget everything."""
        with self.lock:
            if self.path == ":memory:":
                with self.transaction():
                    for statement in DROP:
                        self._connection.execute(statement)
                    for statement in SCHEMA:
                        self._connection.execute(statement)
                return
            with self.transaction():
                for table in TABLES:
                    self._connection.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        with self.lock:
            self._closed = True
            self._connection.close()


def _unusable(path: str, error: sqlite3.Error) -> ValueError:
    if "locked" in str(error):
        return ValueError(f"{path!r} is in use by another sandbox or program")
    return ValueError(f"{path!r} cannot be used as the sandbox's database: {error}")


def cell(number: Union[int, float]) -> Union[int, float]:
    """A number as SQLite can hold it: beyond 64 bits it becomes a double, as it does in SQLite's own sums."""
    return number if -MAX_INTEGER <= number <= MAX_INTEGER else float(number)


def marks(count: int) -> str:
    """``?,?,?`` for a list of `count` parameters."""
    return ",".join("?" * count)
