"""Events that were accepted and could not be processed. Each customer sees and replays its own only."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Dict, List, Optional, Sequence

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.processing import Job, process
from openmonetize.sandbox.clock import SECOND, iso
from openmonetize.sandbox.defects import DEAD_LETTERS_LATE
from openmonetize.sandbox.state import State

SHOWN = 100
REPLAYED = 1000
LATE_MS = 7 * 60 * SECOND
"""The present servers show a lost event after five to nine minutes."""


def count(state: State, customer: Customer) -> int:
    """How many dead letters a customer can see."""
    sql = "SELECT count(*) FROM dead_letters WHERE customer = ? AND failed_at <= ?"
    return int(state.db.value(sql, (customer.pk, _visible_since(state))))


def visible(state: State, customer: Customer) -> List[Dict[str, Any]]:
    """The first dead letters of a customer in the platform's form, oldest first."""
    late = state.has(DEAD_LETTERS_LATE)
    return [
        {
            "id": row["id"],
            "name": "dlq-event",
            "data": {
                **json.loads(row["event"]),
                "customer_id": customer.id,
                "batch_id": row["batch_id"],
                "enqueued_at": iso(row["accepted_at"]),
            },
            "timestamp": row["failed_at"],
            "failedReason": "Poison message" if late else row["reason"],
        }
        for row in _rows(state, customer, SHOWN)
    ]


def replay(state: State, customer: Customer, ids: Optional[Sequence[str]]) -> int:
    """Process dead letters again, all or those named; what still cannot be processed is dead-lettered anew."""
    with state.db.transaction():
        rows = _rows(state, customer, REPLAYED)
        if ids is not None:
            named = set(ids)
            rows = [row for row in rows if row["id"] in named]
        state.db.executemany("DELETE FROM dead_letters WHERE seq = ?", [(row["seq"],) for row in rows])
        process(
            state, customer.pk, [Job(json.loads(row["event"]), row["batch_id"], row["accepted_at"]) for row in rows]
        )
    return len(rows)


def _rows(state: State, customer: Customer, limit: int) -> List[sqlite3.Row]:
    sql = "SELECT * FROM dead_letters WHERE customer = ? AND failed_at <= ? ORDER BY seq LIMIT ?"
    return state.db.rows(sql, (customer.pk, _visible_since(state), limit))


def _visible_since(state: State) -> int:
    return state.clock.now() - (LATE_MS if state.has(DEAD_LETTERS_LATE) else 0)


def stored(state: State) -> List[Dict[str, Any]]:
    """Every dead letter with its true reason, for tests and the console."""
    rows = state.db.rows(
        "SELECT d.*, c.id AS customer_id FROM dead_letters d JOIN customers c ON c.pk = d.customer ORDER BY d.seq"
    )
    return [
        {
            "id": row["id"],
            "customer_id": row["customer_id"],
            "batch_id": row["batch_id"],
            "event": json.loads(row["event"]),
            "accepted_at": iso(row["accepted_at"]),
            "failed_at": iso(row["failed_at"]),
            "reason": row["reason"],
        }
        for row in rows
    ]
