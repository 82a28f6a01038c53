"""The tables of an outbox, by version, made by ``openmonetize outbox migrate`` or by the user's own migrations.

Every version has one script, which goes on from the one before, and runs as a whole or not at all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from openmonetize._stores.postgres import DOCUMENTS_TABLE
from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.errors import OutboxError

if TYPE_CHECKING:
    from openmonetize._http.redaction import Secret

# Of the events only what is sought has an index: the oldest of an account. A lease changes no column of it, so that
# PostgreSQL need not write the index (a "heap-only tuple").
_VERSION_1 = f"""
CREATE SCHEMA IF NOT EXISTS openmonetize;
CREATE TABLE openmonetize.accounts (
    id bigint PRIMARY KEY,
    base_url text NOT NULL, fingerprint text NOT NULL, customer_id text,
    added timestamptz NOT NULL DEFAULT clock_timestamp(),
    accepted bigint NOT NULL DEFAULT 0, duplicate bigint NOT NULL DEFAULT 0, dropped bigint NOT NULL DEFAULT 0,
    billed bigint NOT NULL DEFAULT 0, lost bigint NOT NULL DEFAULT 0,
    repaired bigint NOT NULL DEFAULT 0, unpaid bigint NOT NULL DEFAULT 0,
    UNIQUE (base_url, fingerprint)
);
CREATE TABLE openmonetize.events (
    account bigint NOT NULL, id bigint GENERATED ALWAYS AS IDENTITY,
    wire bytea NOT NULL, recorded timestamptz NOT NULL DEFAULT now(),
    attempts smallint NOT NULL DEFAULT 0, due timestamptz, leased boolean NOT NULL DEFAULT false,
    PRIMARY KEY (account, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
CREATE TABLE openmonetize.dead_letters (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account bigint NOT NULL, wire bytea NOT NULL,
    status integer, reason text NOT NULL, at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON openmonetize.dead_letters (account);
CREATE TABLE openmonetize.batches (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account bigint NOT NULL, wires bytea[] NOT NULL,
    sent double precision, answered double precision, at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON openmonetize.batches (account, at);
CREATE TABLE openmonetize.notes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account bigint NOT NULL, hour timestamptz NOT NULL,
    record json NOT NULL
);
CREATE INDEX ON openmonetize.notes (account, hour);
CREATE TABLE openmonetize.locks (name text PRIMARY KEY, holder text NOT NULL, until timestamptz NOT NULL);
CREATE TABLE openmonetize.jobs (
    key text PRIMARY KEY, job bytea NOT NULL, due double precision NOT NULL,
    claimed timestamptz, ended timestamptz
);
{DOCUMENTS_TABLE.strip()};
CREATE TABLE openmonetize.outbox_version (version integer NOT NULL);
INSERT INTO openmonetize.outbox_version VALUES (1);
""".strip()

_SCRIPTS = (_VERSION_1,)
VERSION = len(_SCRIPTS)


def migration(since: int = 0) -> str:
    """Return the SQL that makes the tables of this version from those of another one.

    Args:
        since: the version that is there; 0: none.
    """
    return "\n\n".join(_SCRIPTS[since:])


def migrate(url: Secret) -> int:
    """Make or change the tables. Return the version that was there, 0 if there was none.

    Raises:
        OutboxError: the database cannot be used, or its tables are of a later version.
    """
    connections = PostgresConnections(url, "outbox", OutboxError, timeout=600.0)
    try:
        with connections.connection() as connection, connection.transaction():
            connection.execute(b"SELECT pg_advisory_xact_lock(7306071830214115170)")
            present = _version(connection)
            if present < VERSION:
                connection.execute(migration(present).encode())
    finally:
        connections.close()
    _refuse_later(present)
    return present


def require_tables(connections: PostgresConnections) -> None:
    """Make sure that the tables are there, and of this version.

    Raises:
        OutboxError: they are not, or the database cannot be used.
    """
    with connections.connection() as connection:
        present = _version(connection)
    if present < VERSION:
        state = f"are of version {present}, and not {VERSION}" if present else "are not there"
        raise OutboxError(
            f"the outbox's tables in {connections.place} {state}: run `openmonetize outbox migrate`, or what "
            "`openmonetize outbox migrate --sql` prints",
            misuse=True,
        )
    _refuse_later(present)


def _refuse_later(present: int) -> None:
    if present > VERSION:
        raise OutboxError(
            f"the outbox's tables are of version {present}, which a later release has made: use that release",
            misuse=True,
        )


def _version(connection: object) -> int:
    execute = connection.execute  # type: ignore[attr-defined]  # psycopg is not imported for its types
    there = execute(b"SELECT to_regclass('openmonetize.outbox_version') IS NOT NULL").fetchone()[0]
    return int(execute(b"SELECT max(version) FROM openmonetize.outbox_version").fetchone()[0]) if there else 0
