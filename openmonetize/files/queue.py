"""Prepared rows as the buffer that a delivery leases its batches from. The files themselves are what is durable."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Callable, Generic, Protocol, TypeVar

from openmonetize.metering.buffers.base import Account, Batch, ReturnedBatches
from openmonetize.metering.results import Stats


class Sendable(Protocol):
    """What has an event to send, such as a `Prepared` row."""

    @property
    def wire(self) -> bytes:
        """The event as it is sent."""


Item = TypeVar("Item", bound=Sendable)


class RowQueue(Generic[Item]):
    """Leases prepared rows in their order, and reads on only when none are waiting.

    It has the methods of a `Buffer` that a `Delivery` uses.

    Args:
        rows: rows that have an event to send.
        account: under which they are sent.
        on_taken: called with the rows of a request that the platform has, and how many it had before.
        on_refused: called with a row that the platform refuses, and the reason.
    """

    def __init__(
        self,
        rows: Iterator[Item],
        account: Account,
        on_taken: Callable[[list[Item], int], object],
        on_refused: Callable[[Item, str], object],
    ) -> None:
        self._rows = rows
        self._account = account
        self._on_taken = on_taken
        self._on_refused = on_refused
        self._returned = ReturnedBatches()
        self._leased: dict[int, Item] = {}  # by handle: rows that were read and have no outcome
        self._last = 0
        self._next: Item | None = None  # read, and too large for the batch before
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether all rows have an outcome."""
        return self._ended and not self._leased

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take rows that were put back, or else the next ones."""
        if self._returned.count():
            # What is put back comes first, also while it has to wait: memory stays bounded.
            return self._returned.take(time.monotonic(), (self._account,), max_events, max_bytes)
        keys: list[int] = []
        wires: list[bytes] = []
        size = 0
        while len(keys) < max_events:
            row, self._next = self._next or next(self._rows, None), None
            if row is None:
                self._ended = True
                break
            size += len(row.wire) + 1
            if keys and size > max_bytes:
                self._next = row
                break
            self._last += 1
            self._leased[self._last] = row
            keys.append(self._last)
            wires.append(row.wire)
        return Batch(keys, wires, self, self._account) if keys else None

    def ack(self, batch: Batch, duplicates: int = 0) -> None:
        """Settle rows that the platform has."""
        self._on_taken([self._leased.pop(key) for key in batch.keys], duplicates)

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put rows back."""
        self._returned.add(batch, time.monotonic() + delay)

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Settle rows that the platform refuses."""
        for key in batch.keys:
            self._on_refused(self._leased.pop(key), f"refused by the platform ({status}): {reason}")

    def clear_delays(self) -> None:
        """Let what was put back be leased at once."""
        self._returned.clear_delays()

    def stats(self, until: float | None = None) -> Stats:
        """Return how many rows wait."""
        return Stats(queued=len(self._leased))
