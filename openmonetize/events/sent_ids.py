"""The ids of callers' own that this process has sent, so that one id never stands for two different events."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

from openmonetize._fork import ProcessMark
from openmonetize.events.ids import SOURCE_ID_KEY
from openmonetize.exceptions import ApiKeyError, ApiValueError

if TYPE_CHECKING:
    from openmonetize._http.configuration import Configuration
    from openmonetize.events.model import EventModel

_MAX_REMEMBERED = 50_000
_MAX_ACCOUNTS = 100

# The event that an id stands for: the hash of its bytes, and the time in them.
Payload = tuple[int, str]


class SentIds:
    """The ids of events that this process has sent under one account, with their payloads.

    The platform silently drops an event with a known id. Here the same id with another payload is an error.
    """

    def __init__(self) -> None:
        # New ids go into the first half. When it is full it becomes the second, and the old second half is forgotten.
        self._halves: tuple[dict[str, Payload], dict[str, Payload]] = ({}, {})
        self._lock, self._mark = threading.RLock(), ProcessMark()

    def get(self, event_id: str) -> Payload | None:
        """Return the payload of an id, or None if it was not sent."""
        young, old = self._halves
        return young.get(event_id) or old.get(event_id)

    def all_new_or_same(self, payloads: Mapping[str, Payload]) -> bool:
        """Return whether all ids are new or all have the same payload as before; False for a mixture."""
        return all(half.keys().isdisjoint(payloads) or payloads.items() <= half.items() for half in self._halves)

    def add(self, payloads: Mapping[str, Payload]) -> None:
        """Add the ids and payloads of events that were sent."""
        if self._mark.forked():  # a thread of the parent may have held the lock
            self._lock, self._mark = threading.RLock(), ProcessMark()
        with self._lock:
            young, _ = self._halves
            if len(young) + len(payloads) > _MAX_REMEMBERED // 2:
                self._halves = {}, young
            self._halves[0].update(payloads)


# By host and digest of the key.
_SENT: dict[tuple[str, str], SentIds] = {}


def sent_ids(configuration: Configuration) -> SentIds:
    """Return the ids that were sent to a host under a key."""
    try:
        account = configuration.host, configuration.account_fingerprint()
    except ApiKeyError:
        account = configuration.host, ""
    found = _SENT.get(account)
    if found is None:
        if len(_SENT) >= _MAX_ACCOUNTS:
            _SENT.pop(next(iter(_SENT)), None)
        found = _SENT.setdefault(account, SentIds())
    return found


def forget_sent_ids() -> None:
    """Forget all ids, for tests that begin with an empty platform."""
    _SENT.clear()


# An event's time in its bytes. Within another text the quotes would be escaped, so that this cannot match there.
_TIME = b'"timestamp":"%b"'


def payload_of(event: EventModel, wire: bytes) -> Payload:
    """Return the payload that an event's id stands for."""
    return hash(wire), vars(event)["timestamp"]


def agree(event: EventModel, wire: bytes, known: Payload) -> bool:
    """Return whether an event is the one that its id is known to stand for.

    If the caller chose the id, the time may differ, since an event that is built again for a retry gets a new time.
    """
    payload, time = hash(wire), vars(event)["timestamp"]
    if payload == known[0] or not event.id_was_given:
        return payload == known[0]
    return hash(wire.replace(_TIME % time.encode(), _TIME % known[1].encode(), 1)) == known[0]


def taken(event: EventModel, why: str) -> ApiValueError:
    """Return the error for an id that stands for two events."""
    values = vars(event)
    shown = (values.get("metadata") or {}).get(SOURCE_ID_KEY, values["event_id"])
    return ApiValueError(
        f"event_id {shown!r} {why}; the platform would silently drop this one as a duplicate: "
        "give every event an id of its own"
    )
