"""Turns: one thread of a process at a time does something with a document."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from openmonetize._fork import ProcessMark

_LOCKS = 64


class Turns:
    """Lets threads take turns. Other processes are not kept waiting, nor is a forked child by its parent."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        self._locks = [threading.RLock() for _ in range(_LOCKS)]  # reentrant: a signal handler may want one, too
        self._mark = ProcessMark()

    @contextmanager
    def of(self, name: str, timeout: float) -> Iterator[None]:
        """Take a turn. A thread that waits for too long, in seconds, goes on without."""
        if self._mark.forked():
            self._start()
        lock = self._locks[hash(name) % _LOCKS]
        locked = lock.acquire(timeout=timeout)
        try:
            yield
        finally:
            if locked:
                lock.release()
