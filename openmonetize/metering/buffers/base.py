"""The interface of the buffers, and the batches that they lease."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, Protocol

from openmonetize.metering.results import DeadLetter, Stats


class Batch:
    """Events leased from a buffer, which leases them to no other sender until they are acked or nacked.

    Attributes:
        keys: the buffer's own handles, one per event.
        wires: the events, JSON in UTF-8.
        source: the buffer that leased it.
        account: the only base URL and API key (its digest) that may deliver them; None: the present ones.
    """

    __slots__ = ("account", "keys", "source", "wires")

    def __init__(
        self, keys: Sequence[Any], wires: Sequence[bytes], source: Buffer, account: tuple[str, str] | None = None
    ) -> None:
        self.keys = keys
        self.wires = wires
        self.source = source
        self.account = account

    def __len__(self) -> int:
        return len(self.wires)

    def slice(self, start: int, stop: int) -> Batch:
        """Return the events ``start`` to ``stop`` (exclusive) as a batch of their own."""
        return Batch(self.keys[start:stop], self.wires[start:stop], self.source, self.account)

    def pick(self, indexes: Sequence[int]) -> Batch:
        """Return the events at ``indexes`` as a batch of their own."""
        keys = [self.keys[index] for index in indexes]
        return Batch(keys, [self.wires[index] for index in indexes], self.source, self.account)


class Buffer(Protocol):
    """Holds events until each has an outcome. Safe to use from several threads."""

    def put(self, wire: bytes) -> int:
        """Keep one event. Return `new_count`, or -1 if the event was dropped; raise `MeteringError` if not kept."""

    def new_count(self) -> int:
        """Return how many events came in since the last lease, and still wait."""

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take up to ``max_events`` waiting events, ``max_bytes`` in all but at least one, oldest first."""

    def renew(self, batch: Batch) -> bool:
        """Prolong the lease; return False if another process has taken it over."""

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Settle events that the platform has, ``duplicates`` of them from before. Return how many were still held."""

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back, to be leased again after ``delay`` seconds."""

    def clear_delays(self) -> None:
        """End the delays of nacked events."""

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events that were refused for good as dead letters."""

    def stats(self) -> Stats:
        """Return where all events are."""

    def watermark(self) -> Any:
        """Return a point in the order of events: everything put so far lies before it."""

    def is_past(self, watermark: Any) -> bool:
        """Return whether every event before ``watermark`` has an outcome."""

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""

    def replay_dead_letters(self) -> int:
        """Queue the refused events again, and return how many there were."""

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped from now on. Return how many there were."""

    def maintain(self) -> None:
        """Do the housekeeping, for which the sender calls from time to time."""

    def before_fork(self) -> None:
        """Let go of everything that must not be shared with a child process."""

    def after_fork(self, in_child: bool) -> None:
        """Go on after a fork; in the child, without anything of the parent's."""

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
