"""The buffer in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Collection
from datetime import datetime, timezone

from openmonetize.metering.buffers.base import Account, Batch, ReturnedBatches, count_fitting
from openmonetize.metering.errors import BufferFull
from openmonetize.metering.results import DeadLetter, OtherAccount, Stats

MAX_BUFFERED_EVENTS = 100_000
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
# Refused events that are kept; when there are more, the oldest are dropped, and counted.
MAX_DEAD_IN_MEMORY = 10_000
# How long `put` waits for room by default, in seconds.
FULL_TIMEOUT = 0.05
_NO_ACCOUNT = Account("", "")


class _Queue:
    """Events in the order in which they were put, all of one account. The key of each is its number."""

    __slots__ = ("account", "first", "wires")

    def __init__(self, account: Account, first: int) -> None:
        self.account = account
        self.first = first
        self.wires: deque[bytes] = deque()


class MemoryBuffer:
    """Events as bytes in memory: fast, bounded, gone with the process.

    Args:
        max_events: bound on events held (waiting, being sent, refused).
        max_bytes: bound on their bytes.
        full_timeout: how long `put` waits for room before it raises `BufferFull`, in seconds.
        drop_newest: when full, count the event as dropped and go on.
        clock: monotonic seconds, for delayed events.

    Attributes:
        drops_newest: whether it drops what it has no room for.
    """

    def __init__(
        self,
        max_events: int = MAX_BUFFERED_EVENTS,
        max_bytes: int = MAX_BUFFERED_BYTES,
        full_timeout: float = FULL_TIMEOUT,
        drop_newest: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._full_timeout = full_timeout
        self.drops_newest = drop_newest
        self._clock = clock
        self._served: Collection[Account] = ()
        self.after_fork()

    def after_fork(self) -> None:
        """Start empty in the child, with locks of its own; the parent keeps its events."""
        self._lock = threading.RLock()
        self._room = threading.Condition(self._lock)
        self._queue = _Queue(_NO_ACCOUNT, 0)  # of the account that events are recorded under at present
        self._queues = deque([self._queue])  # with those of earlier accounts before it
        self._leased: set[int] = set()
        self._returned = ReturnedBatches()
        self._dead: deque[tuple[Account, DeadLetter]] = deque()
        self._bytes = 0
        self._puts = 0  # also the key of the next event
        self._settled = 0  # puts that are no longer held
        self._replayed = 0
        self._accepted = 0
        self._duplicate = 0
        self._dropped_newest = 0
        self._dropped_dead = 0

    def put(self, wire: bytes, account: Account) -> int:
        """Keep one event, or raise `BufferFull`."""
        size = len(wire)
        with self._lock:
            full = self._puts - self._settled >= self._max_events or self._bytes + size > self._max_bytes
            if full and not self._wait_for_room(size):
                self._dropped_newest += 1
                return -1
            queue = self._queue
            if account is not queue.account:
                queue = self._queue_for(account)
            self._puts += 1
            self._bytes += size
            queue.wires.append(wire)
            return len(queue.wires)

    def _queue_for(self, account: Account) -> _Queue:
        if self._queue.wires:
            self._queue = _Queue(account, self._puts)
            self._queues.append(self._queue)
        self._queue.account, self._queue.first = account, self._puts
        return self._queue

    def new_count(self) -> int:
        """Return how many waiting events were never sent."""
        return sum(len(queue.wires) for queue in tuple(self._queues) if queue.account in self._served)

    def has_pending(self) -> bool:
        """Return whether any event has no outcome yet."""
        return self.stats().pending > 0

    def _wait_for_room(self, size: int) -> bool:
        """Return True when there is room, False if the event is to be dropped; raise `BufferFull` otherwise."""
        if self.drops_newest:
            return False
        deadline = time.monotonic() + self._full_timeout
        while not self._has_room(size):
            # A wait that ends by itself is the last: tests may have stopped the clock.
            left = deadline - time.monotonic()
            if (left <= 0.0 or not self._room.wait(left)) and not self._has_room(size):
                raise BufferFull(
                    f"the buffer is full: {self._puts - self._settled} events, {self._bytes} bytes (bounds: "
                    f"{self._max_events} events, {self._max_bytes} bytes); this event was not recorded. The "
                    "platform is down or too slow: record it again later, raise the bounds, or spill to disk"
                )
        return True

    def _has_room(self, size: int) -> bool:
        return self._puts - self._settled < self._max_events and self._bytes + size <= self._max_bytes

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take waiting events, first those that were sent before."""
        with self._lock:
            batch = self._returned.take(self._clock(), self._served, max_events, max_bytes)
            batch = batch or self._take_new(max_events, max_bytes)
            if batch is not None:
                self._leased.update(batch.keys)
            return batch

    def _take_new(self, max_events: int, max_bytes: int) -> Batch | None:
        for queue in self._queues:
            if queue.wires and queue.account in self._served:
                break
        else:
            return None
        wires = [queue.wires.popleft() for _ in range(min(max_events, len(queue.wires)))]
        kept = count_fitting(wires, len(wires), max_bytes)
        queue.wires.extendleft(reversed(wires[kept:]))
        first = queue.first
        queue.first += kept
        if not queue.wires and queue is not self._queue:
            self._queues.remove(queue)
        return Batch(range(first, first + kept), wires[:kept], self, queue.account)

    def ack(self, batch: Batch, duplicates: int = 0) -> None:
        """Settle events that the platform has."""
        with self._lock:
            self._accepted += len(batch) - duplicates
            self._duplicate += duplicates
            self._leased.difference_update(batch.keys)
            self._release(len(batch), sum(map(len, batch.wires)))

    def _release(self, count: int, size: int) -> None:
        self._settled += count
        self._bytes -= size
        self._room.notify_all()

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back."""
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._returned.add(batch, self._clock() + delay if delay else 0.0)

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        with self._lock:
            self._returned.clear_delays()

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events as dead letters, at most `MAX_DEAD_IN_MEMORY`."""
        at = datetime.now(timezone.utc)
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._dead.extend((batch.account, DeadLetter(wire, status, reason, at)) for wire in batch.wires)
            while len(self._dead) > MAX_DEAD_IN_MEMORY:
                self._dropped_dead += 1
                self._release(1, len(self._dead.popleft()[1].wire))

    def stats(self, until: float | None = None) -> Stats:
        """Return where all events are, whatever their account."""
        with self._lock:
            queued = sum(len(queue.wires) for queue in self._queues)
            return Stats(
                tracked=self._puts - self._replayed + self._dropped_newest,
                accepted=self._accepted,
                duplicate=self._duplicate,
                queued=queued,
                retrying=len(self._leased) + self._returned.count(),
                dead=len(self._dead),
                dropped=self._dropped_newest + self._dropped_dead,
            )

    def watermark(self) -> int:
        """Return the key of the next event."""
        return self._puts

    def kept_back(self) -> int:
        """Return how many events without an outcome wait for an account that is not served."""
        with self._lock:
            waiting = sum(len(queue.wires) for queue in self._queues if queue.account not in self._served)
            return waiting + sum(len(batch) for batch in self._returned.batches() if not self._serves(batch))

    def is_past(self, watermark: int) -> bool:
        """Return whether every event before ``watermark`` that may be sent has an outcome."""
        with self._lock:
            if any(queue.wires and queue.first < watermark for queue in self._queues if queue.account in self._served):
                return False
            unsettled = [self._leased, *(batch.keys for batch in self._returned.batches() if self._serves(batch))]
            return all(key >= watermark for keys in unsettled for key in keys)

    def _serves(self, batch: Batch) -> bool:
        return batch.account in self._served

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        with self._lock:
            return [letter for _, letter in self._dead]

    def replay_dead_letters(self) -> int:
        """Queue the refused events again. They are held already, so the bounds do not matter."""
        with self._lock:
            count = len(self._dead)
            for account, letter in self._dead:
                queue = self._queue if account is self._queue.account else self._queue_for(account)
                queue.wires.append(letter.wire)
                self._puts += 1
            self._dead.clear()
            self._settled += count
            self._replayed += count
            return count

    def discard_dead_letters(self) -> int:
        """Give the refused events up."""
        with self._lock:
            count = len(self._dead)
            self._dropped_dead += count
            self._release(count, sum(len(letter.wire) for _, letter in self._dead))
            self._dead.clear()
            return count

    def serve(self, accounts: Collection[Account]) -> None:
        """Lease the events of these accounts from now on; those of others wait."""
        self._served = accounts

    def customers(self) -> dict[Account, str]:
        """Return nothing: memory notes no customers."""
        return {}

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Do nothing: what the process knows is enough."""

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events that are not served."""
        counts: dict[Account, int] = {}
        with self._lock:
            waiting = [(queue.account, len(queue.wires)) for queue in self._queues]
            waiting += [(batch.account, len(batch)) for batch in self._returned.batches()]
            waiting += [(account, 1) for account, _ in self._dead]
        for account, count in waiting:
            if account not in self._served and count:
                counts[account] = counts.get(account, 0) + count
        return [OtherAccount(*account, None, count) for account, count in counts.items()]

    def adopt(self, other: Account, account: Account) -> int:
        """Make another account's events this one's."""
        count = sum(found.events for found in self.others() if (found.base_url, found.fingerprint) == other)
        with self._lock:
            for queue in self._queues:
                if queue.account == other:
                    queue.account = account
            for batch in self._returned.batches():
                if batch.account == other:
                    batch.account = account
            self._dead = deque((account if its == other else its, letter) for its, letter in self._dead)
        return count

    def maintain(self) -> None:
        """Do nothing: memory needs no housekeeping."""

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
