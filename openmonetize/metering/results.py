"""What a recorder reports about its events: counts, results of flushes, dead letters, other accounts."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, NamedTuple, Optional


class Stats(NamedTuple):
    """Where all recorded events are.

    ``tracked == accepted + duplicate + queued + retrying + dead + dropped``, at any moment.

    Attributes:
        tracked: events recorded.
        accepted: taken by the platform.
        duplicate: the platform had them already (after a lost response was retried, for one).
        queued: waiting, never sent yet.
        retrying: being sent, or sent at least once without a final response.
        dead: refused by the platform for good; see ``dead_letters()``.
        dropped: given up: buffer full under ``on_full="drop_newest"``, or discarded dead letters.
    """

    tracked: int = 0
    accepted: int = 0
    duplicate: int = 0
    queued: int = 0
    retrying: int = 0
    dead: int = 0
    dropped: int = 0

    @property
    def pending(self) -> int:
        """Events without an outcome yet."""
        return self.queued + self.retrying


class FlushResult(NamedTuple):
    """What a `flush` achieved; true if everything recorded before it has its outcome.

    Attributes:
        complete: everything recorded before the flush was delivered, or refused for good.
        accepted: events that the platform took during the flush.
        duplicate: events that it had already.
        dead: events that it refused for good.
        left: events that still wait; they are delivered later.
    """

    complete: bool
    accepted: int
    duplicate: int
    dead: int
    left: int

    def __bool__(self) -> bool:
        return self.complete


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
