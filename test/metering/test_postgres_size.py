"""An outbox in a database with millions of events: what is sought is found by the index."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import engines
import pytest

pytest.importorskip("psycopg", reason="psycopg is not installed")

import psycopg

from openmonetize._http.redaction import Secret
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.postgres import outbox as outbox_module
from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox

pytestmark = pytest.mark.slow

EVENTS = 5_000_000
ACCOUNTS = [Account("http://127.0.0.1:1", name) for name in "abcde"]
GONE = 1_000_000  # of the first account, at the head
MAX_PAGES = 5_000  # that a statement may read; the table has hundreds of thousands
PLANNED = {
    "lease": (outbox_module._LEASE, lambda number: (number, 0, 1000, 120.0)),
    "is_past": (outbox_module._WAITS, lambda number: (number, 0, EVENTS)),
    "has_pending": (outbox_module._ANY, lambda number: (number,)),
    "watermark": (outbox_module._LAST, lambda number: (number,)),
}


@pytest.fixture(scope="module")
def full() -> Iterator[str]:
    """Yield a database with five million events, most of them of the first account."""
    with engines.postgres() as url:
        database = engines.database(url)
        buffer = PostgresOutbox(Secret(database))
        numbers = [buffer._accounts.number(account) for account in ACCOUNTS]
        buffer.close()
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute("ALTER TABLE openmonetize.events SET (autovacuum_enabled = false)")
            connection.execute(
                "INSERT INTO openmonetize.events (account, wire) "
                "SELECT (%s::bigint[])[CASE WHEN n %% 5 < 4 THEN 1 ELSE 2 + (n / 5) %% 4 END],"
                " convert_to(rpad(n::text, 350, 'x'), 'UTF8') FROM generate_series(1, %s) AS n",
                (numbers, EVENTS),
            )
        yield database


def plan(database: str, sql: str, values: Any, analyze: bool = False) -> dict[str, Any]:
    """Return the plan of a statement, and undo what it does."""
    how = "ANALYZE, BUFFERS, " if analyze else ""
    with psycopg.connect(database) as connection:
        row = connection.execute(f"EXPLAIN ({how}FORMAT JSON) {sql}".encode(), values).fetchone()
        connection.rollback()
    assert row is not None
    found: dict[str, Any] = row[0][0]["Plan"]
    return found


def nodes(of: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield all parts of a plan."""
    yield of
    for part in of.get("Plans", ()):
        yield from nodes(part)


@pytest.mark.parametrize("analyzed", [False, True], ids=["without statistics", "with statistics"])
@pytest.mark.parametrize("what", PLANNED)
def test_the_index_is_used(full: str, what: str, analyzed: bool) -> None:
    if analyzed:
        with psycopg.connect(full, autocommit=True) as connection:
            connection.execute("ANALYZE openmonetize.events")
    buffer = PostgresOutbox(Secret(full))
    sql, values = PLANNED[what]
    for account in ACCOUNTS[:2]:
        found = plan(full, sql, values(buffer._accounts.number(account)))
        kinds = [part["Node Type"] for part in nodes(found)]
        indexes = {part.get("Index Name") for part in nodes(found)} - {None}
        assert "Seq Scan" not in kinds and indexes == {"events_pkey"}, found
    buffer.close()


def test_a_lease_passes_over_deleted_events_that_an_open_transaction_could_see_once_only(full: str) -> None:
    buffer = PostgresOutbox(Secret(full))
    buffer.serve(ACCOUNTS[:1])
    number = buffer._accounts.number(ACCOUNTS[0])
    fresh = timed(buffer)
    with psycopg.connect(full) as reader, psycopg.connect(full, autocommit=True) as connection:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT count(*) FROM openmonetize.accounts")  # it could see what is deleted from now on
        connection.execute(
            "DELETE FROM openmonetize.events WHERE account = %s AND id < (SELECT id FROM openmonetize.events"
            " WHERE account = %s ORDER BY id OFFSET %s LIMIT 1)",
            (number, number, GONE),
        )
        buffer.clear_delays()  # so that the next lease looks from the beginning
        first, second = timed(buffer), timed(buffer)
        since = buffer._leases.beginnings._next[number]
        pages = {since: pages_looked_at(full, number, since), 0: pages_looked_at(full, number, 0)}
    print(
        f"a lease: {fresh:.3f} s; with {GONE} deleted before it {first:.3f} s, and then {second:.3f} s; pages {pages}"
    )
    assert pages[since] < MAX_PAGES < pages[0]
    assert not buffer.is_past([outbox_module._Mark(number, EVENTS, [])])
    buffer.close()


def timed(buffer: PostgresOutbox) -> float:
    """Return how long a lease takes, in seconds."""
    began = time.perf_counter()
    batch = buffer.lease(1000, 10**9)
    assert batch is not None and len(batch) == 1000
    return time.perf_counter() - began


def pages_looked_at(database: str, number: int, since: int) -> int:
    """Return how many pages a lease reads to find its events."""
    sql, _ = PLANNED["lease"]
    found = plan(database, sql, (number, since, 1000, 120.0), analyze=True)
    looks = [part for part in nodes(found) if part["Node Type"] == "Index Scan" and "due" in part.get("Filter", "")]
    assert len(looks) == 1
    return int(looks[0]["Shared Hit Blocks"] + looks[0]["Shared Read Blocks"])
