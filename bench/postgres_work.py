"""Orders with their usage, in PostgreSQL. Run as a program, it is a sandbox, or a process that delivers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from fixtures import KEY

_USAGE: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4o",
    "input_tokens": 1000,
    "output_tokens": 500,
    "user_id": "acme_user_456",
    "feature_id": "chat-completion",
}
_NOWHERE = "http://127.0.0.1:9"
_TABLES = """
CREATE TABLE IF NOT EXISTS orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text, cents int);
CREATE TABLE IF NOT EXISTS bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, wire bytea NOT NULL);
"""
_ORDER = "INSERT INTO orders (customer, cents) VALUES (%s, %s)"
_BARE = "INSERT INTO bare (wire) VALUES (%s)"
_SIZE = 333  # bytes of an event like this


def order_ours(database: str) -> Callable[[], object]:
    """Commit an order and its usage."""
    connection, om = _connection(database), _recording(database)

    def order() -> None:
        with connection.transaction():
            connection.execute(_ORDER, ("acme", 1200))
            om.track_token_usage(**_USAGE, connection=connection)

    return order


def order_bare(database: str) -> Callable[[], object]:
    """Commit an order and as many bytes."""
    connection, wire = _connection(database), bytes(_SIZE)

    def order() -> None:
        with connection.transaction():
            connection.execute(_ORDER, ("acme", 1200))
            connection.execute(_BARE, (wire,))

    return order


def alone_ours(database: str) -> Callable[[], object]:
    """Record an event."""
    om = _recording(database)
    return lambda: om.track_token_usage(**_USAGE)


def alone_bare(database: str) -> Callable[[], object]:
    """Insert as many bytes."""
    connection, wire = _connection(database), bytes(_SIZE)
    return lambda: connection.execute(_BARE, (wire,))


order_again, alone_again = order_bare, alone_bare


def _connection(database: str) -> Any:
    import psycopg

    connection = psycopg.connect(database, autocommit=True)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        connection.execute(_TABLES)
    return connection


def record_one(database: str, url: str) -> str:
    """Record one event for a platform, and return its id."""
    with _recording(database, url) as om:
        event_id: str = om.track_token_usage(**_USAGE)
    return event_id


def _recording(database: str, url: str = _NOWHERE) -> Any:
    from openmonetize import OpenMonetize

    return OpenMonetize(KEY, url, outbox=database, deliver=False)


def _sandbox(limit: str) -> None:
    """Serve until standard input ends."""
    from openmonetize.sandbox import Sandbox

    with Sandbox(key=KEY, rate_limit=int(limit) or None) as sandbox:
        print(sandbox.url, flush=True)
        sys.stdin.read()


def _drain(url: str, database: str) -> None:
    """Deliver from one line of standard input to the next, and print what was done."""
    from openmonetize import OpenMonetize

    sent: list[tuple[float, int, int]] = []
    refused: list[int | None] = []
    print("ready", flush=True)
    sys.stdin.readline()
    om = OpenMonetize(
        KEY,
        url,
        outbox=database,
        on_delivered=lambda done: sent.append((time.time(), done.accepted, done.duplicate)),
        on_error=lambda incident: refused.append(incident.status),
    )
    sys.stdin.readline()
    om.flush()  # the callbacks of the last request come after its events have gone
    print(json.dumps({"sent": sent, "refused": refused}), flush=True)
    om.close(timeout=0.0)


if __name__ == "__main__":
    {"sandbox": _sandbox, "drain": _drain}[sys.argv[1]](*sys.argv[2:])
