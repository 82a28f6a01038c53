"""The interface of the buffers that outlive their process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from openmonetize.metering.buffers.base import Account, Buffer
from openmonetize.metering.buffers.ledger import Ledger
from openmonetize.metering.pace import PaceStore


class DurableBuffer(Buffer, Protocol):
    """A buffer that outlives its process, and that others may share.

    Attributes:
        path: where it is, as it may be shown.
        poll_interval: seconds after which a sender looks again for what others have left.
        retry_interval: seconds for which no caller waits for it after a failure; None for those of a disk.
        many_customers: whether events of other customers are nothing to tell of.
    """

    path: str
    poll_interval: float
    retry_interval: float | None
    many_customers: bool

    @property
    def ledger(self) -> Ledger:
        """What keeps accepted events."""

    def open(self) -> None:
        """Make it ready; raise `OutboxError` if the place cannot be used."""

    def pace(self, account: Account) -> PaceStore:
        """Return what all who share it know of an account's rate limit."""

    def kept(self) -> Iterator[bytes]:
        """Yield the delivered events that are kept, oldest first."""
