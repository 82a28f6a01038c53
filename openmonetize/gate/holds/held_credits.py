"""The credits of one hold in the store: what is recorded takes their place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from openmonetize._fork import ProcessMark
from openmonetize._stores.documents import StoreError
from openmonetize.gate.holds.billed_events import usage_key
from openmonetize.gate.holds.reservations import Reservations
from openmonetize.gate.holds.store import HoldStore

if TYPE_CHECKING:
    from openmonetize.events.model import EventModel


class HeldCredits:
    """Credits that are held. A store that fails raises nothing here: usage is recorded, and the hold ends by itself.

    Args:
        reservations: have the store; None if nothing is held, for a client that is disabled.
        hold_id: the hold's id in the store.
        user_id: whose credits they are.
        credits: how many.
        price: returns the credits that an event burns; None if that cannot be told now.

    Attributes:
        ended: whether they were given back.
    """

    def __init__(
        self,
        reservations: Reservations | None,
        hold_id: str,
        user_id: str,
        credits: int,
        price: Callable[[EventModel], int | None],
    ) -> None:
        self.ended = False
        self._reservations = reservations
        self._id = hold_id
        self._user_id = user_id
        self._credits = credits
        self._price = price
        self._wallet = "" if reservations is None else reservations.wallet_of(user_id)
        self._mark = ProcessMark()

    @property
    def in_memory(self) -> bool:
        """Whether they change without waiting for anything."""
        return self._reservations is None or self._reservations.in_memory

    def release(self) -> None:
        """Give back what is held. A second time does nothing."""
        if self.ended or self._mark.forked():  # a forked child has a copy of its parent's hold
            return
        self.ended = True
        self._change(lambda store: store.release(self._wallet, self._id))

    def record(self, event: EventModel, record: Callable[[EventModel], str]) -> str:
        """Record an event, which counts against the wallet from before that moment until it is burned.

        Args:
            event: the event.
            record: records it, and returns its id.
        """
        values = vars(event)
        user_id = values["user_id"]
        if self._reservations is None or not user_id or values.get("team_id"):
            return record(event)  # no user's wallet pays
        # Another user's may be held by a block around this one.
        wallet = self._wallet if user_id == self._user_id else self._reservations.wallet_of(user_id)
        key, priced = usage_key(values["event_id"], values["metadata"]), self._price(event)
        credits = self._credits if priced is None else priced
        # Counted first: a process that is killed in between leaves credits held for too long, and none overspent.
        counted = credits > 0 and self._change(lambda store: store.use(wallet, self._id, key, credits))
        try:
            return record(event)
        except BaseException:
            if counted:
                self._change(lambda store: store.forget_usage(wallet, key))
            raise

    def _change(self, function: Callable[[HoldStore], object]) -> object:
        """Return what a change of the store returns, None if the store cannot be used."""
        if self._reservations is None:
            return None
        try:
            return function(self._reservations.store)
        except StoreError as error:
            self._reservations.failed(error)
            return None
