"""The buffer on disk: an event survives the process from the moment `put` returns."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone

from openmonetize.exceptions import ApiValueError
from openmonetize.metering.buffers import lease_owner, outbox_accounts as accounts
from openmonetize.metering.buffers.base import Batch, count_fitting
from openmonetize.metering.buffers.outbox_connections import Connections
from openmonetize.metering.results import DeadLetter, OtherAccount, Stats

DURABILITIES = ("process", "power")
MAX_OUTBOX_BYTES = 1024 * 1024 * 1024
# How long a lease lasts, in seconds: longer than any single request may take.
LEASE_SECONDS = 90.0
_FILE_CHECK_INTERVAL = 1.0  # seconds after which `put` checks again that the file still exists
_RECLAIM_INTERVAL = 2.0  # seconds after which a sender looks again for leases of processes that have ended

# A lease that ends later than any can dates from before a restart of the machine, and of its clock.
_FREE = "account IN ({mine}) AND (until <= :now OR until > :horizon)"


class Outbox(Connections):
    """A buffer in a SQLite file that several processes may share. It is opened when needed, or by `open`.

    Args:
        path: the file; created with mode 0600.
        base_url: the server that the events are for; rows for other servers are left alone.
        fingerprint: digest of the API key; rows of other keys are left alone, unless both keys are known to
            be the same customer's.
        durability: ``"process"``: handed to the operating system, survives the end of the process in any
            form. ``"power"``: flushed to the device before `put` returns, survives power loss; concurrent threads
            share one flush.
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
        self._new_count = 0
        self._next_reclaim = 0.0
        self._next_file_check = 0.0

    # Recording

    def put(self, wire: bytes) -> int:
        """Write one event; raise `OutboxError` if it is not on disk."""
        if self._mark.forked():
            self._abandon()
        now = time.monotonic()
        if now >= self._next_file_check:
            self._next_file_check = now + _FILE_CHECK_INTERVAL
            self.follow_file()
        self._writer.put(wire)
        self._new_count += 1
        return self._new_count

    def new_count(self) -> int:
        """Return how many events this process put since the last lease."""
        return self._new_count

    # Delivering

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take waiting events, including those that a process had leased which has ended."""
        self._report_move()
        with self._writing() as side:
            now = time.monotonic()
            if not self._owner:
                self._owner = lease_owner.register(side)
            if now >= self._next_reclaim:
                self._next_reclaim = now + _RECLAIM_INTERVAL
                lease_owner.reclaim(side, self._owner)
            self._new_count = 0
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
            kept = count_fitting(wires, max_events, max_bytes)
            side.execute(
                f"UPDATE event SET owner = :owner, until = :horizon, attempts = attempts + 1 WHERE {free} "
                "AND id BETWEEN :first AND :last",
                {**moment, "owner": self._owner, "first": keys[0], "last": keys[kept - 1]},
            )
            # With the owner, so that the same id in another file, or in a later lease, is not taken for this one.
            held = [(key, self._owner) for key in keys[:kept]]
            return Batch(held, wires[:kept], self, (self.base_url, self.fingerprint))

    def renew(self, batch: Batch) -> bool:
        """Prolong the lease; return False if another process has taken any of the events."""
        with self._writing() as side:
            until = time.monotonic() + LEASE_SECONDS
            cursor = side.executemany(
                "UPDATE event SET until = ? WHERE id = ? AND owner = ?",
                [(until, *key) for key in batch.keys],
            )
            return cursor.rowcount == len(batch)

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Delete and count the events in one transaction; rows lost to another process are counted by that one."""
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

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Move the events to the dead letters."""
        at = datetime.now(timezone.utc).timestamp()
        with self._writing() as side:
            side.executemany(
                "INSERT INTO dead(account, wire, status, reason, at) "
                "SELECT account, wire, ?, ?, ? FROM event WHERE id = ? AND owner = ?",
                [(status, reason, at, *key) for key in batch.keys],
            )
            side.executemany("DELETE FROM event WHERE id = ? AND owner = ?", batch.keys)

    # Reading

    def stats(self) -> Stats:
        """Return where this account's events are, whichever process recorded them, since the file was created."""
        with self._reading() as side, self._snapshot(side):
            queued, retrying = side.execute(
                f"SELECT count(*) - total(attempts > 0), total(attempts > 0) FROM event WHERE account IN ({self._mine})"
            ).fetchone()
            dead = side.execute(f"SELECT count(*) FROM dead WHERE account IN ({self._mine})").fetchone()[0]
            accepted, duplicate, dropped = side.execute(
                f"SELECT total(accepted), total(duplicate), total(dropped) FROM account WHERE id IN ({self._mine})"
            ).fetchone()
        counts = [int(count) for count in (accepted, duplicate, queued, retrying, dead, dropped)]
        return Stats(sum(counts), *counts)

    @contextmanager
    def _snapshot(self, side: sqlite3.Connection) -> Iterator[None]:
        side.execute("BEGIN")
        try:
            yield
        finally:
            side.execute("ROLLBACK")

    def watermark(self) -> tuple[int, str]:
        """Return the last event's id and the accounts whose events count, even if the key changes meanwhile."""
        with self._reading() as side:
            return int(side.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]), self._mine

    def is_past(self, watermark: tuple[int, str]) -> bool:
        """Return whether these accounts have no event up to ``watermark`` left."""
        last, mine = watermark
        with self._reading() as side:
            left = side.execute(
                f"SELECT 1 FROM event WHERE id <= ? AND account IN ({mine}) LIMIT 1", (last,)
            ).fetchone()
            return left is None

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events of this account, oldest first."""
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

    def customer_id(self) -> str | None:
        """Return the customer that the present key belongs to, if known."""
        with self._reading() as side:
            return accounts.customer(side, self.base_url, self.fingerprint)

    def identify(self, customer_id: str, fingerprint: str | None = None) -> None:
        """Note whose key this is, by default the present one: it also delivers what the customer's other keys left."""
        with self._writing() as side:
            accounts.identify(side, self.base_url, fingerprint or self.fingerprint, customer_id)

    def others(self) -> list[OtherAccount]:
        """Return the other accounts with events in this file, which are left alone."""
        with self._reading() as side:
            return accounts.others(side, self._mine)

    def adopt(self, account: OtherAccount) -> int:
        """Take over another account's events, which the operator says are this customer's. Return how many.

        Raises:
            MeteringError: the platform has said otherwise.
        """
        with self._writing() as side:
            return accounts.adopt(side, account, self.base_url, self.fingerprint)
