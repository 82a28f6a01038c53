"""What a recorder reports about its events: counts, results of flushes, dead letters, other accounts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, Optional

from openmonetize._schema.shown import facts_html


class _Counts(NamedTuple):
    tracked: int = 0
    accepted: int = 0
    duplicate: int = 0
    queued: int = 0
    retrying: int = 0
    dead: int = 0
    dropped: int = 0


class Stats(_Counts):
    """Where all recorded events are: a tuple of counts.

    ``tracked == accepted + duplicate + queued + retrying + dead + dropped``, at any moment.

    Attributes:
        tracked: events recorded.
        accepted: taken by the platform, which bills them later and may lose some before that.
        duplicate: the platform had them already (after a lost response was retried, for one).
        queued: waiting, never sent yet.
        retrying: being sent, or sent at least once without a final response.
        dead: refused by the platform for good; see ``dead_letters()``.
        dropped: given up: buffer full under ``on_full="drop_newest"``, discarded dead letters, or destroyed in the
            outbox.
        unknown: why the outbox cannot be read, so that its counts are left out; None if all is known. It is no part of
            the tuple.
        billed: how many accepted events of this process were seen to be billed, by ``wait_billed()``; None if nobody
            has looked. With ``verify=True``, those of all that were accepted. It is no part of the tuple.
        lost: accepted events that the platform has lost and that are not billed since; None without ``verify=True``.
            It is no part of the tuple.
        repaired: events that were lost, and are billed since they were sent again; None without ``verify=True``. It is
            no part of the tuple.
        unpaid: events that no user pays for, as far as `OpenMonetize` knows: recorded without a user, or for one
            without a wallet; with ``verify=True``, also those that are stored with 0 credits although they cost
            something. It is no part of the tuple.
        followed: jobs of providers whose usage is recorded once they have ended. It is no part of the tuple.
    """

    unknown: Optional[str] = None
    billed: Optional[int] = None
    lost: Optional[int] = None
    repaired: Optional[int] = None
    unpaid: int = 0
    followed: int = 0

    @property
    def pending(self) -> int:
        """Events without an outcome yet."""
        return self.queued + self.retrying

    def __repr__(self) -> str:
        return f"Stats({', '.join(f'{name}={value!r}' for name, value in self._known().items() if value is not None)})"

    def _repr_html_(self) -> str:
        return facts_html("Stats", self._known())

    def _known(self) -> dict[str, Any]:
        more = {name: getattr(self, name) for name in ("unknown", "billed", "lost", "repaired")}
        return {**self._asdict(), **more, "unpaid": self.unpaid or None, "followed": self.followed or None}


def unknown_stats(why: str) -> Stats:
    """Return the stats of an outbox that cannot be read."""
    stats = Stats()
    stats.unknown = why
    return stats


def add_up(parts: Sequence[Stats]) -> Stats:
    """Return the sum of several stats. It is unknown if one of them is."""
    total = Stats(*map(sum, zip(*parts))) if parts else Stats()
    total.unknown = next((part.unknown for part in parts if part.unknown is not None), None)
    return total


class FlushResult(NamedTuple):
    """What a `flush` achieved; true if everything recorded before it has its outcome.

    Attributes:
        complete: everything recorded before the flush was delivered, or refused for good.
        accepted: events that the platform took during the flush. It bills them later: see ``wait_billed()``.
        duplicate: events that it had already.
        dead: events that it refused for good.
        left: events that still wait; they are delivered later. None: not known, because the outbox cannot be read.
    """

    complete: bool
    accepted: int
    duplicate: int
    dead: int
    left: Optional[int]

    def __bool__(self) -> bool:
        return self.complete

    def _repr_html_(self) -> str:
        return facts_html("FlushResult", self._asdict())


class BillingResult(NamedTuple):
    """What a `wait_billed` saw; true if everything recorded before it is billed, as far as it was accepted.

    The counts are those of events that this process has delivered, since its start; of the accepted ones that were not
    seen yet, the last 10,000.

    Attributes:
        complete: no event waits, none is missing, and none was billed zero.
        billed: events that the platform was seen to have billed. None: it has not answered.
        waiting: events that are not delivered yet, or not billed yet. None: not known, because the outbox cannot be
            read.
        missing: accepted events that the platform has not billed although later ones are: it works in order, so they
            are lost. Recorded again with their ids, they are billed once.
        billed_zero: events that the platform has stored with 0 credits, although their usage costs something: nobody
            pays for it. They are not among ``billed``.
    """

    complete: bool
    billed: Optional[int]
    waiting: Optional[int]
    missing: int
    billed_zero: int

    def __bool__(self) -> bool:
        return self.complete

    def _repr_html_(self) -> str:
        return facts_html("BillingResult", self._asdict())


class Finding(NamedTuple):
    """An accepted event that is not paid as it should be, or, of the bookings, some events of a user.

    Attributes:
        kind: ``"lost"`` (the platform does not have it, and bills later ones), ``"unpaid"`` (it is stored with 0
            credits), ``"unbooked"`` (so many events of this user are stored with their credits, and the user's wallet
            has no bookings for them).
        event: the event as it was sent; None for bookings, which do not say which event they are of.
        user_id: the user who should pay; None for the customer.
        events: how many events it is about.
        credits: what is missing in the wallet; None if it is not known.
    """

    kind: str
    event: Optional[dict[str, Any]]
    user_id: Optional[str]
    events: int = 1
    credits: Optional[int] = None


class VerifyReport(NamedTuple):
    """What became of accepted events; true if each is billed, and booked as far as that can be told.

    Attributes:
        complete: no event waits, none is lost, none is unpaid, no booking is missing, and nothing is unverified.
        accepted: events that the platform accepted, and that were looked for.
        billed: events that it has stored and billed.
        waiting: events that it may bill still: nothing that was accepted later is billed yet.
        lost: events that it has lost. Those that are sent again are among them until they are billed.
        repaired: billed events that had been lost, and were sent again.
        unpaid: events that are stored with 0 credits although their usage costs something. Sending them again changes
            nothing.
        unbooked: billed events whose credits no wallet has paid, by the lists of transactions of their users.
        unchecked_users: users whose transactions cannot be compared: present servers show the last 50 of each.
        unverified: other events that the platform accepted, and of whose billing nothing is known: delivered without
            ``verify``, or removed before they were seen to be billed.
        findings: the events that are lost or unpaid, and the users whose bookings are missing.
    """

    complete: bool
    accepted: int
    billed: int
    waiting: int
    lost: int
    repaired: int
    unpaid: int
    unbooked: int
    unchecked_users: int
    unverified: int
    findings: list[Finding]

    def __bool__(self) -> bool:
        return self.complete

    def __repr__(self) -> str:
        return f"VerifyReport({', '.join(f'{name}={value!r}' for name, value in self._counts().items())})"

    def _repr_html_(self) -> str:
        return facts_html("VerifyReport", self._counts())

    def _counts(self) -> dict[str, Any]:
        return {name: value for name, value in self._asdict().items() if name != "findings"}


class DeadLetter(NamedTuple):
    """An event that the platform refused for good.

    Attributes:
        wire: the event as it was sent, JSON in UTF-8.
        status: HTTP status of the refusal.
        reason: the server's own words.
        at: when it was refused (UTC).
    """

    wire: bytes
    status: Optional[int]
    reason: str
    at: datetime

    @property
    def event(self) -> dict[str, Any]:
        """The event as the platform takes it."""
        event: dict[str, Any] = json.loads(self.wire)
        return event

    def to_json(self) -> str:
        """Return one line of JSON with event, status, reason and at."""
        at = self.at.isoformat().replace("+00:00", "Z")
        return json.dumps({"event": self.event, "status": self.status, "reason": self.reason, "at": at})


class OtherAccount(NamedTuple):
    """An account whose events wait for its own key.

    Attributes:
        base_url: the server that the events are for.
        fingerprint: digest of the key that they were recorded under.
        customer_id: that key's customer, if known.
        events: how many, dead letters included.
    """

    base_url: str
    fingerprint: str
    customer_id: Optional[str]
    events: int
