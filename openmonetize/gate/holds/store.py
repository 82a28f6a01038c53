"""The interface of the stores of holds, and the stores that processes share."""

from __future__ import annotations

from collections.abc import Collection
from typing import Callable, TypeVar

from openmonetize._stores.documents import DocumentStore, StoreError, Written
from openmonetize.gate.holds.ledger import Ledger, Outcome, Reading

T = TypeVar("T")


class HoldStore:
    """Keeps the ledgers of wallets. Every method is one atomic change of one wallet, and may be repeated.

    Safe to use from several threads and over forks.

    Attributes:
        in_memory: whether its changes take microseconds, and wait for nothing.

    Raises:
        StoreError: by every method: the store cannot be reached, or others change the wallet all the time.
    """

    in_memory = False

    def change(self, wallet: str, function: Callable[[Ledger], T]) -> T:
        """Apply a function to a wallet's ledger, atomically, and return its result."""
        raise NotImplementedError

    def close(self) -> None:
        """Close what is open. It opens again when it is used."""

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


class SharedHolds(HoldStore):
    """Keeps holds in documents that processes share.

    Args:
        documents: the store.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def change(self, wallet: str, function: Callable[[Ledger], T]) -> T:
        """Apply a function to a wallet's ledger, atomically, and return its result."""

        def apply(document: str | None, now: float) -> tuple[T, Written | None]:
            ledger = _ledger(document, now)
            result = function(ledger)
            return result, Written(ledger.document(), ledger.expires()) if ledger.changed else None

        return self._documents.change(f"holds:{wallet}", apply)

    def close(self) -> None:
        """Close what is open."""
        self._documents.close()


def _ledger(document: str | None, now: float) -> Ledger:
    try:
        return Ledger(document, now)
    except (ValueError, TypeError):
        raise StoreError("the store of holds has something else in place of a wallet") from None
