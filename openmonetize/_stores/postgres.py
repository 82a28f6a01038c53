"""Documents of a fleet, in a PostgreSQL database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openmonetize._http.redaction import Secret
from openmonetize._stores.documents import STORE_TIMEOUT, DocumentStore, StoreError, Written
from openmonetize._stores.postgres_connections import PostgresConnections

if TYPE_CHECKING:
    import psycopg

_LOCK = 7_306_071_830_214_115_169  # any number of our own: only one process at a time makes the table
_NOW = "extract(epoch FROM clock_timestamp())::float8"
DOCUMENTS_TABLE = """
CREATE TABLE IF NOT EXISTS openmonetize.documents (
    name text PRIMARY KEY, document text NOT NULL, expires double precision NOT NULL
)"""
_EXISTS = "SELECT to_regclass('openmonetize.documents') IS NOT NULL"
_LOAD = f"SELECT (SELECT document FROM openmonetize.documents WHERE name = %s), {_NOW}"
_INSERT = "INSERT INTO openmonetize.documents (document, expires, name) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_UPDATE = "UPDATE openmonetize.documents SET document = %s, expires = %s WHERE name = %s AND document = %s"
_PURGE = f"DELETE FROM openmonetize.documents WHERE expires < {_NOW}"


class PostgresDocuments(DocumentStore):
    """Keeps documents in the table ``openmonetize.documents``, which is made if there is none.

    Args:
        url: the database, such as ``postgresql://user:password@host/database``; anything that libpq takes.
        purpose: what the documents are, for messages.

    Raises:
        MissingExtraError: psycopg is not installed.
        ApiValueError: the URL cannot be used.
    """

    def __init__(self, url: str | Secret, purpose: str) -> None:
        super().__init__()
        self._connections = PostgresConnections(
            Secret(url), purpose, StoreError, timeout=STORE_TIMEOUT, prepare=_prepare
        )

    def load(self, name: str) -> tuple[str | None, float]:
        """Return a document and the server's time."""
        with self._connections.connection() as connection:
            row = connection.execute(_LOAD, (name,)).fetchone()
            assert row is not None
            return row[0], row[1]

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        """Write a document if it still is what it was."""
        from psycopg.errors import SerializationFailure

        try:
            with self._connections.connection() as connection:
                if old is None:
                    return connection.execute(_INSERT, (*new, name)).rowcount == 1
                return connection.execute(_UPDATE, (*new, name, old)).rowcount == 1
        except StoreError as error:
            # Where the database's default is a stricter isolation than READ COMMITTED, this says the same.
            if isinstance(error.__cause__, SerializationFailure):
                return False
            raise

    def close(self) -> None:
        """Close the connections that are idle."""
        self._connections.close()


def _prepare(connection: psycopg.Connection[Any]) -> None:
    row = connection.execute(_EXISTS).fetchone()
    if row is None or not row[0]:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
            connection.execute("CREATE SCHEMA IF NOT EXISTS openmonetize")
            connection.execute(DOCUMENTS_TABLE)
    connection.execute(_PURGE)
