"""A server to send batches of events to: the sandbox, or a floor on the same server stack.

Arguments: ``sandbox``, ``floor`` or ``bare`` (a floor whose table has no key), and a database file. It prints its URL,
and ends when its standard input ends.
"""

from __future__ import annotations

import json
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.http.body import read_body
from openmonetize.sandbox.http.server import open_server

_COLUMNS = (
    "event_id",
    "customer_id",
    "user_id",
    "event_type",
    "feature_id",
    "provider",
    "model",
    "input_tokens",
    "output_tokens",
    "timestamp",
    "metadata",
    "idempotency_key",
)


def floor(file: str, key: str) -> Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]:
    """Return an application that only reads a batch and stores its rows in one table, with a key or without."""
    database = sqlite3.connect(file, check_same_thread=False, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"CREATE TABLE events ({', '.join(_COLUMNS)}{key})")
    insert = f"INSERT INTO events VALUES ({', '.join('?' * len(_COLUMNS))})"

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        events = json.loads(read_body(environ))["events"]
        for event in events:
            event["metadata"] = json.dumps(event["metadata"])
        database.execute("BEGIN IMMEDIATE")
        database.executemany(insert, [tuple(map(event.get, _COLUMNS)) for event in events])
        database.execute("COMMIT")
        body = json.dumps({"accepted": len(events), "rejected": 0, "duplicates": 0}).encode()
        start_response("202 Accepted", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
        return [body]

    return application


def main() -> None:
    """Serve until standard input ends."""
    kind, file = sys.argv[1:]
    if kind == "sandbox":
        with Sandbox(db=file) as sandbox:
            print(sandbox.url, flush=True)
            sys.stdin.read()
        return
    key = ", PRIMARY KEY (event_id)" if kind == "floor" else ""
    server = open_server("127.0.0.1", 0, floor(file, key), lambda: int(time.time()))
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    print(f"http://127.0.0.1:{server.port}", flush=True)
    sys.stdin.read()
    server.shutdown()
    server.close_connections()


if __name__ == "__main__":
    main()
