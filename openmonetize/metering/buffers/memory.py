"""The buffer in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime, timezone

from openmonetize.metering.buffers.base import Batch, count_fitting
from openmonetize.metering.errors import BufferFull
from openmonetize.metering.results import DeadLetter, Stats

MAX_BUFFERED_EVENTS = 100_000
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
# Refused events that are kept; when there are more, the oldest are dropped, and counted.
MAX_DEAD_IN_MEMORY = 10_000
# How long `put` waits for room by default, in seconds.
FULL_TIMEOUT = 0.05


class MemoryBuffer:
    """Events as bytes in memory: fast, bounded, gone with the process.

    Args:
        max_events: bound on events held (waiting, being sent, refused).
        max_bytes: bound on their bytes.
        full_timeout: how long `put` waits for room before it raises `BufferFull`, in seconds.
        drop_newest: when full, count the event as dropped and go on.
        clock: monotonic seconds, for delayed events.
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
        self._drop_newest = drop_newest
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._ready: deque[bytes] = deque()
        self._leased: set[int] = set()
        self._returned: list[tuple[float, Batch]] = []  # nacked, with the monotonic time when they are due
        self._dead: deque[DeadLetter] = deque()
        self._bytes = 0
        self._puts = 0  # also the key of the next event
        self._settled = 0  # puts that are no longer held
        self._replayed = 0
        self._accepted = 0
        self._duplicate = 0
        self._dropped_newest = 0
        self._dropped_dead = 0

    def put(self, wire: bytes) -> int:
        """Keep one event, or raise `BufferFull`."""
        size = len(wire)
        with self._lock:
            full = self._puts - self._settled >= self._max_events or self._bytes + size > self._max_bytes
            if full and not self._wait_for_room(size):
                self._dropped_newest += 1
                return -1
            self._puts += 1
            self._bytes += size
            self._ready.append(wire)
            return len(self._ready)

    def new_count(self) -> int:
        """Return how many waiting events were never sent."""
        return len(self._ready)

    def _wait_for_room(self, size: int) -> bool:
        """Return True when there is room, False if the event is to be dropped; raise `BufferFull` otherwise."""
        if self._drop_newest:
            return False
        deadline = time.monotonic() + self._full_timeout
        while self._puts - self._settled >= self._max_events or self._bytes + size > self._max_bytes:
            left = deadline - time.monotonic()
            if left <= 0.0:
                raise BufferFull(
                    f"the buffer is full: {self._puts - self._settled} events, {self._bytes} bytes (bounds: "
                    f"{self._max_events} events, {self._max_bytes} bytes); this event was not recorded. The "
                    "platform is down or too slow: record it again later, raise the bounds, or spill to disk"
                )
            self._room.wait(left)
        return True

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take waiting events, first those that were sent before."""
        with self._lock:
            batch = self._take_returned(max_events, max_bytes) or self._take_ready(max_events, max_bytes)
            if batch is not None:
                self._leased.update(batch.keys)
            return batch

    def _take_returned(self, max_events: int, max_bytes: int) -> Batch | None:
        now = self._clock()
        for place, (due, batch) in enumerate(self._returned):
            if due <= now:
                count = count_fitting(batch.wires, max_events, max_bytes)
                rest = [(due, batch.slice(count, len(batch)))] if count < len(batch) else []
                self._returned[place : place + 1] = rest
                return batch.slice(0, count)
        return None

    def _take_ready(self, max_events: int, max_bytes: int) -> Batch | None:
        ready = self._ready
        count = min(max_events, len(ready))
        if not count:
            return None
        first = self._puts - len(ready)
        wires = [ready.popleft() for _ in range(count)]
        kept = count_fitting(wires, count, max_bytes)
        ready.extendleft(reversed(wires[kept:]))
        return Batch(range(first, first + kept), wires[:kept], self)

    def renew(self, batch: Batch) -> bool:
        """Return True: no other process can take a lease in memory."""
        return True

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Settle events that the platform has."""
        with self._lock:
            duplicates = min(duplicates, len(batch))
            self._accepted += len(batch) - duplicates
            self._duplicate += duplicates
            self._leased.difference_update(batch.keys)
            self._release(len(batch), sum(map(len, batch.wires)))
            return len(batch)

    def _release(self, count: int, size: int) -> None:
        self._settled += count
        self._bytes -= size
        self._room.notify_all()

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put undelivered events back."""
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._returned.append((self._clock() + delay if delay else 0.0, batch))

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        with self._lock:
            self._returned = [(0.0, batch) for _, batch in self._returned]

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events as dead letters, at most `MAX_DEAD_IN_MEMORY`."""
        at = datetime.now(timezone.utc)
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._dead.extend(DeadLetter(wire, status, reason, at) for wire in batch.wires)
            while len(self._dead) > MAX_DEAD_IN_MEMORY:
                self._dropped_dead += 1
                self._release(1, len(self._dead.popleft().wire))

    def stats(self) -> Stats:
        """Return where all events are."""
        with self._lock:
            retrying = len(self._leased) + sum(len(batch) for _, batch in self._returned)
            return Stats(
                tracked=self._puts - self._replayed + self._dropped_newest,
                accepted=self._accepted,
                duplicate=self._duplicate,
                queued=len(self._ready),
                retrying=retrying,
                dead=len(self._dead),
                dropped=self._dropped_newest + self._dropped_dead,
            )

    def watermark(self) -> int:
        """Return the key of the next event."""
        with self._lock:
            return self._puts

    def is_past(self, watermark: int) -> bool:
        """Return whether every event before ``watermark`` has an outcome."""
        with self._lock:
            if self._ready and self._puts - len(self._ready) < watermark:
                return False
            unsettled = [self._leased, *(batch.keys for _, batch in self._returned)]
            return all(key >= watermark for keys in unsettled for key in keys)

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        with self._lock:
            return list(self._dead)

    def replay_dead_letters(self) -> int:
        """Queue the refused events again. They are held already, so the bounds do not matter."""
        with self._lock:
            count = len(self._dead)
            self._ready.extend(letter.wire for letter in self._dead)
            self._dead.clear()
            self._puts += count
            self._settled += count
            self._replayed += count
            return count

    def discard_dead_letters(self) -> int:
        """Give the refused events up."""
        with self._lock:
            count = len(self._dead)
            self._dropped_dead += count
            self._release(count, sum(len(letter.wire) for letter in self._dead))
            self._dead.clear()
            return count

    def maintain(self) -> None:
        """Do nothing: memory needs no housekeeping."""

    def before_fork(self) -> None:
        """Do nothing: there is nothing to let go of."""

    def after_fork(self, in_child: bool) -> None:
        """Start empty in the child, with locks of its own; the parent keeps its events."""
        if in_child:
            self._reset()

    def close(self) -> None:
        """Do nothing: there is nothing to release."""
