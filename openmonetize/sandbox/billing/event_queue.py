"""The queue of accepted events. There is one for all customers, as on the platform: a backlog of one delays all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

from openmonetize.exceptions import ApiValueError
from openmonetize.sandbox.json_text import read_json, write_json
from openmonetize.sandbox.state import State

MAX_DELAY = 86_400.0  # seconds
MAX_RATE = 1_000_000.0  # events a second


class Job(NamedTuple):
    """An accepted event that is to be processed; `fate` is one of `fates.FATES`, or None for billing."""

    event: dict[str, Any]
    batch_id: str
    accepted_at: int
    fate: Optional[str] = None


class EventQueue:
    """Events that are accepted and not yet processed, in the order of their acceptance.

    Attributes:
        delay: the seconds from the acceptance of an event to its billing, if no other is before it.
        rate: how many events a second are billed, of all customers; None for no limit.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.reset()

    def reset(self) -> None:
        """Return to the settings of the sandbox, and look anew at the table."""
        settings = self._state.settings
        self.delay, self.rate = settings.processing_delay, settings.processing_rate
        row = self._state.db.row("SELECT min(due_at), max(due_at) FROM queue")
        assert row is not None
        self._next_due: int | None = row[0]
        self._last_due = float(row[1] or 0)

    def set(self, delay: float, rate: float | None) -> None:
        """Set delay and rate, for events that are accepted from now on.

        Raises:
            ApiValueError: one of them makes no sense.
        """
        check_speed(delay, rate)
        self.delay, self.rate = delay, rate

    @property
    def in_use(self) -> bool:
        """Whether events wait here before they are processed."""
        return self.delay > 0 or self.rate is not None or self._next_due is not None

    def put(self, customer: int, jobs: Sequence[Job]) -> None:
        """Add accepted events of one customer. The caller holds a transaction."""
        if not jobs:
            return
        first, gap = jobs[0].accepted_at + self.delay * 1000, 0.0
        if self.rate is not None:
            gap = 1000 / self.rate
        if self.rate is not None or self._next_due is not None:
            first = max(first, self._last_due + gap)
        due = [first + gap * index for index in range(len(jobs))]
        self._state.db.executemany(
            "INSERT INTO queue (customer, batch_id, event, accepted_at, due_at, user_id, fate)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (customer, job.batch_id, write_json(job.event), job.accepted_at, round(at), _user_of(job), job.fate)
                for job, at in zip(jobs, due)
            ],
        )
        self._last_due = due[-1]
        if self._next_due is None:
            self._next_due = round(due[0])

    def is_due(self) -> bool:
        """Return whether an event is to be processed now."""
        return self._next_due is not None and self._next_due <= self._state.clock.now()

    def take_due(self, limit: int) -> Iterable[tuple[int, Job]]:
        """Remove the first events that are due, and return each with its customer. The caller holds a transaction."""
        db = self._state.db
        rows = db.rows("SELECT * FROM queue WHERE due_at <= ? ORDER BY seq LIMIT ?", (self._state.clock.now(), limit))
        db.executemany("DELETE FROM queue WHERE seq = ?", [(row["seq"],) for row in rows])
        self._next_due = db.value("SELECT min(due_at) FROM queue")
        return [
            (row["customer"], Job(read_json(row["event"]), row["batch_id"], row["accepted_at"], row["fate"]))
            for row in rows
        ]

    def waiting(self) -> int:
        """Return how many events wait."""
        return int(self._state.db.value("SELECT count(*) FROM queue"))

    def first_of(self, customer: int, user_id: str) -> int | None:
        """Return the place of the first event of a user that waits for billing; of the customer, for an empty id."""
        sql = "SELECT min(seq) FROM queue WHERE customer = ? AND user_id = ? AND fate IS NULL"
        place: int | None = self._state.db.value(sql, (customer, user_id))
        return place

    def doom(self, place: int, fate: str) -> None:
        """Set what becomes of the event at a place."""
        self._state.db.execute("UPDATE queue SET fate = ? WHERE seq = ?", (fate, place))


def check_speed(delay: float, rate: float | None) -> None:
    """Check the settings of a queue.

    Raises:
        ApiValueError: one of them makes no sense.
    """
    if not 0 <= delay <= MAX_DELAY:
        raise ApiValueError(f"processing_delay must be from 0 to 86400 seconds, not {delay}")
    if rate is not None and not 0 < rate <= MAX_RATE:
        raise ApiValueError(f"processing_rate must be above 0 and at most 1000000 events a second, not {rate}")


def _user_of(job: Job) -> str:
    """Return the user whose wallet pays, or an empty text: the customer's, or a team's, which no grant strikes."""
    return "" if job.event.get("team_id") else str(job.event.get("user_id") or "")
