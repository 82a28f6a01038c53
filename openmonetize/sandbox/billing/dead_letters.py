"""Events that were accepted and could not be processed. Each customer sees and replays its own only."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from typing import Any

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.event_queue import Job
from openmonetize.sandbox.billing.processing import process
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import DEAD_LETTERS_LATE
from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.state import State

_MAX_SHOWN = 100
_MAX_REPLAYED = 1000


def count(state: State, customer: Customer) -> int:
    """Return how many dead letters a customer can see."""
    sql = "SELECT count(*) FROM dead_letters WHERE customer = ? AND shown_at <= ?"
    return int(state.db.value(sql, (customer.pk, state.clock.now())))


def visible(state: State, customer: Customer) -> list[dict[str, Any]]:
    """Return the first dead letters of a customer in the platform's form, oldest first."""
    late = state.has(DEAD_LETTERS_LATE)
    return [
        {
            "id": row["id"],
            "name": "dlq-event",
            "data": {
                **read_json(row["event"]),
                "customer_id": customer.id,
                "batch_id": row["batch_id"],
                "enqueued_at": iso(row["accepted_at"]),
            },
            "timestamp": row["failed_at"],
            "failedReason": "Poison message" if late else row["reason"],
        }
        for row in _rows(state, customer, _MAX_SHOWN)
    ]


def replay(state: State, customer: Customer, ids: Sequence[str] | None) -> int:
    """Process dead letters again, all or those named, and return how many.

    Events that still cannot be processed become dead letters anew.
    """
    with state.db.transaction():
        rows = _rows(state, customer, _MAX_REPLAYED)
        if ids is not None:
            named = set(ids)
            rows = [row for row in rows if row["id"] in named]
        state.db.executemany("DELETE FROM dead_letters WHERE seq = ?", [(row["seq"],) for row in rows])
        process(state, customer.pk, [Job(read_json(row["event"]), row["batch_id"], row["accepted_at"]) for row in rows])
    return len(rows)


def stored(state: State) -> list[dict[str, Any]]:
    """Return every dead letter with its true reason, for tests and the console."""
    rows = state.db.rows(
        "SELECT d.*, c.id AS customer_id FROM dead_letters d JOIN customers c ON c.pk = d.customer ORDER BY d.seq"
    )
    return [
        {
            "id": row["id"],
            "customer_id": row["customer_id"],
            "batch_id": row["batch_id"],
            "event": read_json(row["event"]),
            "accepted_at": iso(row["accepted_at"]),
            "failed_at": iso(row["failed_at"]),
            "reason": row["reason"],
        }
        for row in rows
    ]


def _rows(state: State, customer: Customer, limit: int) -> list[sqlite3.Row]:
    sql = "SELECT * FROM dead_letters WHERE customer = ? AND shown_at <= ? ORDER BY seq LIMIT ?"
    return state.db.rows(sql, (customer.pk, state.clock.now(), limit))
