"""Where events wait for delivery: the one interface of the buffers in memory and on disk."""

from __future__ import annotations

import json
from datetime import datetime
from itertools import islice
from typing import Any, Dict, List, NamedTuple, Optional, Protocol, Sequence, Tuple


class Stats(NamedTuple):
    """Where all recorded events are.

    ``tracked == accepted + duplicate + queued + retrying + dead + dropped``, at any moment.

    Attributes:
        tracked: events recorded.
        accepted: taken by the platform.
        duplicate: the platform had them already (a retry after a lost answer, for one).
        queued: waiting, never sent yet.
        retrying: being sent, or sent at least once without a final answer.
        dead: refused by the platform for good; see ``dead_letters()``.
        dropped: given up: buffer full under ``on_full="drop_newest"``, or discarded dead letters.
    """

    tracked: int = 0
    accepted: int = 0
    duplicate: int = 0
    queued: int = 0
    retrying: int = 0
    dead: int = 0
    dropped: int = 0

    @property
    def pending(self) -> int:
        """Events whose fate is still open."""
        return self.queued + self.retrying


class FlushResult(NamedTuple):
    """What a `flush` achieved; true where everything recorded before it has its outcome.

    Attributes:
        complete: everything recorded before the flush was delivered, or refused for good.
        accepted: events that the platform took during the flush.
        duplicate: events that it had already.
        dead: events that it refused for good.
        left: events that still wait; they are delivered later.
    """

    complete: bool
    accepted: int
    duplicate: int
    dead: int
    left: int

    def __bool__(self) -> bool:
        return self.complete


class DeadLetter(NamedTuple):
    """An event that the platform refuses.

    Attributes:
        wire: the event as it was sent, JSON in UTF-8.
        status: HTTP status of the refusal.
        reason: the server's own words.
        at: when it was given up (UTC).
    """

    wire: bytes
    status: Optional[int]
    reason: str
    at: datetime

    @property
    def event(self) -> Dict[str, Any]:
        """The event, as the platform takes it."""
        event: Dict[str, Any] = json.loads(self.wire)
        return event

    def to_json(self) -> str:
        """One line of JSON with event, status, reason and at."""
        at = self.at.isoformat().replace("+00:00", "Z")
        return json.dumps({"event": self.event, "status": self.status, "reason": self.reason, "at": at})


class OtherAccount(NamedTuple):
    """An account whose events wait for its own key.

    Attributes:
        base_url: the server that they are for.
        fingerprint: digest of the key that they were recorded under.
        customer_id: that key's customer, where known.
        events: how many, dead letters included.
    """

    base_url: str
    fingerprint: str
    customer_id: Optional[str]
    events: int


class Batch:
    """Events leased from a buffer: nobody else sends them until they are acked, nacked or buried.

    Attributes:
        keys: the buffer's own handles, one per event.
        wires: the events, JSON in UTF-8.
        source: the buffer that leased it.
        account: the only base URL and API key (its digest) that may deliver them; None: the present ones.
    """

    __slots__ = ("account", "keys", "source", "wires")

    def __init__(
        self, keys: Sequence[Any], wires: Sequence[bytes], source: Buffer, account: Optional[Tuple[str, str]] = None
    ) -> None:
        self.keys = keys
        self.wires = wires
        self.source = source
        self.account = account

    def __len__(self) -> int:
        return len(self.wires)

    def part(self, start: int, stop: int) -> Batch:
        """The events ``start`` to ``stop`` (exclusive) as a batch of their own."""
        return Batch(self.keys[start:stop], self.wires[start:stop], self.source, self.account)

    def pick(self, indexes: Sequence[int]) -> Batch:
        """The events at ``indexes`` as a batch of their own."""
        keys = [self.keys[index] for index in indexes]
        return Batch(keys, [self.wires[index] for index in indexes], self.source, self.account)


class Buffer(Protocol):
    """Holds events until each has an outcome. Safe to use from several threads."""

    def put(self, wire: bytes) -> int:
        """Keep one event. Returns `fresh`, or -1 where the event was dropped; raises `MeteringError`."""

    def new_count(self) -> int:
        """How many events came in since the last lease, and still wait."""

    def lease(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        """Take up to ``max_events`` waiting events, ``max_bytes`` in all but at least one, oldest first."""

    def renew(self, batch: Batch) -> bool:
        """Prolong the lease; False where it was lost to another process."""

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """The platform has these events, ``duplicates`` of them from before. Returns how many were ours."""

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Not delivered: to be leased again after ``delay`` seconds."""

    def clear_delays(self) -> None:
        """End the delays of nacked events."""

    def dead_letter(self, batch: Batch, status: Optional[int], reason: str) -> None:
        """Refused for good: keep as dead letters."""

    def stats(self) -> Stats:
        """Where all events are."""

    def watermark(self) -> Any:
        """A point in the order of events: everything put so far lies before it."""

    def is_past(self, mark: Any) -> bool:
        """Whether every event before ``mark`` has an outcome."""

    def dead_letters(self) -> List[DeadLetter]:
        """The refused events, oldest first."""

    def replay_dead_letters(self) -> int:
        """Queue the refused events again. Returns how many."""

    def discard_dead_letters(self) -> int:
        """Give the refused events up: they count as dropped from now on. Returns how many."""

    def maintain(self) -> None:
        """Housekeeping, called now and then by the sender."""

    def before_fork(self) -> None:
        """Let go of everything that must not be shared with a child process."""

    def after_fork(self, in_child: bool) -> None:
        """Go on after a fork; in the child, own nothing of the parent's."""

    def close(self) -> None:
        """Release what is held. Events without outcome stay where they are."""


def fitting(wires: Sequence[bytes], max_events: int, max_bytes: int) -> int:
    """How many of the first events fit; at least one, so that a giant cannot block the queue."""
    if len(wires) <= max_events and sum(map(len, wires)) + len(wires) <= max_bytes:
        return len(wires)
    total = 0
    for count, wire in enumerate(islice(wires, max_events)):
        total += len(wire) + 1  # and the comma between
        if total > max_bytes:
            return max(count, 1)
    return min(len(wires), max_events)
