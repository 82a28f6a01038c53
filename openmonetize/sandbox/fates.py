"""What else than billing may become of an accepted event: the ways of the running platform, as they were measured.

The platform answers 202 before it bills, and loses or bills some events wrongly without a sign. Each way is a fault
that is switched on for a share of the events, or for the next ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

# Stored nowhere; it becomes a dead letter. The whole waiting backlog meets this when the platform's worker is stopped,
# as for a deployment, and when its database restarts.
ACCEPT_AND_LOSE = "accept-and-lose"
# Stored nowhere, and no dead letter either. Measured while the platform's queue refused to store.
ACCEPT_NOTHING = "accept-nothing"
# Stored without credits and cost. Measured after the worker had been frozen for seconds.
BILL_ZERO = "bill-zero"
# Stored with its credits, but no wallet pays. Measured after the database had stalled for seconds.
STORE_WITHOUT_BURN = "store-without-burn"

# These strike a grant or purchase, and by it the first event of its wallet that waits for billing.
#
# The grant writes the balance that it has read before the event was billed: the burn is among the transactions, and
# missing in the balance.
GRANT_OVERWRITES_BURN = "grant-overwrites-burn"
# The first grant and the first event of a user create the user at the same moment, and the event is lost.
FIRST_GRANT_LOSES_EVENT = "first-grant-loses-event"

EVENT_FATES = (ACCEPT_AND_LOSE, ACCEPT_NOTHING, BILL_ZERO, STORE_WITHOUT_BURN)
GRANT_FATES = (GRANT_OVERWRITES_BURN, FIRST_GRANT_LOSES_EVENT)
FATES = EVENT_FATES + GRANT_FATES


class FateSource(Protocol):
    """The faults that strike events."""

    def strike_events(self) -> bool:
        """Return whether any event may be struck."""

    def draw_fate(self, fates: Sequence[str]) -> str | None:
        """Return one of `fates` if its fault strikes an event, else None."""
