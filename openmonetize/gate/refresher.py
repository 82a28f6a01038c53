"""Optional work in the background: one thread, which exists only while there is work."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_LOG = logging.getLogger("openmonetize")
_MAX_WAITING = 1000


class Refresher(Generic[T]):
    """Calls a function for each submitted item, one after the other, in a thread that ends with the work.

    Args:
        work: called with an item. Its exceptions are logged for debugging only.
    """

    def __init__(self, work: Callable[[T], object]) -> None:
        self._work = work
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call
        self._waiting: dict[T, None] = {}
        self._running = False
        self._closed = False

    def submit(self, item: T) -> None:
        """Have the work done for an item, if there is room for it. An item that waits already is not added again."""
        with self._lock:
            if self._closed or item in self._waiting or len(self._waiting) >= _MAX_WAITING:
                return
            self._waiting[item] = None
            if self._running:
                return
            self._running = True
        try:
            threading.Thread(target=self._run, name="openmonetize-refresh", daemon=True).start()
        except RuntimeError:  # No thread can start at interpreter shutdown; the work is optional.
            with self._lock:
                self._running = False
                self._waiting.clear()

    def close(self) -> None:
        """Accept no more work. The item in progress is finished."""
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
