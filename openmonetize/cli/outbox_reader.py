"""What a look into an outbox finds, whatever kind of outbox it is."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import NamedTuple, Optional, Protocol

from openmonetize.metering.buffers.base import Account
from openmonetize.metering.results import DeadLetter, Stats


class AccountPart(NamedTuple):
    """The part of an outbox that belongs to one account.

    Attributes:
        account: its URL and the fingerprint of its key.
        customer_id: the customer, if known.
        stats: where its events are.
        oldest: seconds that the oldest waiting event waits, or those since its file was written to; None if none waits.
    """

    account: Account
    customer_id: Optional[str]
    stats: Stats
    oldest: Optional[float]


class Outbox(NamedTuple):
    """What is in an outbox.

    Attributes:
        path: where it is, as it may be shown.
        parts: the parts of the accounts.
        free_bytes: free space on its disk; None if it is in a database.
        problem: what is wrong with the place; None if nothing is.
    """

    path: str
    parts: list[AccountPart]
    free_bytes: Optional[int]
    problem: Optional[str]

    @property
    def waiting(self) -> int:
        """Events without an outcome."""
        return sum(part.stats.pending for part in self.parts)

    @property
    def dead(self) -> int:
        """Events that the platform refused."""
        return sum(part.stats.dead for part in self.parts)

    @property
    def oldest(self) -> Optional[float]:
        """Seconds that the oldest waiting events wait; None if none does."""
        return max((part.oldest for part in self.parts if part.oldest is not None), default=None)

    @property
    def room(self) -> str:
        """How much room is left, as the end of a sentence; empty if that is not for us to say."""
        return "" if self.free_bytes is None else f", {self.free_bytes / 2**20:,.0f} MiB free"


class OutboxReader(Protocol):
    """Reads an outbox, without a key, and changes nothing.

    Every method raises `OutboxError` if the outbox cannot be read, and `CommandError` if it is not there any more.

    Attributes:
        path: where it is, as it may be shown.
    """

    path: str

    def contents(self) -> Outbox:
        """Return what is in it."""

    def dead_letters(self, accounts: Collection[Account] | None = None) -> list[DeadLetter]:
        """Return the refused events of some accounts, or all, oldest first."""

    def kept(self, accounts: Collection[Account] | None = None) -> Iterator[bytes]:
        """Yield the delivered events of some accounts, or all, that are kept."""

    def is_verified(self) -> bool:
        """Return whether what was accepted is kept, to be looked for."""
