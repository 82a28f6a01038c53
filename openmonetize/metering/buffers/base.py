"""The interface of the buffers, and the batches that they lease."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from itertools import islice
from typing import Any, NamedTuple, Protocol

from openmonetize.metering.results import DeadLetter, OtherAccount, Stats


class Account(NamedTuple):
    """Under which events are recorded: a server and a key.

    Attributes:
        base_url: the server.
        fingerprint: digest of the key; empty if there was none.
    """

    base_url: str
    fingerprint: str


class Source(Protocol):
    """What has leased a batch and is told what became of its events."""

    def ack(self, batch: Batch, duplicates: int = 0) -> None:
        """Settle events that the platform has, ``duplicates`` of them from before."""

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back, to be leased again after ``delay`` seconds."""

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events that were refused for good as dead letters."""


class Batch:
    """Events leased from a buffer, which leases them to no other sender until they are acked or nacked.

    Attributes:
        keys: the source's own handles, one per event.
        wires: the events, JSON in UTF-8.
        source: what leased it.
        account: the account that the events were recorded under.
        attempts: how often they may have been sent.
        sent_at: when they were sent the first time, in seconds since 1970, if that was by this process.
    """

    __slots__ = ("account", "attempts", "keys", "sent_at", "source", "wires")

    def __init__(
        self,
        keys: Sequence[int],
        wires: Sequence[bytes],
        source: Source,
        account: Account,
        attempts: int = 0,
        sent_at: float = 0.0,
    ) -> None:
        self.keys = keys
        self.wires = wires
        self.source = source
        self.account = account
        self.attempts = attempts
        self.sent_at = sent_at

    def __len__(self) -> int:
        return len(self.wires)

    def slice(self, start: int, stop: int) -> Batch:
        """Return the events ``start`` to ``stop`` (exclusive) as a batch of their own."""
        keys, wires = self.keys[start:stop], self.wires[start:stop]
        return Batch(keys, wires, self.source, self.account, self.attempts, self.sent_at)

    def pick(self, indexes: Sequence[int]) -> Batch:
        """Return the events at ``indexes`` as a batch of their own."""
        keys = [self.keys[index] for index in indexes]
        wires = [self.wires[index] for index in indexes]
        return Batch(keys, wires, self.source, self.account, self.attempts, self.sent_at)

    def is_about_to_be_sent(self) -> None:
        """Take note of an attempt."""
        self.attempts += 1
        self.sent_at = self.sent_at or time.time()


class Buffer(Protocol):
    """Holds events until each has an outcome. Safe to use from several threads.

    Every event belongs to the account under which it was recorded. Of a durable buffer, which may hold those of
    several, only the accounts that are served are leased and counted.
    """

    def put(self, wire: bytes, account: Account) -> int:
        """Keep one event. Return `new_count`, or -1 if the event was dropped; raise `MeteringError` if not kept."""

    def new_count(self) -> int:
        """Return how many events came in since the last lease, and still wait."""

    def has_pending(self) -> bool:
        """Return whether any event waits or is being sent, as far as can be said at once."""

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take up to ``max_events`` waiting events, ``max_bytes`` in all but at least one, oldest first."""

    def clear_delays(self) -> None:
        """End the delays of nacked events."""

    def stats(self, until: float | None = None) -> Stats:
        """Return where all events are; unknown if they cannot be counted until this monotonic time."""

    def watermark(self) -> Any:
        """Return a point in the order of events: everything that `flush` has to wait for lies before it."""

    def is_past(self, watermark: Any) -> bool:
        """Return whether every event before ``watermark`` has an outcome."""

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""

    def replay_dead_letters(self) -> int:
        """Queue the refused events again, and return how many there were."""

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped from now on. Return how many there were."""

    def serve(self, accounts: Collection[Account]) -> None:
        """Lease and count the events of these accounts from now on."""

    def customers(self) -> dict[Account, str]:
        """Return whose the accounts are, as far as it was noted."""

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Note whose an account is."""

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events that are not served."""

    def adopt(self, other: Account, account: Account) -> int:
        """Move another account's events and dead letters to ``account``. Return how many there were."""

    def maintain(self) -> None:
        """Do the housekeeping, for which the sender calls from time to time."""

    def after_fork(self) -> None:
        """Go on in a forked child, without anything of the parent's."""

    def close(self) -> None:
        """Release what is held. Events without outcome stay where they are."""


def count_fitting(wires: Sequence[bytes], max_events: int, max_bytes: int) -> int:
    """Return how many of the first events fit; at least one, so that a large event cannot block the queue."""
    if len(wires) <= max_events and sum(map(len, wires)) + len(wires) <= max_bytes:
        return len(wires)
    total = 0
    for count, wire in enumerate(islice(wires, max_events)):
        total += len(wire) + 1  # and the comma between
        if total > max_bytes:
            return max(count, 1)
    return min(len(wires), max_events)


class ReturnedBatches:
    """Batches that were nacked, each with the monotonic time from which it may be leased again."""

    def __init__(self) -> None:
        self._batches: list[tuple[float, Batch]] = []

    def add(self, batch: Batch, due: float) -> None:
        """Keep a batch."""
        self._batches.append((due, batch))

    def take(self, now: float, served: Collection[Account], max_events: int, max_bytes: int) -> Batch | None:
        """Take the first events of a batch that is due."""
        for place, (due, batch) in enumerate(self._batches):
            if due <= now and batch.account in served:
                count = count_fitting(batch.wires, max_events, max_bytes)
                rest = [(due, batch.slice(count, len(batch)))] if count < len(batch) else []
                self._batches[place : place + 1] = rest
                return batch.slice(0, count)
        return None

    def clear_delays(self) -> None:
        """Make all batches due."""
        self._batches = [(0.0, batch) for _, batch in self._batches]

    def batches(self) -> list[Batch]:
        """Return the batches."""
        return [batch for _, batch in self._batches]

    def count(self) -> int:
        """Return how many events there are."""
        return sum(len(batch) for _, batch in self._batches)
