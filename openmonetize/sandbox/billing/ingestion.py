"""Ingestion: duplicates are counted, other events are accepted, and processed at once or when they are due."""

from __future__ import annotations

import time
from itertools import groupby
from typing import Any, NamedTuple

from openmonetize.sandbox.accounts.customers import Customer
from openmonetize.sandbox.billing.event_queue import EventQueue, Job
from openmonetize.sandbox.billing.processing import process, process_new
from openmonetize.sandbox.billing.uniqueness import key_of, stored_keys
from openmonetize.sandbox.fates import ACCEPT_NOTHING, EVENT_FATES
from openmonetize.sandbox.state import State, new_id

_MAX_JOBS = 2000  # processed in one transaction


class Receipt(NamedTuple):
    """The outcome of a batch: how many events were accepted, how many are duplicates, and the seconds it took."""

    batch_id: str
    accepted: int
    duplicates: int
    seconds: float


class Ingestion:
    """Accepts events, and processes them.

    Attributes:
        queue: the events that wait for processing.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.queue = EventQueue(state)

    def reset(self) -> None:
        """Forget the queue, whose table has been emptied."""
        self.queue.reset()

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
        one_by_one = self.queue.in_use or not clean or state.fates.strike_events()
        with state.db.transaction():
            if one_by_one or not process_new(state, customer.pk, events, batch_id):
                now = state.clock.now()
                jobs = self._without_duplicates([Job(event, batch_id, now) for event in events])
                accepted = len(jobs)
                jobs = [job._replace(fate=state.fates.draw_fate(EVENT_FATES)) for job in jobs]
                jobs = [job for job in jobs if job.fate != ACCEPT_NOTHING]
                if self.queue.in_use:
                    self.queue.put(customer.pk, jobs)
                else:
                    process(state, customer.pk, jobs)
        return Receipt(batch_id, accepted, len(events) - accepted, time.perf_counter() - started)

    def _without_duplicates(self, jobs: list[Job]) -> list[Job]:
        known = stored_keys(self._state, (key_of(job.event) for job in jobs))
        return [job for job in jobs if key_of(job.event) not in known] if known else jobs

    def process_due(self) -> None:
        """Process the events that are due. It runs before every read, so it looks the same as a worker."""
        while self.queue.is_due():
            with self._state.db.transaction():
                taken = self.queue.take_due(_MAX_JOBS)
                for customer, group in groupby(taken, key=lambda pair: pair[0]):
                    process(self._state, customer, [job for _, job in group])

    def pending(self) -> int:
        """Return how many accepted events wait for processing."""
        return self.queue.waiting()
