"""Ingestion: duplicates are counted, other events are accepted, and processed at once or when they are due."""

from __future__ import annotations

import time
from itertools import groupby
from typing import Any, NamedTuple

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.processing import Job, process, process_new
from openmonetize.sandbox.billing.uniqueness import key_of, stored_keys
from openmonetize.sandbox.json_text import read_json, write_json
from openmonetize.sandbox.state import State, new_id

_MAX_JOBS = 2000  # processed in one transaction


class Receipt(NamedTuple):
    """The outcome of a batch: how many events were accepted, how many are duplicates, and the seconds it took."""

    batch_id: str
    accepted: int
    duplicates: int
    seconds: float


class Ingestion:
    """Accepts events, and processes them."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._next_due: int | None = state.db.value("SELECT min(due_at) FROM queue")

    def reset(self) -> None:
        """Forget the queue, whose table has been emptied."""
        self._next_due = None

    def accept(self, customer: Customer, events: list[dict[str, Any]], clean: bool = False) -> Receipt:
        """Accept the new events of a validated batch.

        Only *stored* events count as duplicates. The same key twice in one batch, or sent again before it was
        processed, is accepted twice; processing then stores one event, and the other becomes a dead letter.

        Args:
            customer: whose events they are.
            events: the batch.
            clean: whether no text holds a NUL character or a lone surrogate.
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
        return Receipt(batch_id, accepted, len(events) - accepted, time.perf_counter() - started)

    def _without_duplicates(self, jobs: list[Job]) -> list[Job]:
        known = stored_keys(self._state, (key_of(job.event) for job in jobs))
        return [job for job in jobs if key_of(job.event) not in known] if known else jobs

    def _enqueue(self, customer: Customer, jobs: list[Job]) -> None:
        if not jobs:
            return
        due = jobs[0].accepted_at + round(self._state.settings.processing_delay * 1000)
        self._state.db.executemany(
            "INSERT INTO queue (customer, batch_id, event, accepted_at, due_at) VALUES (?, ?, ?, ?, ?)",
            [(customer.pk, job.batch_id, write_json(job.event), job.accepted_at, due) for job in jobs],
        )
        if self._next_due is None or due < self._next_due:
            self._next_due = due

    def process_due(self) -> None:
        """Process the events that are due. It runs before every read, so it looks the same as a worker."""
        while self._next_due is not None and self._next_due <= self._state.clock.now():
            with self._state.db.transaction():
                self._process_some()

    def _process_some(self) -> None:
        """Process the first events that are due, in the order of their acceptance."""
        db = self._state.db
        rows = db.rows(
            "SELECT * FROM queue WHERE due_at <= ? ORDER BY seq LIMIT ?", (self._state.clock.now(), _MAX_JOBS)
        )
        for customer, group in groupby(rows, key=lambda row: row["customer"]):
            jobs = [Job(read_json(row["event"]), row["batch_id"], row["accepted_at"]) for row in group]
            process(self._state, customer, jobs)
        db.executemany("DELETE FROM queue WHERE seq = ?", [(row["seq"],) for row in rows])
        self._next_due = db.value("SELECT min(due_at) FROM queue")

    def pending(self) -> int:
        """Return how many accepted events wait for processing."""
        return int(self._state.db.value("SELECT count(*) FROM queue"))
