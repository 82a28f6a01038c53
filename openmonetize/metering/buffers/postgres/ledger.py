"""The ledger in a database: accepted events by the hour, and what is known of their billing, for a whole fleet."""

from __future__ import annotations

import json
import logging
import threading
import time
import uuid
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.events.ingest import MAX_EVENTS
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.ledger import BILLED, LOST, UNPAID, Entry, Record, Sheet
from openmonetize.metering.errors import OutboxError

if TYPE_CHECKING:
    from openmonetize.metering.buffers.postgres.account_table import AccountTable

_LOG = logging.getLogger("openmonetize.metering")
# Seconds for which a process has the verification to itself, unless it goes on; others wait as long for a killed one.
HOLD_SECONDS = 30.0
# Seconds within which a statement of another host's is committed, after it was given its number.
_LATE_SECONDS = 60.0
_PAGE = 1000  # batches that are read at once

_ADD = "INSERT INTO openmonetize.batches (account, wires, sent, answered) VALUES (%s, %s, %s, %s)"
_BATCHES = """
SELECT id, account, date_trunc('hour', at, 'UTC'), cardinality(wires), sent, answered FROM openmonetize.batches
WHERE account = ANY(%s) AND answered IS NOT NULL
    AND at >= coalesce(%s::timestamptz - %s * interval '1 second', '-infinity') ORDER BY id
"""
_BATCHES_OF_HOUR = """
SELECT id, cardinality(wires), sent, answered FROM openmonetize.batches
WHERE account = %s AND at >= %s AND at < %s + interval '1 hour' AND answered IS NOT NULL ORDER BY id
"""
_NOTES = """
SELECT account, hour, record FROM openmonetize.notes WHERE account = ANY(%s) AND id > %s AND id <= %s ORDER BY id
"""
_NOTES_OF_HOUR = "SELECT record FROM openmonetize.notes WHERE account = %s AND hour = %s ORDER BY id"
_LAST_NOTE = "SELECT coalesce(max(id), 0) FROM openmonetize.notes WHERE account = ANY(%s)"
_NOW = "SELECT now()"
_NOTE = "INSERT INTO openmonetize.notes (account, hour, record) VALUES (%s, %s, %s) RETURNING id"
_WIRES = """
SELECT id, wires FROM openmonetize.batches
WHERE account = %s AND at >= %s AND at < %s + interval '1 hour' AND answered IS NOT NULL
"""
_KEPT = "SELECT id, wires FROM openmonetize.batches WHERE account = ANY(%s) AND id > %s ORDER BY id LIMIT %s"
_HOLD = """
INSERT INTO openmonetize.locks AS present (name, holder, until)
SELECT 'verifier:' || number, %(holder)s, now() + %(seconds)s * interval '1 second'
    FROM unnest(%(accounts)s::bigint[]) AS number ORDER BY number
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE present.until < now() OR present.holder = excluded.holder
RETURNING 1
"""
_RELEASE = "DELETE FROM openmonetize.locks WHERE holder = %s"
_OLD = """
SELECT DISTINCT account, date_trunc('hour', at, 'UTC') FROM openmonetize.batches
WHERE account = ANY(%s) AND at < date_trunc('hour', now() - %s * interval '1 second', 'UTC')
"""
_REMOVE = """
WITH gone AS (DELETE FROM openmonetize.batches
    WHERE account = %(account)s AND at >= %(hour)s AND at < %(hour)s + interval '1 hour' RETURNING 1),
forgotten AS (DELETE FROM openmonetize.notes WHERE account = %(account)s AND hour = %(hour)s RETURNING 1)
UPDATE openmonetize.accounts SET billed = billed + %(billed)s, lost = lost + %(lost)s,
    repaired = repaired + %(repaired)s, unpaid = unpaid + %(unpaid)s
WHERE id = %(account)s AND EXISTS (SELECT 1 FROM gone)
"""
_REMOVED = """
SELECT coalesce(sum(billed), 0)::bigint, coalesce(sum(lost), 0)::bigint, coalesce(sum(repaired), 0)::bigint,
    coalesce(sum(unpaid), 0)::bigint FROM openmonetize.accounts WHERE id = ANY(%s)
"""
_OUTCOMES = (BILLED, LOST, "repaired", UNPAID)


class _Hour(NamedTuple):
    """Which events a sheet has: those of an account that were accepted in one hour."""

    number: int
    hour: datetime


class _HourSheet(Sheet):
    """The events of an hour. An event's number is that of its batch, times the most events of one, plus its place."""

    def __init__(self, ledger: PostgresLedger, account: Account, place: _Hour) -> None:
        super().__init__(account)
        self.place = place
        self._ledger = ledger

    def wires(self) -> Mapping[int, bytes]:
        """Read the events."""
        rows = self._ledger.connections.run(_WIRES, (self.place.number, self.place.hour, self.place.hour))
        return {batch * MAX_EVENTS + index: wire for batch, wires in rows for index, wire in enumerate(wires)}

    def all_entries(self) -> Mapping[int, Entry]:
        """Read the records anew if entries were forgotten."""
        if not self._settled:
            return super().all_entries()
        return self._ledger.read_whole(self.account, self.place).entries

    def note(self, record: Record) -> None:
        """Keep a record, and take it into account."""
        values = (*self.place, json.dumps(dict(record)))
        self._ledger.noted(self._ledger.connections.run(_NOTE, values)[0][0])
        self.apply(record)


class PostgresLedger:
    """Keeps accepted events in the database.

    Args:
        connections: of the database.
        accounts: their numbers.
        keep_seconds: how long the events are kept.
    """

    def __init__(self, connections: PostgresConnections, accounts: AccountTable, keep_seconds: float) -> None:
        self.connections = connections
        self._accounts = accounts
        self._keep_seconds = keep_seconds
        self.after_fork()

    def after_fork(self) -> None:
        """Go on in a forked child: what its parent holds is the parent's."""
        self._lock = threading.RLock()
        self._holder = uuid.uuid4().hex
        self._held: Collection[Account] = ()
        self._held_at = 0.0
        self._forget()

    def _forget(self) -> None:
        self._losses = self.connections.losses
        self._sheets: dict[_Hour, _HourSheet] = {}
        self._read: tuple[int, ...] = ()  # the accounts of which the sheets were read
        self._batches: set[int] = set()  # that were read, and may be read again
        self._last_note = 0
        self._read_at: datetime | None = None

    def add(self, account: Account, wires: Sequence[bytes], sent: float | None, answered: float) -> None:
        """Keep events that the platform has just accepted; raise `OutboxError` if they cannot be kept."""
        self.connections.run(_ADD, (self._accounts.number(account), list(wires), sent, answered))

    def sheets(self, accounts: Collection[Account]) -> list[Sheet]:
        """Return what is kept of these accounts, as it is now, oldest first."""
        with self._lock:
            numbers = self._accounts.numbered(accounts)
            # Another server may lack batches and notes of the one before, and give their numbers to others.
            if tuple(numbers) != self._read or self.connections.losses != self._losses:
                self._forget()
                self._read = tuple(numbers)
            # Notes that were committed before the batches are read are about some of those.
            last = self.connections.run(_LAST_NOTE, (list(numbers),))[0][0]
            changed = self._read_batches(numbers) | self._read_notes(list(numbers), last)
            for place in changed:
                self._sheets[place].forget_settled()
            return [self._sheets[place] for place in sorted(self._sheets, key=lambda place: (place.hour, place.number))]

    def _read_batches(self, numbers: Mapping[int, Account]) -> set[_Hour]:
        now = self.connections.run(_NOW)[0][0]
        rows = self.connections.run(_BATCHES, (list(numbers), self._read_at, _LATE_SECONDS))
        self._read_at = now
        changed = set()
        for batch, number, hour, events, sent, answered in rows:
            if batch not in self._batches:
                place = _Hour(number, hour)
                if place not in self._sheets:
                    self._sheets[place] = _HourSheet(self, numbers[number], place)
                self._sheets[place].apply(_accepted(batch, events, sent, answered))
                changed.add(place)
        self._batches = {row[0] for row in rows}
        return changed

    def _read_notes(self, numbers: list[int], last: int) -> set[_Hour]:
        changed = set()
        for number, hour, record in self.connections.run(_NOTES, (numbers, self._last_note, last)):
            place = _Hour(number, hour)
            if place in self._sheets:
                self._sheets[place].apply(record)
                changed.add(place)
        self._last_note = max(self._last_note, last)
        return changed

    def read_whole(self, account: Account, place: _Hour) -> Sheet:
        """Return a sheet with the entries of all its events."""
        sheet = _HourSheet(self, account, place)
        for row in self.connections.run(_BATCHES_OF_HOUR, (*place, place.hour)):
            sheet.apply(_accepted(*row))
        for row in self.connections.run(_NOTES_OF_HOUR, tuple(place)):
            sheet.apply(row[0])
        return sheet

    def noted(self, note: int) -> None:
        """Take note that a record of this process's was kept: as it holds the ledger, nobody else's come between."""
        self._last_note = max(self._last_note, note)

    def counts(self, accounts: Collection[Account]) -> Counter[str]:
        """Return how many events are, or were when they were removed, in each state."""
        numbers = self._accounts.numbers(accounts)
        total: Counter[str] = Counter(dict(zip(_OUTCOMES, self.connections.run(_REMOVED, (numbers,))[0])))
        for sheet in self.sheets(accounts):
            total.update(sheet.counts())
        return total

    def kept(self, accounts: Collection[Account]) -> Iterator[bytes]:
        """Yield the events that are kept, oldest first."""
        last, numbers = 0, self._accounts.numbers(accounts)
        while rows := self.connections.run(_KEPT, (numbers, last, _PAGE)):
            last = rows[-1][0]
            for _, wires in rows:
                yield from wires

    def hold(self, accounts: Collection[Account]) -> bool:
        """Keep other processes from looking for the events of these accounts; return False if one is at it."""
        if accounts == self._held and time.monotonic() < self._held_at + HOLD_SECONDS / 3:
            return True
        numbers = self._accounts.numbers(accounts)
        values = {"holder": self._holder, "seconds": HOLD_SECONDS, "accounts": numbers}
        asked_at = time.monotonic()
        if len(self.connections.run(_HOLD, values)) == len(numbers):
            self._held, self._held_at = accounts, asked_at
            return True
        self.release()
        return False

    def release(self) -> None:
        """Let others look."""
        self._held = ()
        try:
            self.connections.run(_RELEASE, (self._holder,))
        except OutboxError as error:  # it ends by itself
            _LOG.debug("%s", error)

    def remove_old(self, accounts: Collection[Account]) -> bool:
        """Remove what was kept for long enough, by the hour; how much of it was billed stays known.

        Returns:
            False if it has to wait, because this process or another looks for what was billed.
        """
        if self._keep_seconds <= 0.0:
            return True
        if self._held:
            return False
        numbers = self._accounts.numbered(accounts)
        old = [_Hour(*row) for row in self.connections.run(_OLD, (list(numbers), self._keep_seconds))]
        if not old:
            return True
        if not self.hold(accounts):
            return False
        try:
            for place in old:
                counts = self.read_whole(numbers[place.number], place).counts()
                outcomes = {outcome: counts[outcome] for outcome in _OUTCOMES}
                self.connections.run(_REMOVE, {"account": place.number, "hour": place.hour, **outcomes})
                self._sheets.pop(place, None)
        finally:
            self.release()
        return True


def _accepted(batch: int, events: int, sent: float | None, answered: float) -> Record:
    first = batch * MAX_EVENTS
    return {"accepted": [[first, first + events]], "sent": sent, "answered": answered}
