"""The buffer on disk: an event survives the process from the moment `put` returns."""

from __future__ import annotations

import sqlite3
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Iterator, List, Optional, Tuple

from openmonetize.exceptions import ApiValueError
from openmonetize.metering.buffers import lease_owner, outbox_accounts as accounts
from openmonetize.metering.buffers.base import Batch, DeadLetter, OtherAccount, Stats, fitting
from openmonetize.metering.buffers.outbox_connections import Connections

DURABILITIES = ("process", "power")
MAX_OUTBOX_BYTES = 1024 * 1024 * 1024
#: How long a lease lasts, in seconds: longer than any single request may take.
LEASE_SECONDS = 90.0
_LOOK_SECONDS = 1.0  # how often `put` sees whether the file is still there
_RECLAIM_SECONDS = 2.0  # how often a sender without work looks for leases of dead processes

# A lease further in the future than any can be dates from before a restart of the machine and its clock.
_FREE = "account IN ({mine}) AND (until <= :now OR until > :horizon)"


class Outbox(Connections):
    """A buffer in a SQLite file that several processes may share. It is opened when it is needed, or by `open`.

    Args:
        path: the file; created with mode 0600.
        base_url: where the events belong to; rows for other servers are left alone.
        fingerprint: digest of the API key; rows of other keys are left alone, unless both keys are known to
            be the same customer's.
        durability: ``"process"``: handed to the operating system, survives the end of the process in any
            form. ``"power"``: flushed to the device before `put` returns, survives power loss; threads that
            come together share one flush.
        max_bytes: bound on the file's size.

    Raises:
        ApiValueError: an unknown durability.
    """

    def __init__(
        self,
        path: str,
        *,
        base_url: str,
        fingerprint: str,
        durability: str = "process",
        max_bytes: int = MAX_OUTBOX_BYTES,
    ) -> None:
        if durability not in DURABILITIES:
            raise ApiValueError(f"durability must be one of {DURABILITIES}, not {durability!r}")
        super().__init__(path, base_url, fingerprint, "FULL" if durability == "power" else "NORMAL", max_bytes)

    def _reset(self) -> None:
        super()._reset()
        self._fresh = 0
        self._next_reclaim = 0.0
        self._next_look = 0.0

    # Recording

    def put(self, wire: bytes) -> int:
        """Write one event. Raises `OutboxError` where it is not on disk."""
        if self._mark.forked():
            self._abandon()
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK_SECONDS
            self.follow_file()
        self._writer.put(wire)
        self._fresh += 1
        return self._fresh

    def new_count(self) -> int:
        """Events that this process put since the last lease."""
        return self._fresh

    # Delivering

    def lease(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        """Take waiting events; what a dead process had taken is free again."""
        self._tell_of_move()
        with self._writing() as side:
            now = time.monotonic()
            if not self._owner:
                self._owner = lease_owner.register(side)
            if now >= self._next_reclaim:
                self._next_reclaim = now + _RECLAIM_SECONDS
                lease_owner.reclaim(side, self._owner)
            self._fresh = 0
            free = _FREE.format(mine=self._mine)
            moment = {"now": now, "horizon": now + LEASE_SECONDS}
            rows = side.execute(
                f"SELECT id, wire FROM event WHERE {free} ORDER BY id LIMIT :limit",
                {**moment, "limit": max_events},
            ).fetchall()
            if not rows:
                return None
            keys = [row[0] for row in rows]
            wires = [row[1] for row in rows]
            kept = fitting(wires, max_events, max_bytes)
            side.execute(
                f"UPDATE event SET owner = :owner, until = :horizon, attempts = attempts + 1 WHERE {free} "
                "AND id BETWEEN :first AND :last",
                {**moment, "owner": self._owner, "first": keys[0], "last": keys[kept - 1]},
            )
            held = [(key, self._owner) for key in keys[:kept]]  # another file's, or a later lease, is not this one
            return Batch(held, wires[:kept], self, (self.base_url, self.fingerprint))

    def renew(self, batch: Batch) -> bool:
        """Prolong the lease; False where another process has taken any of the events."""
        with self._writing() as side:
            until = time.monotonic() + LEASE_SECONDS
            cursor = side.executemany(
                "UPDATE event SET until = ? WHERE id = ? AND owner = ?",
                [(until, *key) for key in batch.keys],
            )
            return cursor.rowcount == len(batch)

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Delete the events and count them, at once; rows lost to another process are its to count."""
        with self._writing() as side:
            cursor = side.executemany("DELETE FROM event WHERE id = ? AND owner = ?", batch.keys)
            settled = max(cursor.rowcount, 0)
            duplicates = min(duplicates, settled)
            accounts.count(side, self.base_url, self.fingerprint, settled - duplicates, duplicates)
            return settled

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Give the lease back."""
        until = time.monotonic() + min(delay, LEASE_SECONDS) if delay else 0.0
        with self._writing() as side:
            side.executemany(
                "UPDATE event SET owner = 0, until = ? WHERE id = ? AND owner = ?",
                [(until, *key) for key in batch.keys],
            )

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        with self._writing() as side:
            side.execute(f"UPDATE event SET until = 0 WHERE account IN ({self._mine}) AND owner = 0 AND until > 0")

    def dead_letter(self, batch: Batch, status: Optional[int], reason: str) -> None:
        """Move the events to the dead letters."""
        at = datetime.now(timezone.utc).timestamp()
        with self._writing() as side:
            side.executemany(
                "INSERT INTO dead(account, wire, status, reason, at) "
                "SELECT account, wire, ?, ?, ? FROM event WHERE id = ? AND owner = ?",
                [(status, reason, at, *key) for key in batch.keys],
            )
            side.executemany("DELETE FROM event WHERE id = ? AND owner = ?", batch.keys)

    # Looking

    def stats(self) -> Stats:
        """Where this account's events are, whichever process recorded them, since the file was made."""
        with self._reading() as side, self._snapshot(side):
            queued, retrying = side.execute(
                f"SELECT count(*) - total(attempts > 0), total(attempts > 0) FROM event WHERE account IN ({self._mine})"
            ).fetchone()
            dead = side.execute(f"SELECT count(*) FROM dead WHERE account IN ({self._mine})").fetchone()[0]
            accepted, duplicate, dropped = side.execute(
                f"SELECT total(accepted), total(duplicate), total(dropped) FROM account WHERE id IN ({self._mine})"
            ).fetchone()
        parts = [int(part) for part in (accepted, duplicate, queued, retrying, dead, dropped)]
        return Stats(sum(parts), *parts)

    @contextmanager
    def _snapshot(self, side: sqlite3.Connection) -> Iterator[None]:
        side.execute("BEGIN")
        try:
            yield
        finally:
            side.execute("ROLLBACK")

    def watermark(self) -> Tuple[int, str]:
        """The last event's id, and whose events count; a change of the key meanwhile does not change that."""
        with self._reading() as side:
            return int(side.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]), self._mine

    def is_past(self, mark: Tuple[int, str]) -> bool:
        """Whether these accounts have no event up to ``mark`` left."""
        last, whose = mark
        with self._reading() as side:
            left = side.execute(
                f"SELECT 1 FROM event WHERE id <= ? AND account IN ({whose}) LIMIT 1", (last,)
            ).fetchone()
            return left is None

    def dead_letters(self) -> List[DeadLetter]:
        """The refused events of this account, oldest first."""
        with self._reading() as side:
            rows = side.execute(
                f"SELECT wire, status, reason, at FROM dead WHERE account IN ({self._mine}) ORDER BY id"
            ).fetchall()
        return [
            DeadLetter(wire, status, reason, datetime.fromtimestamp(at, timezone.utc))
            for wire, status, reason, at in rows
        ]

    def replay_dead_letters(self) -> int:
        """Queue the refused events again."""
        with self._writing() as side:
            side.execute(
                "INSERT INTO event(account, wire) "
                f"SELECT account, wire FROM dead WHERE account IN ({self._mine}) ORDER BY id"
            )
            return side.execute(f"DELETE FROM dead WHERE account IN ({self._mine})").rowcount

    def discard_dead_letters(self) -> int:
        """Give the refused events up."""
        with self._writing() as side:
            count = side.execute(f"DELETE FROM dead WHERE account IN ({self._mine})").rowcount
            accounts.count(side, self.base_url, self.fingerprint, dropped=count)
            return count

    # Accounts

    def customer_id(self) -> Optional[str]:
        """The customer that the present key belongs to, where it is known."""
        with self._reading() as side:
            return accounts.customer(side, self.base_url, self.fingerprint)

    def identify(self, customer_id: str, fingerprint: Optional[str] = None) -> None:
        """A key, by default the present one, is this customer's: it also delivers what the customer's others left."""
        with self._writing() as side:
            accounts.identify(side, self.base_url, fingerprint or self.fingerprint, customer_id)

    def others(self) -> List[OtherAccount]:
        """Events in this file that belong to other accounts, and are therefore left alone."""
        with self._reading() as side:
            return accounts.others(side, self._mine)

    def adopt(self, account: OtherAccount) -> int:
        """Take over another account's events, on the operator's word that they are this customer's.

        Raises:
            MeteringError: the platform has said otherwise.
        """
        with self._writing() as side:
            return accounts.adopt(side, account, self.base_url, self.fingerprint)
