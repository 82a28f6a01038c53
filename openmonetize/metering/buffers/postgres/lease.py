"""Events that a sender has to itself for some time, and what becomes of them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.buffers.base import Batch
from openmonetize.metering.buffers.postgres.beginnings import Beginnings
from openmonetize.metering.errors import OutboxError

_LOG = logging.getLogger("openmonetize.metering")

# What another sender has leased meanwhile, that one settles. Above all, if a replica without the last commits takes the
# place of its server, it gives the same numbers to other events, which nobody has leased.
_HELD = "account = %(account)s AND id = ANY(%(ids)s) AND leased AND due = %(until)s"
_ACK = f"""
WITH gone AS (DELETE FROM openmonetize.events WHERE {_HELD} RETURNING 1),
settled AS (SELECT count(*) AS events, least(count(*), %(duplicates)s) AS before FROM gone)
UPDATE openmonetize.accounts SET accepted = accepted + events - before, duplicate = duplicate + before
FROM settled WHERE id = %(account)s
"""
_ACK_AND_KEEP = f"""
WITH gone AS (DELETE FROM openmonetize.events WHERE {_HELD} RETURNING account, wire),
kept AS (
    INSERT INTO openmonetize.batches (account, wires) SELECT account, array_agg(wire) FROM gone GROUP BY account
),
settled AS (SELECT count(*) AS events, least(count(*), %(duplicates)s) AS before FROM gone)
UPDATE openmonetize.accounts SET accepted = accepted + events - before, duplicate = duplicate + before
FROM settled WHERE id = %(account)s
"""
_NACK = f"""
UPDATE openmonetize.events
SET due = CASE WHEN %(delay)s > 0 THEN now() + %(delay)s * interval '1 second' END,
    leased = false, attempts = attempts - %(unsent)s
WHERE {_HELD}
"""
_END_DELAYS = "UPDATE openmonetize.events SET due = NULL WHERE account = %s AND id = ANY(%s) AND NOT leased"
_REFUSE = f"""
WITH gone AS (DELETE FROM openmonetize.events WHERE {_HELD} RETURNING account, wire)
INSERT INTO openmonetize.dead_letters (account, wire, status, reason)
    SELECT account, wire, %(status)s, %(reason)s FROM gone
"""


class Leases:
    """What the leases of one process share.

    Args:
        connections: of the database.
        keeps: whether delivered events are kept.

    Attributes:
        beginnings: where the next lease begins.
        put_back: how often events were put back.
    """

    def __init__(self, connections: PostgresConnections, keeps: bool) -> None:
        self.connections = connections
        self.keeps = keeps
        self.after_fork()

    def after_fork(self) -> None:
        """Forget, in a child process, what is the parent's."""
        self.beginnings = Beginnings()
        self.put_back = 0
        self._lock = threading.Lock()
        # By account: what this process has put and may wait still, what it has leased, what it has put back for later.
        self._own: dict[int, set[int]] = {}
        self._leased: dict[int, set[int]] = {}
        self._making: set[int] = set()  # accounts of which events are being leased
        self._delayed: dict[int, set[int]] = {}
        self._unsettled: list[tuple[Lease, Batch, int]] = []  # delivered, and still in the table

    def put(self, number: int, event: int) -> None:
        """Take note of an event of this process."""
        with self._lock:
            self._own.setdefault(number, set()).add(event)

    def own(self, number: int) -> list[int]:
        """Return the events of this process that may wait still."""
        with self._lock:
            return list(self._own.get(number, ()))

    def gone(self, number: int, ids: Collection[int]) -> None:
        """Take note of events that have their outcome."""
        with self._lock:
            self._own.get(number, set()).difference_update(ids)

    @contextmanager
    def leasing(self, number: int) -> Iterator[None]:
        """Take note that a lease is being made: the database knows of it earlier than this process."""
        self._making.add(number)
        try:
            yield
        finally:
            self._making.discard(number)

    def leased(self, number: int, ids: Collection[int]) -> None:
        """Take note of a lease."""
        with self._lock:
            self._leased.setdefault(number, set()).update(ids)

    def is_leased(self, number: int, last: int) -> bool:
        """Return whether this process is sending an event up to this one."""
        with self._lock:
            return number in self._making or any(event <= last for event in self._leased.get(number, ()))

    def ended(self, number: int, ids: Collection[int]) -> None:
        """Take note of the end of a lease."""
        with self._lock:
            self._leased.get(number, set()).difference_update(ids)

    def delayed(self, number: int, ids: list[int]) -> None:
        """Take note of events that were put back for later."""
        with self._lock:
            self._delayed.setdefault(number, set()).update(ids)

    def unsettled(self, lease: Lease, batch: Batch, duplicates: int) -> None:
        """Take note of delivered events that the database does not know of."""
        with self._lock:
            self._unsettled.append((lease, batch, duplicates))

    def clear_delays(self) -> None:
        """Have what was put back for later sent now."""
        with self._lock:
            delayed, self._delayed = self._delayed, {}
        self.beginnings.start_over()
        for number, ids in delayed.items():
            self.connections.run(_END_DELAYS, (number, list(ids)))

    def settle_rest(self) -> None:
        """Tell the database what it does not know yet."""
        with self._lock:
            rest, self._unsettled = self._unsettled, []
        for lease, batch, duplicates in rest:
            lease.ack(batch, duplicates)


class Lease:
    """What a batch was leased from.

    Args:
        leases: of this process.
        number: of the account.
        until: when the lease ends, on the server's clock; no two leases of an event end at the same time.
        attempts: how often the events may have been sent before.
    """

    def __init__(self, leases: Leases, number: int, until: datetime, attempts: int) -> None:
        self._leases = leases
        self._number = number
        self._until = until
        self._attempts = attempts

    def ack(self, batch: Batch, duplicates: int = 0) -> None:
        """Settle events that the platform has. If the database does not answer, that is done later."""
        sql = _ACK_AND_KEEP if self._leases.keeps else _ACK
        self._leases.ended(self._number, batch.keys)
        try:
            self._leases.connections.run(sql, {**self._held(batch), "duplicates": duplicates})
            self._leases.gone(self._number, batch.keys)
        except OutboxError as error:
            _LOG.warning("%s; %d delivered usage events are taken out later", error, len(batch))
            self._leases.unsettled(self, batch, duplicates)

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back. If the database does not answer, others have them when the lease ends."""
        self._leases.put_back += 1
        if delay > 0.0:
            self._leases.delayed(self._number, list(batch.keys))
        self._leases.beginnings.put_back(self._number, min(batch.keys))
        unsent = int(batch.attempts == self._attempts)
        try:
            self._leases.connections.run(_NACK, {**self._held(batch), "delay": delay, "unsent": unsent})
        except OutboxError as error:
            _LOG.debug("%s; %d usage events are leased until %s", error, len(batch), self._until)
        self._leases.ended(self._number, batch.keys)  # last: until then this process has them

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events that were refused for good."""
        reason = reason.replace("\0", "")  # which no text of PostgreSQL has
        self._leases.connections.run(_REFUSE, {**self._held(batch), "status": status, "reason": reason})
        self._leases.ended(self._number, batch.keys)
        self._leases.gone(self._number, batch.keys)

    def _held(self, batch: Batch) -> dict[str, Any]:
        return {"account": self._number, "ids": list(batch.keys), "until": self._until}
