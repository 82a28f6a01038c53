"""Connections to a PostgreSQL database, used for one statement at a time."""

from __future__ import annotations

import _thread
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Callable

from urllib3.util.wait import wait_for_read

from openmonetize._http.redaction import Secret
from openmonetize._stores.idle_connections import IdleConnections
from openmonetize.exceptions import ApiValueError, MissingExtraError

if TYPE_CHECKING:
    import psycopg

# A password with a slash is no password for libpq, which takes what is before the slash for host and port, and what is
# behind it for the database: those are shown.
_MISREAD = re.compile(r"[a-z]+://[^/@]*/[^?]*@")
_MAX_REPEATS = 5  # of a statement that was refused because of others


class PostgresConnections:
    """Connects when it is necessary, and keeps idle connections. Safe to use from several threads and over forks.

    Behind a pooler of transactions each statement may meet another session, so none depends on one before: there are no
    prepared statements, settings or locks of sessions.

    Args:
        url: the database, such as ``postgresql://user:password@host/database``; anything that libpq takes.
        purpose: what is in the database, for messages.
        failure: makes an error of a text.
        timeout: seconds that connecting, and each statement, may take.
        prepare: called with each new connection.

    Attributes:
        place: the database as it may be shown.
        losses: how many connections broke; after that it may be another server that answers.

    Raises:
        MissingExtraError: psycopg is not installed.
        ApiValueError: the URL cannot be used.
    """

    def __init__(
        self,
        url: str | Secret,
        purpose: str,
        failure: Callable[[str], Exception],
        *,
        timeout: float,
        prepare: Callable[[psycopg.Connection[Any]], object] = lambda connection: None,
    ) -> None:
        self._url, url = Secret(url), ""  # it may have a password, which no frame shows
        try:
            import psycopg
            from psycopg import conninfo
        except ModuleNotFoundError:
            raise MissingExtraError(f"for {purpose} in PostgreSQL: pip install 'openmonetize[postgres]'") from None
        except ImportError as error:  # psycopg has found no libpq
            raise MissingExtraError(f"psycopg cannot be used: {error}") from None
        if _MISREAD.match(self._url.value):
            raise ApiValueError(
                f"the URL of the {purpose} in PostgreSQL cannot be used: a / in a name or password is written %2F"
            )
        try:
            parts = conninfo.conninfo_to_dict(self._url.value)
            self.place = f"postgresql://{parts.get('host') or ''}/{parts.get('dbname') or ''}"
            readable = True
        except psycopg.Error:
            readable = False
        if not readable:  # outside of the handler: what was raised shows the password
            raise ApiValueError(f"the URL of the {purpose} in PostgreSQL cannot be used")
        self._psycopg = psycopg
        self._purpose = purpose
        self._failure = failure
        self._timeout = timeout
        self._prepare = prepare
        self.losses = 0
        self._stricter: bool | None = None  # whether transactions are isolated more strictly by default
        self._idle: IdleConnections[psycopg.Connection[Any]] = IdleConnections()

    def close(self) -> None:
        """Close the connections that are idle."""
        self._idle.close()

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter ends, or it was never opened
            pass

    def run(self, sql: str, values: Any = ()) -> list[Any]:
        """Run one statement, which is committed at once, and return its rows.

        It is run as READ COMMITTED, also where the database's default is stricter: else others, and the caller's own
        transactions, would be refused because of it. If it is refused because of others itself, it is run again.
        """
        for repeat in range(_MAX_REPEATS + 1):
            with self.connection() as connection:
                try:
                    with connection.transaction() if self._stricter else nullcontext():
                        return fetched(connection.execute(sql.encode(), values))
                except (self._psycopg.errors.SerializationFailure, self._psycopg.errors.DeadlockDetected):
                    if repeat == _MAX_REPEATS:
                        raise
        raise AssertionError("unreachable")

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Yield a connection in autocommit mode. An error of psycopg's in the block is raised as one of ours."""
        try:
            connection = self._take() or self._open()
            try:
                with _bounded(connection, self._timeout):
                    yield connection
            except BaseException:
                if connection.broken:
                    self.losses += 1
                    self.close()  # what has ended it, a restart of the server, has ended the others as well
                connection.close()
                raise
            self._idle.put(connection)
        except self._psycopg.Error as error:
            # The server's words may name the user and the host, and never the password.
            reason = str(error).strip().splitlines() or [type(error).__name__]
            text = f"the {self._purpose} in PostgreSQL cannot be used: {reason[0]}"
            raise self._failure(text) from error.with_traceback(None)

    def _take(self) -> psycopg.Connection[Any] | None:
        """Return an idle connection, None if there is none; not one that the server has ended, which tells of that."""
        while (connection := self._idle.take()) is not None:
            if not wait_for_read(connection, timeout=0.0):  # type: ignore[arg-type]  # it needs no more than fileno()
                return connection
            self.losses += 1
            connection.close()
        return None

    def _open(self) -> psycopg.Connection[Any]:
        connection = self._psycopg.connect(
            self._url.value, autocommit=True, prepare_threshold=None, connect_timeout=max(2, round(self._timeout))
        )
        connection.isolation_level = self._psycopg.IsolationLevel.READ_COMMITTED  # in `connection.transaction()`
        try:
            if self._stricter is None:
                row = connection.execute("SHOW default_transaction_isolation").fetchone()
                self._stricter = row is not None and row[0] != "read committed"
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection


def fetched(cursor: psycopg.Cursor[Any]) -> list[Any]:
    """Return the rows of what was executed; none if it returns none."""
    return cursor.fetchall() if cursor.description is not None else []


@contextmanager
def _bounded(connection: psycopg.Connection[Any], timeout: float) -> Iterator[None]:
    """Break a connection over which no answer comes in time: neither libpq nor psycopg ends to wait by itself.

    A timeout of the server's would not help where the server or the network stands still, and a pooler would keep it
    for other programs. A bare thread is started because `threading` takes locks, and this may run in a finalizer.
    """
    answered = _thread.allocate_lock()
    answered.acquire()
    try:
        _thread.start_new_thread(_break_unless, (answered, connection.fileno(), timeout))
    except RuntimeError:
        pass  # the interpreter ends, or has no more threads
    try:
        yield
    finally:
        answered.release()


def _break_unless(answered: _thread.LockType, fd: int, timeout: float) -> None:
    if not answered.acquire(timeout=timeout):
        with socket.socket(fileno=os.dup(fd)) as copy:
            copy.shutdown(socket.SHUT_RDWR)
