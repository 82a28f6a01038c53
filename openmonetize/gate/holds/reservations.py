"""Reservations: an entitlement check and a hold in one step."""

from __future__ import annotations

import hashlib
import logging
import time
import uuid
from typing import TYPE_CHECKING, Callable, NamedTuple

from openmonetize._fork import ProcessMark
from openmonetize._stores.documents import StoreError
from openmonetize._stores.turns import Turns
from openmonetize.gate.checks import CheckResult, EntitlementDenied, OnOutage, Question, Remedy, require_policy
from openmonetize.gate.gate import Gate
from openmonetize.gate.holds.billed_events import NOTHING, BilledEvents, Look
from openmonetize.gate.holds.ledger import Outcome
from openmonetize.gate.holds.store import HoldStore
from openmonetize.gate.refresher import Refresher

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize.gate")
_REFRESH_FRACTION = 0.5  # of the time for which a balance is used, after which it is read in the background
_MAX_READINGS = 5  # of the balance, for one reservation: grants and others' readings may overtake it
# Before a denial for lack of credits, a balance is read anew that is older than so many seconds.
_REREAD_SECONDS = 2.0


class _Decision(NamedTuple):
    """Whether credits are held, and why not."""

    check: CheckResult
    denied: bool


class Reservations:
    """Holds credits of users in a store. Safe to use from several threads and over forks.

    The platform's balance is read at most once in a few seconds for each wallet, by whichever process needs it first,
    and is kept in the store. Between two readings the holds are what changes.

    Args:
        client: asks the platform for its list of events.
        gate: asks it for checks and balances.
        open_store: returns the store; called with the first reservation.
        max_age: seconds for which a balance is used.
        timeout: seconds that one request may take.
    """

    def __init__(
        self, client: ApiClient, gate: Gate, open_store: Callable[[], HoldStore], *, max_age: float, timeout: float
    ) -> None:
        self._client = client
        self._gate = gate
        self._open_store = open_store
        self._max_age = max_age
        self._timeout = timeout
        self._billed = BilledEvents(client, timeout)
        self._store: HoldStore | None = None
        self._failing = False
        self._turns = Turns()
        self._start()

    def _start(self) -> None:
        self._refresher: Refresher[tuple[str, Question]] = Refresher(self._refresh)
        self._mark = ProcessMark()

    @property
    def store(self) -> HoldStore:
        """The store of the holds."""
        if self._store is None:
            self._store = self._open_store()
        return self._store

    def wallet_of(self, user_id: str) -> str:
        """Return the name of a user's wallet in the store, which does not reveal the user."""
        text = f"{self._client.configuration.host}\n{user_id}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(text).hexdigest()[:40]

    def forget(self, user_id: str | None) -> None:
        """Forget the checks of a user whose wallet was changed, and have the balance read anew."""
        self._gate.forget(user_id)
        if self._store is not None and user_id is not None:
            try:
                self._store.forget_balance(self.wallet_of(user_id))
            except StoreError as error:
                self.failed(error)

    def close(self) -> None:
        """End the reading in the background, and close the store's connections."""
        self._refresher.close()
        if self._store is not None:
            self._store.close()

    def reserve(self, question: Question, credits: int, on_outage: OnOutage, ttl: float) -> tuple[str, CheckResult]:
        """Hold credits for a use.

        Args:
            question: who wants to use what.
            credits: how many.
            on_outage: whether to go ahead if the platform does not answer, or the store cannot be used.
            ttl: seconds after which the hold ends by itself.

        Returns:
            The hold's id, and the check's answer.

        Raises:
            EntitlementDenied: the user may not go ahead.
            ApiValueError, BadRequestException, MissingExtraError: as for a check, and for opening the store.
        """
        require_policy(on_outage)
        if self._mark.forked():
            self._start()
        wallet, hold_id = self.wallet_of(question.user_id), uuid.uuid4().hex
        try:
            decision = self._decide(wallet, hold_id, question, credits, ttl)
            if decision is None:
                why = f"the platform did not answer; on_outage={on_outage!r} decided"
                decision = _by_policy(on_outage, credits, why)
                if not decision.denied:
                    self.store.force(wallet, hold_id, credits, ttl)
            self._failing = False
        except StoreError as error:
            self.failed(error)
            decision = _by_policy(on_outage, credits, f"{error}; on_outage={on_outage!r} decided")
        if decision.denied:
            raise EntitlementDenied(decision.check, question)
        return hold_id, decision.check

    def reserve_at_once(self, question: Question, credits: int, ttl: float) -> tuple[str, CheckResult] | None:
        """Do as :meth:`reserve` if that waits for nothing: the balance is known, and the store is in memory. Else None.

        Raises:
            EntitlementDenied: the user may not go ahead.
        """
        if self._mark.forked() or not self.in_memory:
            return None
        hold_id = uuid.uuid4().hex
        decision = self._by_known_balance(self.wallet_of(question.user_id), hold_id, question, credits, ttl)
        if decision is None:
            return None
        if decision.denied:
            raise EntitlementDenied(decision.check, question)
        return hold_id, decision.check

    @property
    def in_memory(self) -> bool:
        """Whether the store is open, and its changes wait for nothing."""
        return self._store is not None and self._store.in_memory

    def failed(self, error: StoreError) -> None:
        """Take note that the store cannot be used."""
        if not self._failing:
            self._failing = True
            _LOG.warning("%s; until it can, on_outage decides about reservations", error)

    def _decide(self, wallet: str, hold_id: str, question: Question, credits: int, ttl: float) -> _Decision | None:
        """Return whether credits are held; None if the platform did not answer."""
        decision = self._by_known_balance(wallet, hold_id, question, credits, ttl)
        if decision is not None:
            return decision
        with self._turns.of(wallet, self._timeout):  # one reads the balance, for those that wait
            # Another thread may have read the balance meanwhile.
            decision = self._by_known_balance(wallet, hold_id, question, credits, ttl)
            if decision is not None:
                return decision
            balance, short = None, False
            for _ in range(_MAX_READINGS):
                verdict, look = self._read(wallet, question, short)
                if verdict is None:
                    return None
                if not verdict:
                    return _Decision(verdict, True)
                outcome = self.store.hold(wallet, hold_id, credits, ttl, None)
                if outcome.available is None:
                    continue  # the wallet was changed while it was read
                decision = _decision(verdict, outcome, credits)
                if outcome.held:
                    break
                # Usage that is burned in this balance counts twice, if it was not known to be burned before.
                if look.settles is not None:
                    time.sleep(max(0.0, look.settles - time.monotonic()))
                elif not look.unlisted or balance == outcome.balance:
                    break
                balance, short = outcome.balance, True
            return decision

    def _by_known_balance(
        self, wallet: str, hold_id: str, question: Question, credits: int, ttl: float
    ) -> _Decision | None:
        """Return whether credits are held, by what is known of the wallet; None if that is not enough to tell."""
        verdict = self._gate.cached(question, refresh=False)  # the balance is read with it
        if verdict is None:
            return None
        if not verdict:
            return _Decision(verdict, True)
        outcome = self.store.hold(wallet, hold_id, credits, ttl, self._max_age)
        if outcome.held and outcome.age > _REFRESH_FRACTION * self._max_age:
            self._refresher.submit((wallet, question))
        if outcome.held or (outcome.available is not None and outcome.age <= _REREAD_SECONDS):
            return _decision(verdict, outcome, credits)
        return None

    def _refresh(self, asked: tuple[str, Question]) -> None:
        self._read(*asked, short=False)

    def _read(self, wallet: str, question: Question, short: bool) -> tuple[CheckResult | None, Look]:
        """Read the balance by a check, and have the store take it.

        Args:
            wallet: the wallet.
            question: of the check.
            short: whether the wallet has too little, so that it matters what is burned.

        Returns:
            The check's answer, None if there is none; and what is burned.
        """
        reading = self.store.begin(wallet)
        look = self._billed.look(reading.unburned, reading.began, short) if reading.unburned else NOTHING
        verdict = self._gate.ask(question)  # after that: a balance that is older could lack the burns
        if verdict is not None and verdict.balance is not None:
            self.store.observe(wallet, reading, verdict.balance, look.burned)
        return verdict, look


def _by_policy(on_outage: OnOutage, credits: int, why: str) -> _Decision:
    allowed = on_outage == "allow"
    return _Decision(CheckResult(allowed, why, credits, source="outage"), not allowed)


def _decision(verdict: CheckResult, outcome: Outcome, credits: int) -> _Decision:
    check = verdict._replace(balance=outcome.balance, estimated_credits=credits)
    if outcome.held:
        return _Decision(check, False)
    free = max(0, outcome.available or 0)
    reason = f"Insufficient credits: {free} are free, {credits} are needed"
    remedies = check.actions or (Remedy("purchase", None, None),)
    return _Decision(check._replace(allowed=False, reason=reason, actions=remedies, source="holds"), True)
