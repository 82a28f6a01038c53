"""The buffer on disk: an event survives the process from the moment `put` returns."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Iterator, List, Optional, Tuple

from openmonetize.exceptions import ApiValueError
from openmonetize.metering import outbox_accounts as accounts, owner
from openmonetize.metering.buffer import Chunk, DeadLetter, Stats, fitting
from openmonetize.metering.outbox_file import connect, failure, leak, prepare, transaction
from openmonetize.metering.outbox_writer import Writer

DURABILITIES = ("process", "power")
MAX_OUTBOX_BYTES = 1024 * 1024 * 1024
#: How long a lease lasts, in seconds: longer than any single request may take.
LEASE_SECONDS = 90.0
_RECLAIM_SECONDS = 2.0  # how often a sender without work looks for leases of dead processes

# A lease further in the future than any can be dates from before a restart of the machine and its clock.
_FREE = "account IN ({mine}) AND (until <= :now OR until > :horizon)"


class Outbox:
    """A buffer in a SQLite file that several processes may share.

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
        OutboxError: the file or its place cannot be used.
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
        self.path = os.path.abspath(path)
        self.base_url = base_url
        self.fingerprint = fingerprint
        self._synchronous = "FULL" if durability == "power" else "NORMAL"
        self._max_bytes = max_bytes
        prepare(self.path)
        self._reset()

    def _reset(self) -> None:
        self._pid = os.getpid()
        self._writer = Writer(self.path, self.base_url, self.fingerprint, self._synchronous, self._max_bytes)
        self._side_lock = threading.Lock()  # guards the sender's connection; taken before the writer's lock
        self._side: Optional[sqlite3.Connection] = None
        self._mine = "0"
        self._owner = 0
        self._fresh = 0
        self._next_reclaim = 0.0

    # Recording

    def put(self, wire: bytes) -> int:
        """Write one event. Raises `OutboxError` where it is not on disk."""
        if self._pid != os.getpid():
            self._abandon()
        self._writer.put(wire)
        self._fresh += 1
        return self._fresh

    def fresh(self) -> int:
        """Events that this process put since the last lease."""
        return self._fresh

    # Delivering

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """The sender's connection; unlike the writer's it may exceed max_bytes, or a full file never drains."""
        if self._pid != os.getpid():
            self._abandon()
        with self._side_lock:
            try:
                if self._side is None:
                    self._side = connect(self.path)
                    self._side.execute("PRAGMA synchronous = NORMAL")
                    self._side.execute("PRAGMA wal_autocheckpoint = 0")
                    accounts.register(self._side, self.base_url, self.fingerprint)
                self._mine = accounts.mine(self._side, self.base_url, self.fingerprint)
                yield self._side
            except (sqlite3.Error, OSError) as cause:
                self._drop_side()
                raise failure(self.path, cause) from cause

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._reading() as side, self._writer.lock, transaction(side):
            yield side

    def lease(self, max_events: int, max_bytes: int) -> Optional[Chunk]:
        """Take waiting events; what a dead process had taken is free again."""
        with self._writing() as side:
            now = time.monotonic()
            if not self._owner:
                self._owner = owner.register(side)
            if now >= self._next_reclaim:
                self._next_reclaim = now + _RECLAIM_SECONDS
                owner.reclaim(side, self._owner)
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
            return Chunk(keys[:kept], wires[:kept], self, (self.base_url, self.fingerprint))

    def renew(self, chunk: Chunk) -> bool:
        """Prolong the lease; False where another process has taken any of the events."""
        with self._writing() as side:
            until = time.monotonic() + LEASE_SECONDS
            cursor = side.executemany(
                "UPDATE event SET until = ? WHERE id = ? AND owner = ?",
                [(until, *key) for key in self._own(chunk)],
            )
            return cursor.rowcount == len(chunk)

    def ack(self, chunk: Chunk, duplicates: int = 0) -> int:
        """Delete the events and count them, at once; rows lost to another process are its to count."""
        with self._writing() as side:
            cursor = side.executemany("DELETE FROM event WHERE id = ? AND owner = ?", self._own(chunk))
            settled = max(cursor.rowcount, 0)
            duplicates = min(duplicates, settled)
            accounts.count(side, self.base_url, self.fingerprint, settled - duplicates, duplicates)
            return settled

    def nack(self, chunk: Chunk, delay: float = 0.0) -> None:
        """Give the lease back."""
        until = time.monotonic() + min(delay, LEASE_SECONDS) if delay else 0.0
        with self._writing() as side:
            side.executemany(
                "UPDATE event SET owner = 0, until = ? WHERE id = ? AND owner = ?",
                [(until, *key) for key in self._own(chunk)],
            )

    def hurry(self) -> None:
        """End the delays of nacked events."""
        with self._writing() as side:
            side.execute(f"UPDATE event SET until = 0 WHERE account IN ({self._mine}) AND owner = 0 AND until > 0")

    def bury(self, chunk: Chunk, status: Optional[int], reason: str) -> None:
        """Move the events to the dead letters."""
        at = datetime.now(timezone.utc).timestamp()
        with self._writing() as side:
            own = self._own(chunk)
            side.executemany(
                "INSERT INTO dead(account, wire, status, reason, at) "
                "SELECT account, wire, ?, ?, ? FROM event WHERE id = ? AND owner = ?",
                [(status, reason, at, *key) for key in own],
            )
            side.executemany("DELETE FROM event WHERE id = ? AND owner = ?", own)

    def _own(self, chunk: Chunk) -> List[Tuple[int, int]]:
        return [(key, self._owner) for key in chunk.keys]

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

    def mark(self) -> Tuple[int, str]:
        """The last event's id, and whose events count; a change of the key meanwhile does not change that."""
        with self._reading() as side:
            return int(side.execute("SELECT coalesce(max(id), 0) FROM event").fetchone()[0]), self._mine

    def reached(self, mark: Tuple[int, str]) -> bool:
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

    def use(self, base_url: str, fingerprint: str) -> None:
        """From now on record and deliver for this key; called when the client's key or host was changed."""
        with self._side_lock, self._writer.lock:
            self.base_url, self.fingerprint = base_url, fingerprint
            self._writer.use(base_url, fingerprint)
            self._drop_side()

    def customer_id(self) -> Optional[str]:
        """The customer that the present key belongs to, where it is known."""
        with self._reading() as side:
            return accounts.customer(side, self.base_url, self.fingerprint)

    def identify(self, customer_id: str, fingerprint: Optional[str] = None) -> None:
        """A key, by default the present one, is this customer's: it also delivers what the customer's others left."""
        with self._writing() as side:
            accounts.identify(side, self.base_url, fingerprint or self.fingerprint, customer_id)

    def others(self) -> List[accounts.Left]:
        """Events in this file that belong to other accounts, and are therefore left alone."""
        with self._reading() as side:
            return accounts.others(side, self._mine)

    def adopt(self, account: accounts.Left) -> int:
        """Take over another account's events, on the operator's word that they are this customer's."""
        with self._writing() as side:
            return accounts.adopt(side, account, self.base_url, self.fingerprint)

    # Life

    def tend(self) -> None:
        """Move the write-ahead log into the file, so that `put` never has to."""
        with self._reading() as side:
            side.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    def before_fork(self) -> None:
        """A connection must not be carried over a fork, not even to be closed there."""
        self._side_lock.acquire()
        self._writer.lock.acquire()
        self._writer.drop()
        self._drop_side()

    def after_fork(self, in_child: bool) -> None:
        """Both sides reconnect when they need to; leases stay the parent's."""
        if in_child:
            self._reset()
        else:
            self._writer.lock.release()
            self._side_lock.release()

    def _abandon(self) -> None:
        """A fork that Python did not see: closing the parent's connections here would harm its file."""
        self._writer.abandon()
        leak(self._side)
        self._reset()

    def _drop_side(self) -> None:
        side, self._side = self._side, None
        if side is not None:
            side.close()

    def close(self) -> None:
        """Give leases back and close the file."""
        if self._pid != os.getpid():
            self._abandon()
            return
        try:
            if self._owner:
                with self._writing() as side:
                    owner.release(side, self._owner)
        finally:
            with self._side_lock, self._writer.lock:
                self._owner = 0
                self._writer.drop()
                self._drop_side()
