"""Holds of a fleet, in a PostgreSQL database."""

from __future__ import annotations

import _thread
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from openmonetize._http.redaction import Secret
from openmonetize.exceptions import ApiValueError, MissingExtraError
from openmonetize.gate.holds.idle_connections import IdleConnections
from openmonetize.gate.holds.store import STORE_TIMEOUT, HoldStore, HoldStoreError

if TYPE_CHECKING:
    import psycopg

_LOCK = 7_306_071_830_214_115_169  # any number of our own: only one process at a time makes the table
_NOW = "extract(epoch FROM clock_timestamp())::float8"
_TABLE = """
CREATE TABLE IF NOT EXISTS openmonetize_holds (
    wallet text PRIMARY KEY, document text NOT NULL, expires double precision NOT NULL
)
"""
_EXISTS = "SELECT to_regclass('openmonetize_holds') IS NOT NULL"
_LOAD = f"SELECT (SELECT document FROM openmonetize_holds WHERE wallet = %s), {_NOW}"
_INSERT = "INSERT INTO openmonetize_holds (document, expires, wallet) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE openmonetize_holds SET document = %s, expires = %s WHERE wallet = %s AND document = %s"
_PURGE = f"DELETE FROM openmonetize_holds WHERE expires < {_NOW}"


class PostgresHolds(HoldStore):
    """Keeps holds in the table ``openmonetize_holds``, which is made if there is none, with the server's clock.

    Args:
        url: the database, such as ``postgresql://user:password@host/database``; anything that libpq takes.

    Raises:
        MissingExtraError: psycopg is not installed.
        ApiValueError: the URL cannot be used.
    """

    def __init__(self, url: str | Secret) -> None:
        self._url, url = Secret(url), ""  # it may have a password, which no frame shows
        super().__init__()
        try:
            import psycopg
            from psycopg import conninfo
        except ModuleNotFoundError:
            raise MissingExtraError("for holds in PostgreSQL: pip install 'openmonetize[postgres]'") from None
        except ImportError as error:  # psycopg has found no libpq
            raise MissingExtraError(f"psycopg cannot be used: {error}") from None
        try:
            conninfo.conninfo_to_dict(self._url.value)
            readable = True
        except psycopg.Error:
            readable = False
        if not readable:  # outside of the handler: what was raised shows the password
            raise ApiValueError("the URL of the holds in PostgreSQL cannot be used")
        self._psycopg = psycopg
        self._idle: IdleConnections[psycopg.Connection[Any]] = IdleConnections()

    def load(self, wallet: str) -> tuple[str | None, float]:
        """Return a wallet's document and the server's time."""
        with self._connection() as connection:
            row = connection.execute(_LOAD, (wallet,)).fetchone()
            assert row is not None
            return row[0], row[1]

    def swap(self, wallet: str, old: str | None, new: str, expires: float) -> bool:
        """Write a wallet's document if it still is what it was."""
        try:
            with self._connection() as connection:
                if old is None:
                    return connection.execute(_INSERT, (new, expires, wallet)).rowcount == 1
                return connection.execute(_UPDATE, (new, expires, wallet, old)).rowcount == 1
        except HoldStoreError as error:
            # Where the database's default is a stricter isolation than READ COMMITTED, this says the same.
            if isinstance(error.__cause__, self._psycopg.errors.SerializationFailure):
                return False
            raise

    def close(self) -> None:
        """Close the connections that are idle."""
        self._idle.close()

    @contextmanager
    def _connection(self) -> Iterator[psycopg.Connection[Any]]:
        try:
            connection = self._idle.take() or self._open()
            try:
                with _bounded(connection):
                    yield connection
            except BaseException:
                if connection.broken:
                    self.close()  # what has ended it, a restart of the server, has ended the others as well
                connection.close()
                raise
            self._idle.put(connection)
        except self._psycopg.Error as error:
            # The server's words may name the user and the host, and never the password.
            reason = str(error).strip().splitlines() or [type(error).__name__]
            raise HoldStoreError(f"the holds in PostgreSQL cannot be used: {reason[0]}") from error.with_traceback(None)

    def _open(self) -> psycopg.Connection[Any]:
        # Behind a pooler of transactions, prepared statements may be another session's.
        connection = self._psycopg.connect(
            self._url.value, autocommit=True, prepare_threshold=None, connect_timeout=round(STORE_TIMEOUT)
        )
        try:
            row = connection.execute(_EXISTS).fetchone()
            if row is None or not row[0]:
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
                    connection.execute(_TABLE)
            connection.execute(_PURGE)
        except BaseException:
            connection.close()
            raise
        return connection


@contextmanager
def _bounded(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Break a connection over which no answer comes in time: neither libpq nor psycopg ends to wait by itself.

    A timeout of the server's would not help where the server or the network stands still, and a pooler would keep it
    for other programs. A bare thread is started because `threading` takes locks, and this may run in a finalizer.
    """
    answered = _thread.allocate_lock()
    answered.acquire()
    try:
        _thread.start_new_thread(_break_unless, (answered, connection.fileno()))
    except RuntimeError:
        pass  # the interpreter ends, or has no more threads
    try:
        yield
    finally:
        answered.release()


def _break_unless(answered: _thread.LockType, fd: int) -> None:
    if not answered.acquire(timeout=STORE_TIMEOUT):
        with socket.socket(fileno=os.dup(fd)) as copy:
            copy.shutdown(socket.SHUT_RDWR)
