"""One change of a wallet at a time, among all clients of the process: of two at once the platform loses one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Optional, Tuple

from openmonetize._fork import ProcessMark
from openmonetize.exceptions import ApiTimeoutError

Wallet = Tuple[str, Optional[str]]  # the host, and the user id; None for the customer's own

_LOCKS = 64


def in_use() -> ApiTimeoutError:
    """Return the error of a wallet that others did not release in time."""
    return ApiTimeoutError(None, "another change of this wallet is under way, and did not end in time")


class WalletLocks:
    """Locks of wallets, others in each process: a fork may copy locks that no thread of the child can release."""

    def __init__(self) -> None:
        self._mark = ProcessMark()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]
        self._of_fork: dict[str, WalletLocks] = {}  # one at most

    def find(self, wallet: Wallet) -> threading.Lock:
        """Return the lock of a wallet in the present process. Wallets may share one."""
        if not self._mark.forked():
            return self._locks[hash(wallet) % _LOCKS]
        # `setdefault` is atomic, so threads of a fork that arrive here at once get the same locks.
        locks = self._of_fork.get("") or self._of_fork.setdefault("", WalletLocks())
        return locks.find(wallet)

    @contextmanager
    def hold(self, wallet: Wallet, deadline: float) -> Iterator[None]:
        """Have a wallet to oneself.

        Args:
            wallet: the wallet.
            deadline: monotonic time until which to wait for others.

        Raises:
            ApiTimeoutError: others had it until then.
        """
        lock = self.find(wallet)
        if not lock.acquire(timeout=max(0.0, deadline - time.monotonic())):
            raise in_use()
        try:
            yield
        finally:
            lock.release()


WALLETS = WalletLocks()
