"""The delivery of one account's events from an outbox, by this process."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, Optional

from openmonetize._http.configuration import Configuration
from openmonetize._http.redaction import Secret
from openmonetize.cli.outbox_reader import AccountPart
from openmonetize.compat import CompatClient
from openmonetize.exceptions import ApiException
from openmonetize.metering import Delivered, Incident, Recorder
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.results import Stats, add_up

_LOG = logging.getLogger("openmonetize.outbox")
_ASK_INTERVAL = 30.0  # seconds between questions whose key it is, until the platform has answered


class AccountDelivery:
    """Delivers what waits in an outbox under one key, and counts what becomes of it.

    Args:
        name: of the account.
        configuration: has the key and the platform's URL.
        place: the outbox.
        keeping: the recorder's settings that keep what is accepted.

    Attributes:
        name: of the account.
        account: what its events are recorded under.
        recorder: delivers.
        accepted, duplicate, dead: events, by what the platform said of them to this process.
        incidents: how many of each kind were reported.
        reason: the message of the last one; None without any.
        delivered_at: monotonic time of the last delivery, or of the start.
        refused: why the platform refuses the account; None if it does not.

    Raises:
        ApiKeyError: the key cannot be used.
        OutboxError: the outbox cannot be used.
    """

    def __init__(self, name: str, configuration: Configuration, place: Secret, keeping: dict[str, Any]) -> None:
        self.name = name
        self.accepted = self.duplicate = self.dead = 0
        self.incidents: Counter[str] = Counter()
        self.reason: str | None = None
        self.delivered_at = time.monotonic()
        self.refused: str | None = None
        self._asked_at: float | None = float("-inf")  # None: it has answered
        self.account = Account(configuration.host, configuration.account_fingerprint())
        self.recorder = Recorder(
            CompatClient(configuration),
            outbox=place,
            on_error=self._failed,
            on_delivered=self._delivered,
            **keeping,
        )

    def _delivered(self, delivered: Delivered) -> None:
        self.accepted += delivered.accepted
        self.duplicate += delivered.duplicate
        self.delivered_at = time.monotonic()
        self.refused = None

    def _failed(self, incident: Incident) -> None:
        self.incidents[incident.kind] += 1
        self.reason = incident.message
        if incident.kind == "dead":
            self.dead += incident.events
            self.delivered_at = time.monotonic()
        elif incident.kind == "parked":
            self._refused(incident.message)

    def _refused(self, reason: str) -> None:
        if self.refused is None:
            _LOG.error("the platform refuses account %r: %s", self.name, reason)
        self.refused = reason

    def ask_customer(self) -> None:
        """Ask the platform, until it has answered once, whose the key is.

        Nothing else finds a wrong key: it has no events, which were recorded under the right one.
        """
        if self._asked_at is None or time.monotonic() - self._asked_at < _ASK_INTERVAL:
            return
        self._asked_at = time.monotonic()
        try:
            self.recorder.require_customer()
        except ApiException as error:
            if error.status in (401, 403):
                self._refused(str(error))
        else:
            self._asked_at = None
            self.refused = None


class Share(NamedTuple):
    """The part of an outbox that one delivery has to do with.

    Attributes:
        stats: where its events are, whoever recorded and delivered them.
        oldest: seconds that the oldest of them waits; None if none waits.
    """

    stats: Stats
    oldest: Optional[float]


def shares(parts: Iterable[AccountPart], deliveries: Sequence[AccountDelivery]) -> tuple[list[Share], Stats]:
    """Return the share of each delivery, and what is left: events that wait for other keys.

    Another key of a delivery's customer belongs to it, such as the one before a rotation.
    """
    places = {delivery.account: place for place, delivery in enumerate(deliveries)}
    parts = list(parts)
    owners: dict[tuple[str, Optional[str]], int] = {
        (part.account.base_url, part.customer_id): places[part.account]
        for part in reversed(parts)
        if part.account in places and part.customer_id is not None
    }
    found: list[list[AccountPart]] = [[] for _ in deliveries]
    others: list[AccountPart] = []
    for part in parts:
        place = places.get(part.account, owners.get((part.account.base_url, part.customer_id)))
        (others if place is None else found[place]).append(part)
    added = [
        Share(
            add_up([part.stats for part in own]),
            max((part.oldest for part in own if part.oldest is not None), default=None),
        )
        for own in found
    ]
    return added, add_up([part.stats for part in others])
