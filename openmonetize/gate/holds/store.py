"""The interface of the stores of holds."""

from __future__ import annotations

import random
import time
from collections.abc import Collection
from typing import Callable, TypeVar

from openmonetize.exceptions import OpenApiException
from openmonetize.gate.holds.ledger import Ledger, Outcome, Reading
from openmonetize.gate.holds.turns import Turns

T = TypeVar("T")

# Seconds that one change of a wallet may take, waiting for other processes included, after as many for its turn.
STORE_TIMEOUT = 3.0
_MIN_BACKOFF, _MAX_BACKOFF = 0.000_2, 0.05  # seconds between two attempts


class HoldStoreError(OpenApiException):
    """The store of holds cannot be used now, or is set up wrongly."""


class HoldStore:
    """Keeps the ledgers of wallets. Every method is one atomic change of one wallet, and may be repeated.

    Safe to use from several threads and over forks. A subclass has `load` and `swap`: a change is computed from what
    was loaded, and is written only if nothing else was written meanwhile; otherwise it is computed again. So no other
    process waits for a lock, and one that is stopped or killed at any point keeps no other waiting. The threads of a
    process take turns with a wallet: 64 of them that all try again would hinder each other more than they get done.

    Raises:
        HoldStoreError: by every method: the store cannot be reached, or others change the wallet all the time.
    """

    def __init__(self) -> None:
        self._turns = Turns()

    def load(self, wallet: str) -> tuple[str | None, float]:
        """Return a wallet's document, None if there is none, and the time of the store's clock in seconds."""
        raise NotImplementedError

    def swap(self, wallet: str, old: str | None, new: str, expires: float) -> bool:
        """Write a wallet's document if it still is what it was. Return whether it was written.

        Args:
            wallet: the wallet.
            old: what was loaded.
            new: what to write.
            expires: the time from which on the document is of no use.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close what is open. It opens again when it is used."""

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter ends, or it was never opened
            pass

    def change(self, wallet: str, function: Callable[[Ledger], T]) -> T:
        """Apply a function to a wallet's ledger, atomically, and return its result."""
        with self._turns.of(wallet, STORE_TIMEOUT):
            return self._change(wallet, function)

    def _change(self, wallet: str, function: Callable[[Ledger], T]) -> T:
        deadline, backoff, failed = time.monotonic() + STORE_TIMEOUT, _MIN_BACKOFF, False
        while True:
            try:
                old, now = self.load(wallet)
                ledger = _ledger(old, now)
                result = function(ledger)
                if not ledger.changed or self.swap(wallet, old, ledger.document(), ledger.expires()):
                    return result
            except HoldStoreError:
                # A connection that was idle may have been closed. Whether the change was made does not matter.
                if failed or time.monotonic() >= deadline:
                    raise
                failed = True
            if time.monotonic() >= deadline:
                raise HoldStoreError(f"others changed this wallet's holds all the time, for {STORE_TIMEOUT:.0f} s")
            time.sleep(random.uniform(0.0, backoff))
            backoff = min(2 * backoff, _MAX_BACKOFF)

    def hold(self, wallet: str, hold_id: str, credits: int, ttl: float, max_age: float | None) -> Outcome:
        """Set credits aside if the wallet has them; see `Ledger.hold`."""
        return self.change(wallet, lambda ledger: ledger.hold(hold_id, credits, ttl, max_age))

    def force(self, wallet: str, hold_id: str, credits: int, ttl: float) -> None:
        """Set credits aside, whatever the balance is; see `Ledger.force`."""
        self.change(wallet, lambda ledger: ledger.force(hold_id, credits, ttl))

    def release(self, wallet: str, hold_id: str) -> None:
        """End a hold; see `Ledger.release`."""
        self.change(wallet, lambda ledger: ledger.release(hold_id))

    def use(self, wallet: str, hold_id: str, key: str, credits: int) -> bool:
        """Count usage until it is burned; see `Ledger.use`."""
        return self.change(wallet, lambda ledger: ledger.use(hold_id, key, credits))

    def forget_usage(self, wallet: str, key: str) -> None:
        """No longer count usage; see `Ledger.forget_usage`."""
        self.change(wallet, lambda ledger: ledger.forget_usage(key))

    def begin(self, wallet: str) -> Reading:
        """Begin to read the balance; see `Ledger.begin`."""
        return self.change(wallet, lambda ledger: ledger.begin())

    def observe(self, wallet: str, reading: Reading, balance: int, burned: Collection[str]) -> bool:
        """Take a balance that was read; see `Ledger.observe`."""
        return self.change(wallet, lambda ledger: ledger.observe(reading, balance, burned))

    def forget_balance(self, wallet: str) -> None:
        """Have the balance read anew; see `Ledger.forget_balance`."""
        self.change(wallet, lambda ledger: ledger.forget_balance())


def _ledger(document: str | None, now: float) -> Ledger:
    try:
        return Ledger(document, now)
    except (ValueError, TypeError):
        raise HoldStoreError("the store of holds has something else in place of a wallet") from None
