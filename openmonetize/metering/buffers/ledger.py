"""What the platform has accepted, and what is known of its billing: kept until it is seen."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from openmonetize.metering.buffers.base import Account

# What is known of an accepted event. The platform has it and has not billed it, as far as is known; it was lost; it was
# lost, and is sent again; it is billed; it is stored, and costs nobody anything although it should.
WAITING, LOST, REPEATED, BILLED, UNPAID = "waiting", "lost", "repeated", "billed", "unpaid"
STORED = (BILLED, UNPAID)
# Bounds of what is kept in memory; beyond them the oldest is not watched any more.
MAX_KEPT_EVENTS, MAX_KEPT_BYTES = 100_000, 64 * 1024 * 1024

Ranges = list[list[int]]  # of numbers: the first and the one after the last
Record = Mapping[str, Any]


class Entry:
    """An accepted event.

    Attributes:
        state: what is known of it.
        sent: it came into the platform's queue after this time, in seconds since 1970; None if that is not known.
        answered: it came into the queue before this time.
        repeats: how often it was sent again after it had been lost.
        repeated: whether it was sent again at all, also where it is not known whether the platform has got it.
        credits: what it was billed; None if that is not known.
        event_id, second: its id and the second of its timestamp; None before anybody has looked into the event.
    """

    __slots__ = ("answered", "credits", "event_id", "repeated", "repeats", "second", "sent", "state")

    def __init__(self, sent: float | None, answered: float) -> None:
        self.state = WAITING
        self.sent = sent
        self.answered = answered
        self.repeats = 0
        self.repeated = False
        self.credits: int | None = None
        self.event_id: str | None = None
        self.second: str | None = None


class Sheet:
    """Some accepted events of an account, by number. What is noted about them is a sequence of records.

    Attributes:
        account: whose they are.
        entries: what is known of each.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.entries: dict[int, Entry] = {}
        self._settled: Counter[str] = Counter()  # of entries that were forgotten
        self._last_billed = 0.0

    def wires(self) -> Mapping[int, bytes]:
        """Return the events as they were sent."""
        raise NotImplementedError

    def note(self, record: Record) -> None:
        """Keep a record, and take it into account."""
        self.apply(record)

    def apply(self, record: Record) -> None:
        """Take a record into account."""
        if "accepted" in record:
            for number in numbers_in(record["accepted"]):
                self.entries[number] = Entry(record["sent"], record["answered"])
        elif REPEATED in record:
            for number in numbers_in(record[REPEATED]):
                entry = self._entry(number)
                entry.state, entry.sent, entry.answered = REPEATED, None, record["answered"]
                entry.repeats += bool(record["certain"])
                entry.repeated = not record["stored"]
        elif BILLED in record:
            for number, burned in zip(numbers_in(record[BILLED]), record["credits"]):
                entry = self._entry(number)
                entry.state, entry.credits = BILLED, burned
        else:
            for state in (LOST, UNPAID):
                for number in numbers_in(record.get(state, ())):
                    self._entry(number).state = state

    def _entry(self, number: int) -> Entry:
        """Return an entry; one that does not count if it was settled, and forgotten."""
        return self.entries.get(number) or Entry(None, 0.0)

    def all_entries(self) -> Mapping[int, Entry]:
        """Return what is known of each event, also of those that were forgotten."""
        return dict(self.entries)

    def forget_settled(self) -> None:
        """Forget the entries, except for their counts, if there is nothing to be found out about any of them."""
        if self.entries and all(entry.state in STORED for entry in self.entries.values()):
            self._settled, self._last_billed = self.counts(), self.last_billed()
            self.entries = {}

    def last_billed(self) -> float:
        """Return the latest time at which an event came into the queue that is known to be stored."""
        times = [entry.sent or 0.0 for entry in list(self.entries.values()) if entry.state in STORED]
        return max([self._last_billed, *times])

    def last_sent(self) -> float:
        """Return the latest time after which an event is known to have come into the queue."""
        return max([self._last_billed, *(entry.sent or 0.0 for entry in list(self.entries.values()))])

    def counts(self) -> Counter[str]:
        """Return how many events are in each state; ``repaired``: those that are billed after they had been lost."""
        found = Counter(self._settled)
        for entry in list(self.entries.values()):
            found[LOST if entry.state == REPEATED else entry.state] += 1
            found["repaired"] += entry.state == BILLED and entry.repeated
        return found


class Ledger(Protocol):
    """Keeps accepted events, and what is known of their billing."""

    def add(self, account: Account, wires: Sequence[bytes], sent: float | None, answered: float) -> None:
        """Keep events that the platform has just accepted; raise `OutboxError` if they cannot be kept."""

    def sheets(self, accounts: Collection[Account]) -> list[Sheet]:
        """Return what is kept of these accounts, as it is now, oldest first."""

    def counts(self, accounts: Collection[Account]) -> Counter[str]:
        """Return how many events are, or were when they were removed, in each state; not those that waited then."""

    def hold(self, accounts: Collection[Account]) -> bool:
        """Keep other processes from looking for these accounts' events; return False if one is at it."""

    def release(self) -> None:
        """Let others look."""

    def after_fork(self) -> None:
        """Go on in a forked child."""


class _MemorySheet(Sheet):
    def __init__(self, account: Account, wires: Sequence[bytes]) -> None:
        super().__init__(account)
        self._wires = dict(enumerate(wires))
        self.size = sum(map(len, wires))

    def wires(self) -> Mapping[int, bytes]:
        return self._wires


class MemoryLedger:
    """Keeps accepted events in memory, within bounds."""

    def __init__(self, max_events: int = MAX_KEPT_EVENTS, max_bytes: int = MAX_KEPT_BYTES) -> None:
        self._max_events, self._max_bytes = max_events, max_bytes
        self.after_fork()

    def after_fork(self) -> None:
        """Start empty in a forked child: the events are the parent's."""
        self._lock = threading.RLock()
        self._sheets: deque[_MemorySheet] = deque()
        self._events = self._bytes = 0
        self._removed: Counter[str] = Counter()

    def add(self, account: Account, wires: Sequence[bytes], sent: float | None, answered: float) -> None:
        """Keep events; those for which there is no room any more are the oldest."""
        sheet = _MemorySheet(account, wires)
        sheet.apply({"accepted": [[0, len(wires)]], "sent": sent, "answered": answered})
        with self._lock:
            self._sheets.append(sheet)
            self._events, self._bytes = self._events + len(wires), self._bytes + sheet.size
            while len(self._sheets) > 1 and (self._events > self._max_events or self._bytes > self._max_bytes):
                oldest = self._sheets.popleft()
                self._events, self._bytes = self._events - len(oldest.entries), self._bytes - oldest.size
                self._removed.update(oldest.counts())
                del self._removed[WAITING]

    def sheets(self, accounts: Collection[Account]) -> list[Sheet]:
        """Return what is kept of these accounts."""
        with self._lock:
            return [sheet for sheet in self._sheets if sheet.account in accounts]

    def counts(self, accounts: Collection[Account]) -> Counter[str]:
        """Return how many events are, or were when they were removed, in each state, of all accounts.

        So does the buffer in memory.
        """
        with self._lock:
            total = Counter(self._removed)
            for sheet in self._sheets:
                total.update(sheet.counts())
        return total

    def hold(self, accounts: Collection[Account]) -> bool:
        """Return True: no other process has these events."""
        return True

    def release(self) -> None:
        """Do nothing."""


def numbers_in(ranges: Iterable[Sequence[int]]) -> Iterable[int]:
    """Yield the numbers in ranges."""
    for first, end in ranges:
        yield from range(first, end)


def ranges_of(numbers: Iterable[int]) -> Ranges:
    """Return ascending numbers as ranges."""
    ranges: Ranges = []
    for number in numbers:
        if ranges and ranges[-1][1] == number:
            ranges[-1][1] = number + 1
        else:
            ranges.append([number, number + 1])
    return ranges
