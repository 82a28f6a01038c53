"""Events that were accepted and could not be processed. Each customer sees and replays its own only."""

from __future__ import annotations

import json
from typing import Any, Dict, List, Optional, Sequence

from .clock import SECOND, iso
from .database import marks
from .defects import DEAD_LETTERS_LATE
from .processing import Job, process
from .state import State
from .tenants import Customer

SHOWN = 100
REPLAYED = 1000
LATE_MS = 7 * 60 * SECOND
"""The present servers show a lost event after five to nine minutes."""


def visible(state: State, customer: Customer) -> List[Dict[str, Any]]:
    """The dead letters of a customer in the platform's form, oldest first."""
    late = state.has(DEAD_LETTERS_LATE)
    rows = state.db.rows(
        "SELECT * FROM dead_letters WHERE customer = ? AND failed_at <= ? ORDER BY seq",
        (customer.pk, state.clock.now() - (LATE_MS if late else 0)),
    )
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
        for row in rows
    ]


def replay(state: State, customer: Customer, ids: Optional[Sequence[str]]) -> int:
    """Process dead letters again, all or those named; what still cannot be processed is dead-lettered anew."""
    wanted = [item["id"] for item in visible(state, customer)][:REPLAYED]
    if ids is not None:
        named = set(ids)
        wanted = [letter_id for letter_id in wanted if letter_id in named]
    with state.db.transaction():
        jobs: List[Job] = []
        for start in range(0, len(wanted), 900):
            chunk = wanted[start : start + 900]
            rows = state.db.rows(f"SELECT * FROM dead_letters WHERE id IN ({marks(len(chunk))}) ORDER BY seq", chunk)
            jobs += [Job(json.loads(row["event"]), row["batch_id"], row["accepted_at"]) for row in rows]
            state.db.execute(f"DELETE FROM dead_letters WHERE id IN ({marks(len(chunk))})", chunk)
        process(state, customer.pk, jobs)
    return len(jobs)


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
