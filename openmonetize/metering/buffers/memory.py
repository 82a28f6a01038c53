"""The buffer in memory."""

from __future__ import annotations

import threading
import time
from collections import deque
from datetime import datetime, timezone
from typing import Callable, Deque, List, Optional, Set, Tuple

from openmonetize.metering.buffers.base import Batch, DeadLetter, Stats, fitting
from openmonetize.metering.errors import BufferFull

MAX_BUFFERED_EVENTS = 100_000
MAX_BUFFERED_BYTES = 64 * 1024 * 1024
#: How many refused events the memory buffer keeps at the most; beyond it the oldest are dropped, and counted.
MAX_DEAD_IN_MEMORY = 10_000
#: How long `put` waits for room by default, in seconds.
FULL_WAIT = 0.05


class MemoryBuffer:
    """Events as bytes in memory: fast, bounded, gone with the process.

    Args:
        max_events: bound on events held (waiting, being sent, refused).
        max_bytes: bound on their bytes.
        full_wait: how long `put` waits for room before it raises `BufferFull`, in seconds.
        drop_newest: when full, count the event as dropped and go on.
        clock: monotonic seconds, for delayed events.
    """

    def __init__(
        self,
        max_events: int = MAX_BUFFERED_EVENTS,
        max_bytes: int = MAX_BUFFERED_BYTES,
        full_wait: float = FULL_WAIT,
        drop_newest: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_events = max_events
        self._max_bytes = max_bytes
        self._full_wait = full_wait
        self._drops = drop_newest
        self._clock = clock
        self._reset()

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._room = threading.Condition(self._lock)
        self._ready: Deque[bytes] = deque()
        self._leased: Set[int] = set()
        self._returned: List[Tuple[float, Batch]] = []  # nacked, with the monotonic time when they are due
        self._dead: Deque[DeadLetter] = deque()
        self._bytes = 0
        self._puts = 0  # also the key of the next event
        self._settled = 0  # puts that are no longer held
        self._replayed = 0
        self._accepted = 0
        self._duplicate = 0
        self._dropped_newest = 0
        self._dropped_dead = 0

    def put(self, wire: bytes) -> int:
        """Keep one event. Raises `BufferFull`."""
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
        """How many events wait that were never sent."""
        return len(self._ready)

    def _wait_for_room(self, size: int) -> bool:
        """True when there is room, False where the event is to be dropped. Raises `BufferFull`."""
        if self._drops:
            return False
        deadline = time.monotonic() + self._full_wait
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

    def lease(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        """Take waiting events, those that were sent before first."""
        with self._lock:
            batch = self._take_returned(max_events, max_bytes) or self._take_ready(max_events, max_bytes)
            if batch is not None:
                self._leased.update(batch.keys)
            return batch

    def _take_returned(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        now = self._clock()
        for place, (due, batch) in enumerate(self._returned):
            if due <= now:
                kept = fitting(batch.wires, max_events, max_bytes)
                self._returned[place : place + 1] = [(due, batch.part(kept, len(batch)))] if kept < len(batch) else []
                return batch.part(0, kept)
        return None

    def _take_ready(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        ready = self._ready
        count = min(max_events, len(ready))
        if not count:
            return None
        first = self._puts - len(ready)
        wires = [ready.popleft() for _ in range(count)]
        kept = fitting(wires, count, max_bytes)
        ready.extendleft(reversed(wires[kept:]))
        return Batch(range(first, first + kept), wires[:kept], self)

    def renew(self, batch: Batch) -> bool:
        """Nobody else can take a lease in memory."""
        return True

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """The platform has these events."""
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
        """Not delivered: to be leased again."""
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._returned.append((self._clock() + delay if delay else 0.0, batch))

    def clear_delays(self) -> None:
        """End the delays of nacked events."""
        with self._lock:
            self._returned = [(0.0, batch) for _, batch in self._returned]

    def dead_letter(self, batch: Batch, status: Optional[int], reason: str) -> None:
        """Keep as dead letters, at most `MAX_DEAD_IN_MEMORY`."""
        at = datetime.now(timezone.utc)
        with self._lock:
            self._leased.difference_update(batch.keys)
            self._dead.extend(DeadLetter(wire, status, reason, at) for wire in batch.wires)
            while len(self._dead) > MAX_DEAD_IN_MEMORY:
                self._dropped_dead += 1
                self._release(1, len(self._dead.popleft().wire))

    def stats(self) -> Stats:
        """Where all events are."""
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
        """The key of the next event."""
        with self._lock:
            return self._puts

    def is_past(self, mark: int) -> bool:
        """Whether every event before ``mark`` has an outcome."""
        with self._lock:
            if self._ready and self._puts - len(self._ready) < mark:
                return False
            open_keys = [self._leased, *(batch.keys for _, batch in self._returned)]
            return all(key >= mark for keys in open_keys for key in keys)

    def dead_letters(self) -> List[DeadLetter]:
        """The refused events, oldest first."""
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
        """Nothing to do."""

    def before_fork(self) -> None:
        """Nothing to let go of."""

    def after_fork(self, in_child: bool) -> None:
        """The parent keeps its events; the child starts empty, with locks of its own."""
        if in_child:
            self._reset()

    def close(self) -> None:
        """Nothing to release."""
