"""Taking events in: duplicates are counted, the rest is accepted, and processed now or when it is due."""

from __future__ import annotations

import json
import time
from itertools import groupby
from typing import Any, Dict, List, Optional

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.processing import Job, process, process_new
from openmonetize.sandbox.billing.uniqueness import key_of, stored_keys
from openmonetize.sandbox.http.responses import Response
from openmonetize.sandbox.state import State, new_id


class Ingestion:
    """The way of an event from the request to the stored row."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._next_due: Optional[int] = state.db.value("SELECT min(due_at) FROM queue")

    def reset(self) -> None:
        self._next_due = None

    def accept(self, customer: Customer, events: List[Dict[str, Any]], clean: bool = False) -> Response:
        """Response a validated batch: 202 if any event is new, 200 if none is.

        Only what is *stored* counts as a duplicate. The same key twice in one batch, or sent again before it was
        processed, is accepted twice; processing then stores it once and dead-letters the other.

        `clean` promises that no text holds a NUL character or a lone surrogate.
        """
        started = time.perf_counter()
        state, batch_id, accepted = self._state, new_id(), len(events)
        delayed = state.settings.processing_delay > 0
        with state.db.transaction():
            if delayed or not clean or not process_new(state, customer.pk, events, batch_id):
                now = state.clock.now()
                jobs = self._without_duplicates([Job(event, batch_id, now) for event in events])
                accepted = len(jobs)
                if delayed:
                    self._enqueue(customer, jobs)
                else:
                    process(state, customer.pk, jobs)
        if not accepted:
            return Response(_all_duplicates(len(events)))
        return Response(
            {
                "accepted": accepted,
                "rejected": 0,
                "duplicates": len(events) - accepted,
                "batch_id": batch_id,
                "status": "processing",
                "processing_time_ms": round((time.perf_counter() - started) * 1000),
            },
            202,
        )

    def _without_duplicates(self, jobs: List[Job]) -> List[Job]:
        known = stored_keys(self._state, (key_of(job.event) for job in jobs))
        return [job for job in jobs if key_of(job.event) not in known] if known else jobs

    def _enqueue(self, customer: Customer, jobs: List[Job]) -> None:
        if not jobs:
            return
        due = jobs[0].accepted_at + round(self._state.settings.processing_delay * 1000)
        self._state.db.executemany(
            "INSERT INTO queue (customer, batch_id, event, accepted_at, due_at) VALUES (?, ?, ?, ?, ?)",
            [(customer.pk, job.batch_id, json.dumps(job.event), job.accepted_at, due) for job in jobs],
        )
        if self._next_due is None or due < self._next_due:
            self._next_due = due

    def settle(self) -> None:
        """Process what is due. Called before anything is looked at, so nobody can tell it from a worker."""
        while self._next_due is not None and self._next_due <= self._state.clock.now():
            with self._state.db.transaction():
                self._process_due()

    def _process_due(self) -> None:
        """Process the first events that are due, in the order of their acceptance."""
        db = self._state.db
        rows = db.rows("SELECT * FROM queue WHERE due_at <= ? ORDER BY seq LIMIT 2000", (self._state.clock.now(),))
        for customer, group in groupby(rows, key=lambda row: row["customer"]):
            jobs = [Job(json.loads(row["event"]), row["batch_id"], row["accepted_at"]) for row in group]
            process(self._state, customer, jobs)
        db.executemany("DELETE FROM queue WHERE seq = ?", [(row["seq"],) for row in rows])
        self._next_due = db.value("SELECT min(due_at) FROM queue")

    def pending(self) -> int:
        """How many accepted events wait for processing."""
        return int(self._state.db.value("SELECT count(*) FROM queue"))


def _all_duplicates(count: int) -> Dict[str, Any]:
    return {
        "accepted": 0,
        "rejected": 0,
        "duplicates": count,
        "batch_id": None,
        "status": "all_duplicates",
        "message": "Every event of this batch has been stored before",
    }
