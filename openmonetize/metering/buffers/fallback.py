"""Two buffers as one: events that the first cannot take go to the second."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from typing import Any

from openmonetize.metering.buffers.base import Account, Batch, Buffer
from openmonetize.metering.errors import BufferFull, OutboxError
from openmonetize.metering.results import DeadLetter, OtherAccount, Stats, add_up, unknown_stats

# Seconds for which a disk is not written to after a failure: its errors can take long to come.
RETRY_INTERVAL = 1.0


class FallbackBuffer:
    """Memory that spills to disk, or an outbox with memory for when the disk fails.

    Args:
        first: takes what it can.
        second: takes the rest.
        on_failure: called with the error of a disk that cannot be used.
        on_recovery: called when it can be used again.
        retry_interval: seconds for which the first is not written to after a failure; by default `RETRY_INTERVAL`.
    """

    def __init__(
        self,
        first: Buffer,
        second: Buffer,
        on_failure: Callable[[OutboxError], None],
        on_recovery: Callable[[], None],
        retry_interval: float | None = None,
    ) -> None:
        self._first = first
        self._second = second
        self._on_failure = on_failure
        self._on_recovery = on_recovery
        self._retry_interval = retry_interval
        self._reset()

    def _reset(self) -> None:
        self._skip_until = 0.0
        self._failing: set[str] = set()  # the operations ("put", "read") that did not work when last tried

    def put(self, wire: bytes, account: Account) -> int:
        """Keep one event in the first buffer that takes it."""
        if "put" not in self._failing or time.monotonic() >= self._skip_until:
            if "put" in self._failing:
                self._skip()  # one caller tries, who may have to wait, and the others do not
            try:
                count = self._first.put(wire, account)
            except BufferFull:
                pass
            except OutboxError as error:
                self._skip()
                self._failed("put", error)
            else:
                if self._failing:
                    self._worked("put")
                return count
        return self._second.put(wire, account)

    def _skip(self) -> None:
        interval = RETRY_INTERVAL if self._retry_interval is None else self._retry_interval
        self._skip_until = time.monotonic() + interval

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

    def clear_delays(self) -> None:
        """End the delays of both."""
        self._each(lambda buffer: buffer.clear_delays())

    def has_pending(self) -> bool:
        """Return whether either has events without an outcome."""
        return any(self._each(lambda buffer: buffer.has_pending()))

    def stats(self, until: float | None = None) -> Stats:
        """Return the sum of both; `Stats.unknown` says why one of them cannot be read."""
        parts = []
        for buffer in (self._first, self._second):
            try:
                parts.append(buffer.stats(until))
            except OutboxError as error:
                self._failed("read", error)
                parts.append(unknown_stats(str(error)))
        return add_up(parts)

    def watermark(self) -> list[Any]:
        """Return the watermarks of both; None for one that cannot be read."""
        return self._each(lambda buffer: buffer.watermark())

    def is_past(self, watermark: list[Any]) -> bool:
        """Return whether both are past their watermarks. One that could not be read is asked for it again."""
        for place, buffer in enumerate((self._first, self._second)):
            try:
                if watermark[place] is None:
                    watermark[place] = buffer.watermark()
                if not buffer.is_past(watermark[place]):
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

    def serve(self, accounts: Collection[Account]) -> None:
        """Have both serve these accounts."""
        self._first.serve(accounts)
        self._second.serve(accounts)

    def customers(self) -> dict[Account, str]:
        """Return what either has noted."""
        return {
            account: its
            for found in self._each(lambda buffer: buffer.customers())
            for account, its in (found or {}).items()
        }

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Have both note whose an account is."""
        self._each(lambda buffer: buffer.note_customer(account, customer_id))

    def others(self) -> list[OtherAccount]:
        """Return the accounts that have events in either and are not served."""
        both = self._each(lambda buffer: buffer.others())
        return [other for others in both for other in others or ()]

    def adopt(self, other: Account, account: Account) -> int:
        """Move another account's events in both."""
        return sum(count or 0 for count in self._each(lambda buffer: buffer.adopt(other, account)))

    def maintain(self) -> None:
        """Do the housekeeping of both."""
        self._each(lambda buffer: buffer.maintain())

    def after_fork(self) -> None:
        """Go on with both in a forked child."""
        self._first.after_fork()
        self._second.after_fork()
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
