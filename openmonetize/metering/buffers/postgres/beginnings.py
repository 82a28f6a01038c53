"""Where in the table the events begin that may be leased."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

# Seconds after which a lease looks from the very beginning again.
LOOK_INTERVAL = 1.0
_MAX_SHARE = 0.05  # of the time that such looks may take


class Beginnings:
    """Remembers after which event the next lease begins, so that it does not pass over all that were delivered.

    Deleted rows stay in the index as long as a transaction could see them: one that is open for an hour, as a dump is,
    leaves all rows of that hour, and each look from the beginning passes over them. Looks from the beginning are needed
    all the same, for events whose lease has ended, that other processes have put back, or whose transaction took
    longer than those of later ones.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next: dict[int, int] = {}
        self._look_at: dict[int, float] = {}

    @contextmanager
    def look(self, number: int) -> Iterator[int]:
        """Yield from which id on to look for events of an account, and time that."""
        began = self._clock()
        if began < self._look_at.get(number, 0.0):
            yield self._next.get(number, 0)
            return
        yield 0
        ended = self._clock()
        self._look_at[number] = ended + max(LOOK_INTERVAL, (ended - began) / _MAX_SHARE)

    def leased(self, number: int, last: int) -> None:
        """Take note of the last event of a lease."""
        self._next[number] = last + 1

    def put_back(self, number: int, first: int) -> None:
        """Take note of events that this process may lease again."""
        self._next[number] = min(first, self._next.get(number, 0))

    def start_over(self) -> None:
        """Look from the beginning with the next leases."""
        self._look_at.clear()
