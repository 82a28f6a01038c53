"""Holds of one process."""

from __future__ import annotations

import threading
import time
import weakref
from typing import Callable, TypeVar

from openmonetize._fork import ProcessMark
from openmonetize.gate.holds.ledger import Ledger
from openmonetize.gate.holds.store import HoldStore

T = TypeVar("T")

_MAX_WALLETS = 100_000  # before those of which nothing is held or used are dropped: their balance is read again


class InProcessHolds(HoldStore):
    """Keeps holds in memory, with the monotonic clock. A forked child begins with a copy, and goes on by itself."""

    in_memory = True

    def __init__(self) -> None:
        self._ledgers: dict[str, Ledger] = {}
        self._max_wallets = _MAX_WALLETS
        self._start()
        _STORES.add(self)

    def _start(self) -> None:
        self._lock = threading.RLock()  # a signal handler or a finalizer may call within a call
        self._mark = ProcessMark()

    def change(self, wallet: str, function: Callable[[Ledger], T]) -> T:
        """Apply a function to a wallet's ledger, atomically, and return its result."""
        if self._mark.forked():
            self._start()
        with self._lock:
            now = time.monotonic()
            ledger = self._ledgers.get(wallet)
            if ledger is None:
                if len(self._ledgers) >= self._max_wallets:
                    for name in [name for name, kept in list(self._ledgers.items()) if not kept.is_used(now)]:
                        del self._ledgers[name]
                    self._max_wallets = max(_MAX_WALLETS, 2 * len(self._ledgers))
                ledger = self._ledgers[wallet] = Ledger(None, now)
            ledger.now = now
            return function(ledger)


_STORES: weakref.WeakSet[InProcessHolds] = weakref.WeakSet()


def forget_all() -> None:
    """Have all stores of the process forget what they hold, for tests."""
    for store in list(_STORES):
        store._ledgers.clear()
