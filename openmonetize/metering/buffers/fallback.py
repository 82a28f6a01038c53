"""Two buffers as one: events that the first cannot take go to the second."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from openmonetize.metering.buffers.base import Batch, Buffer
from openmonetize.metering.errors import BufferFull, OutboxError
from openmonetize.metering.results import DeadLetter, Stats

# Seconds for which a file is not written to after a failure: its errors can take long to come.
RETRY_INTERVAL = 1.0


class FallbackBuffer:
    """Memory that spills to disk, or an outbox with memory for when the disk fails.

    Args:
        first: takes what it can.
        second: takes the rest.
        on_failure: called with the error of a file that cannot be used.
        on_recovery: called when a file can be used again.
    """

    def __init__(
        self,
        first: Buffer,
        second: Buffer,
        on_failure: Callable[[OutboxError], None],
        on_recovery: Callable[[], None],
    ) -> None:
        self._first = first
        self._second = second
        self._on_failure = on_failure
        self._on_recovery = on_recovery
        self._reset()

    def _reset(self) -> None:
        self._skip_until = 0.0
        self._failing: set[str] = set()  # the operations ("put", "read") that did not work when last tried
        self._last_stats = {id(self._first): Stats(), id(self._second): Stats()}

    def put(self, wire: bytes) -> int:
        """Keep one event in the first buffer that takes it."""
        if "put" not in self._failing or time.monotonic() >= self._skip_until:
            try:
                count = self._first.put(wire)
            except BufferFull:
                pass
            except OutboxError as error:
                self._skip_until = time.monotonic() + RETRY_INTERVAL
                self._failed("put", error)
            else:
                if self._failing:
                    self._worked("put")
                return count
        return self._second.put(wire)

    def _failed(self, operation: str, error: OutboxError) -> None:
        self._failing.add(operation)
        self._on_failure(error)

    def _worked(self, operation: str) -> None:
        self._failing.discard(operation)
        if not self._failing:
            self._on_recovery()

    def new_count(self) -> int:
        """Return how many events came in since the last lease."""
        return self._first.new_count() + self._second.new_count()

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take events from the first buffer, and from the second when the first has none."""
        batch, failed = None, False
        for buffer in (self._first, self._second):
            try:
                batch = buffer.lease(max_events, max_bytes)
            except OutboxError as error:
                failed = True
                self._failed("read", error)
            if batch is not None:
                break
        if self._failing and not failed:
            self._worked("read")
        return batch

    def renew(self, batch: Batch) -> bool:
        """Prolong a lease in the buffer that gave it."""
        return batch.source.renew(batch)

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Settle events in the buffer that they were leased from."""
        return batch.source.ack(batch, duplicates)

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put events back into the buffer that they were leased from."""
        batch.source.nack(batch, delay)

    def clear_delays(self) -> None:
        """End the delays of both."""
        self._each(lambda buffer: buffer.clear_delays())

    def dead_letter(self, batch: Batch, status: int | None, reason: str) -> None:
        """Keep events as dead letters in the buffer that they were leased from."""
        batch.source.dead_letter(batch, status, reason)

    def stats(self) -> Stats:
        """Return the sum of both; of a file that cannot be read, what was last known."""
        for buffer in (self._first, self._second):
            try:
                self._last_stats[id(buffer)] = buffer.stats()
            except OutboxError as error:
                self._failed("read", error)
        return Stats(*map(sum, zip(*self._last_stats.values())))

    def watermark(self) -> Any:
        """Return the watermarks of both."""
        return self._each(lambda buffer: buffer.watermark())

    def is_past(self, watermark: Any) -> bool:
        """Return whether both are past their watermarks."""
        for buffer, its_watermark in zip((self._first, self._second), watermark):
            try:
                if its_watermark is not None and not buffer.is_past(its_watermark):
                    return False
            except OutboxError as error:
                self._failed("read", error)
                return False
        return True

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events of both."""
        both = self._each(lambda buffer: buffer.dead_letters())
        return [letter for letters in both for letter in letters or ()]

    def replay_dead_letters(self) -> int:
        """Queue the refused events of both again."""
        return sum(count or 0 for count in self._each(lambda buffer: buffer.replay_dead_letters()))

    def discard_dead_letters(self) -> int:
        """Give the refused events of both up."""
        return sum(count or 0 for count in self._each(lambda buffer: buffer.discard_dead_letters()))

    def maintain(self) -> None:
        """Do the housekeeping of both."""
        self._each(lambda buffer: buffer.maintain())

    def before_fork(self) -> None:
        """Prepare both for a fork."""
        self._first.before_fork()
        self._second.before_fork()

    def after_fork(self, in_child: bool) -> None:
        """Go on with both after a fork."""
        self._first.after_fork(in_child)
        self._second.after_fork(in_child)
        if in_child:
            self._reset()

    def close(self) -> None:
        """Close both."""
        self._each(lambda buffer: buffer.close())

    def _each(self, action: Callable[[Buffer], Any]) -> list[Any]:
        results = []
        for buffer in (self._first, self._second):
            try:
                results.append(action(buffer))
            except OutboxError as error:
                self._failed("read", error)
                results.append(None)
        return results
