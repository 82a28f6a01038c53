"""Work behind the caller's back that need not happen: one short-lived thread, and no thread without work."""

from __future__ import annotations

import logging
import threading
from typing import Callable, Dict, Generic, TypeVar

T = TypeVar("T")

_LOG = logging.getLogger("openmonetize")
_MOST_WAITING = 1000


class Refresher(Generic[T]):
    """Calls a function for each item asked for, one after the other, in a thread that ends with the work.

    Args:
        work: called with an item. What it raises is logged for debugging only.
    """

    def __init__(self, work: Callable[[T], object]) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._waiting: Dict[T, None] = {}
        self._running = False
        self._closed = False

    def ask(self, item: T) -> None:
        """Have the work done for an item soon, or never; an item that waits already is not added twice."""
        with self._lock:
            if self._closed or item in self._waiting or len(self._waiting) >= _MOST_WAITING:
                return
            self._waiting[item] = None
            if self._running:
                return
            self._running = True
        try:
            threading.Thread(target=self._run, name="openmonetize-refresh", daemon=True).start()
        except RuntimeError:  # no threads at interpreter shutdown; the caller asks by itself in a moment
            with self._lock:
                self._running = False
                self._waiting.clear()

    def close(self) -> None:
        """Take no more work; what is under way ends by itself."""
        with self._lock:
            self._closed = True
            self._waiting.clear()

    def _run(self) -> None:
        while True:
            with self._lock:
                item = next(iter(self._waiting), None)
                if item is None:
                    self._running = False
                    return
            try:
                self._work(item)
            except Exception as error:
                _LOG.debug("refreshing failed: %s", error)
            with self._lock:
                self._waiting.pop(item, None)
