"""Two buffers as one: events that the first cannot take go to the second."""

from __future__ import annotations

import time
from typing import Any, Callable, List, Optional, Set

from openmonetize.metering.buffers.base import Batch, Buffer, DeadLetter, Stats
from openmonetize.metering.errors import BufferFull, OutboxError

#: After a failure of a file, it is left alone for this many seconds: its errors can take long to come.
_PAUSE = 1.0


class FallbackBuffer:
    """Memory that spills to disk, or an outbox with memory for when the disk fails.

    Args:
        first: takes what it can.
        second: takes the rest.
        report: called with the error of a file that cannot be used.
        works: called when a file takes events again.
    """

    def __init__(
        self,
        first: Buffer,
        second: Buffer,
        report: Callable[[OutboxError], None],
        works: Callable[[], None],
    ) -> None:
        self._first = first
        self._second = second
        self._report = report
        self._works = works
        self._reset()

    def _reset(self) -> None:
        self._skip_until = 0.0
        self._failing: Set[str] = set()  # what did not work when it was last tried
        self._known = {id(self._first): Stats(), id(self._second): Stats()}

    def put(self, wire: bytes) -> int:
        """Keep one event in the first buffer that takes it."""
        if "put" not in self._failing or time.monotonic() >= self._skip_until:
            try:
                fresh = self._first.put(wire)
            except BufferFull:
                pass
            except OutboxError as error:
                self._skip_until = time.monotonic() + _PAUSE
                self._fails("put", error)
            else:
                if self._failing:
                    self._worked("put")
                return fresh
        return self._second.put(wire)

    def _fails(self, what: str, error: OutboxError) -> None:
        self._failing.add(what)
        self._report(error)

    def _worked(self, what: str) -> None:
        self._failing.discard(what)
        if not self._failing:
            self._works()

    def new_count(self) -> int:
        """Events that came in since the last lease."""
        return self._first.new_count() + self._second.new_count()

    def lease(self, max_events: int, max_bytes: int) -> Optional[Batch]:
        """Take events from the first, and from the second when the first has none."""
        taken, failed = None, False
        for buffer in (self._first, self._second):
            try:
                taken = buffer.lease(max_events, max_bytes)
            except OutboxError as error:
                failed = True
                self._fails("read", error)
            if taken is not None:
                break
        if self._failing and not failed:
            self._worked("read")
        return taken

    def renew(self, batch: Batch) -> bool:
        """Prolong a lease where it was taken."""
        return batch.source.renew(batch)

    def ack(self, batch: Batch, duplicates: int = 0) -> int:
        """Settle events where they were taken."""
        return batch.source.ack(batch, duplicates)

    def nack(self, batch: Batch, delay: float = 0.0) -> None:
        """Put events back where they were taken."""
        batch.source.nack(batch, delay)

    def clear_delays(self) -> None:
        """End the delays of both."""
        self._each(lambda buffer: buffer.clear_delays())

    def dead_letter(self, batch: Batch, status: Optional[int], reason: str) -> None:
        """Bury events where they were taken."""
        batch.source.dead_letter(batch, status, reason)

    def stats(self) -> Stats:
        """The sum of both; of a file that cannot be read, what was last known."""
        for buffer in (self._first, self._second):
            try:
                self._known[id(buffer)] = buffer.stats()
            except OutboxError as error:
                self._fails("read", error)
        return Stats(*map(sum, zip(*self._known.values())))

    def watermark(self) -> Any:
        """The marks of both."""
        return self._each(lambda buffer: buffer.watermark())

    def is_past(self, mark: Any) -> bool:
        """Whether both are past their marks."""
        for buffer, its_mark in zip((self._first, self._second), mark):
            try:
                if its_mark is not None and not buffer.is_past(its_mark):
                    return False
            except OutboxError as error:
                self._fails("read", error)
                return False
        return True

    def dead_letters(self) -> List[DeadLetter]:
        """The refused events of both."""
        both = self._each(lambda buffer: buffer.dead_letters())
        return [letter for letters in both for letter in letters or ()]

    def replay_dead_letters(self) -> int:
        """Queue the refused events of both again."""
        return sum(count or 0 for count in self._each(lambda buffer: buffer.replay_dead_letters()))

    def discard_dead_letters(self) -> int:
        """Give the refused events of both up."""
        return sum(count or 0 for count in self._each(lambda buffer: buffer.discard_dead_letters()))

    def maintain(self) -> None:
        """Housekeeping of both."""
        self._each(lambda buffer: buffer.maintain())

    def before_fork(self) -> None:
        """Prepare both."""
        self._first.before_fork()
        self._second.before_fork()

    def after_fork(self, in_child: bool) -> None:
        """Go on with both."""
        self._first.after_fork(in_child)
        self._second.after_fork(in_child)
        if in_child:
            self._reset()

    def close(self) -> None:
        """Close both."""
        self._each(lambda buffer: buffer.close())

    def _each(self, action: Callable[[Buffer], Any]) -> List[Any]:
        results = []
        for buffer in (self._first, self._second):
            try:
                results.append(action(buffer))
            except OutboxError as error:
                self._fails("read", error)
                results.append(None)
        return results
