"""The SQLite database: one connection, one lock, explicit transactions."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from openmonetize.exceptions import ApiValueError
from openmonetize.sandbox.tables import DROP, SCHEMA, TABLES, UPGRADES, VERSION

# The largest integer that SQLite stores exactly.
MAX_INTEGER = 2**63 - 1


# Seconds to wait for a file that is in use. A sandbox that is being stopped releases it at once.
_LOCK_TIMEOUT = 0.5


class Database:
    """The storage of one sandbox.

    A file has a write-ahead log (WAL) with ``synchronous=NORMAL``: a commit has reached the operating system, so it
    survives the death of the process at any moment. The file is locked while it is open; the lock is the operating
    system's, and ends with the process. ``:memory:`` lasts as long as the object.

    Raises:
        ApiValueError: the file is not a database of the sandbox, or is in use.
    """

    def __init__(self, path: str = ":memory:") -> None:
        self.path = path
        self.lock = threading.RLock()
        self._depth = 0
        self._closed = False
        if not path:  # SQLite would open a temporary file
            raise ApiValueError("the database has no name; give a file, or ':memory:'")
        try:
            self._connection = sqlite3.connect(
                path, check_same_thread=False, isolation_level=None, timeout=_LOCK_TIMEOUT
            )
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
            # Locked from the first read on: two sandboxes would each bill the waiting events, by clocks of their own.
            self._connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            # Ids are random, so a batch touches pages all over their indexes. Keep the pages in memory, and write
            # each of them back once for many batches.
            self._connection.execute("PRAGMA cache_size = -32000")
            self._connection.execute("PRAGMA wal_autocheckpoint = 16000")
            # The undo log of a batch; on disk it would cost as much as the batch itself.
            self._connection.execute("PRAGMA temp_store = MEMORY")
        self._prepare()

    def _prepare(self) -> None:
        version = self.value("PRAGMA user_version")
        while version in UPGRADES:
            self._write_schema(UPGRADES[version], version + 1)
            version += 1
        if version == VERSION:
            return
        if version != 0 or self.value("SELECT count(*) FROM sqlite_master"):
            raise ApiValueError(
                f"{self.path!r} is not a database of this version of the sandbox; give another file or delete it"
            )
        self._write_schema(SCHEMA, VERSION)

    def _write_schema(self, statements: Iterable[str], version: int) -> None:
        with self.transaction():
            for statement in statements:
                self._connection.execute(statement)
            self._connection.execute(f"PRAGMA user_version = {version}")

    @contextmanager
    def in_request(self) -> Iterator[None]:
        """Hold the lock for a request.

        Raises:
            ConnectionAbortedError: the sandbox was stopped in the meantime, which has cut the request's connection.
        """
        with self.lock:
            if self._closed:
                raise ConnectionAbortedError("the sandbox has been stopped")
            yield

    @property
    def closed(self) -> bool:
        """Whether the sandbox was stopped."""
        return self._closed

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit everything that is written inside, or nothing. It holds the lock; inside another one it joins that."""
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
        """Run a statement; the caller holds the lock."""
        return self._connection.execute(sql, parameters)

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]]) -> sqlite3.Cursor:
        """Run a statement for each row of parameters; the caller holds the lock."""
        return self._connection.executemany(sql, rows)

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """Return all rows of a query."""
        with self.lock:
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> sqlite3.Row | None:
        """Return the first row of a query, or None."""
        with self.lock:
            found: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def value(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        """Return the first column of a query's first row, or None."""
        found = self.row(sql, parameters)
        return None if found is None else found[0]

    def clear(self) -> None:
        """Delete all rows."""
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
        """Close the file. Closing twice is fine."""
        with self.lock:
            self._closed = True
            self._connection.close()


def _unusable(path: str, error: sqlite3.Error) -> ApiValueError:
    if "locked" in str(error):
        return ApiValueError(f"{path!r} is in use by another sandbox or program")
    return ApiValueError(f"{path!r} cannot be used as the sandbox's database: {error}")


def cell(number: int | float) -> int | float:
    """Return a number as SQLite can hold it: above 64 bits it becomes a double, as it does in SQLite's own sums."""
    return number if -MAX_INTEGER <= number <= MAX_INTEGER else float(number)


def marks(count: int) -> str:
    """Return ``?,?,?`` for a list of `count` parameters."""
    return ",".join("?" * count)
