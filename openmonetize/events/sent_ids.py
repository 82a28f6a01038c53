"""The memory of what this process has sent: one id must not stand for two events."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Dict, Mapping, Tuple

from openmonetize._fork import ProcessMark
from openmonetize.events.ids import SOURCE_ID_KEY
from openmonetize.exceptions import ApiValueError

if TYPE_CHECKING:
    from openmonetize.events.model import EventModel

_REMEMBERED = 50_000

#: What an id stands for: the hash of the event's bytes, and the time that is in them.
Payload = Tuple[int, str]


class SentIds:
    """The ids of events that this process has sent, with what they stood for.

    The platform drops a repeated id without a word; here the same id with another payload is an error.
    """

    def __init__(self) -> None:
        # The younger half fills up; then it becomes the older one, whose ids are the next to be forgotten.
        self._halves: Tuple[Dict[str, Payload], Dict[str, Payload]] = ({}, {})
        self._lock, self._mark = threading.Lock(), ProcessMark()

    def get(self, event_id: str, default: Payload) -> Payload:
        """What an id stands for, or ``default`` where it was not sent."""
        young, old = self._halves
        return young.get(event_id) or old.get(event_id, default)

    def all_new_or_same(self, payloads: Mapping[str, Payload]) -> bool:
        """Whether all ids are new, or all stand for the same as before; a mixture needs a closer look."""
        return all(half.keys().isdisjoint(payloads) or payloads.items() <= half.items() for half in self._halves)

    def add(self, payloads: Mapping[str, Payload]) -> None:
        """Remember what was sent."""
        if self._mark.forked():  # a thread of the parent may have held the lock
            self._lock, self._mark = threading.Lock(), ProcessMark()
        with self._lock:
            young, _ = self._halves
            if len(young) + len(payloads) > _REMEMBERED // 2:
                self._halves = {}, young
            self._halves[0].update(payloads)


#: How an event's time looks in its bytes, and nothing before it: in a text, the quotes would be escaped.
_TIME = b'"timestamp":"%b"'

SENT_IDS = SentIds()


def payload_of(event: EventModel, wire: bytes) -> Payload:
    """What an event's id stands for."""
    return hash(wire), vars(event)["timestamp"]


def agree(event: EventModel, wire: bytes, known: Payload) -> bool:
    """Whether an event is the one that its id is known to stand for.

    Where the caller chose the id, the time may differ: a repeat that was built anew differs in nothing else.
    """
    payload, time = hash(wire), vars(event)["timestamp"]
    if payload == known[0] or not event.id_was_given:
        return payload == known[0]
    return hash(wire.replace(_TIME % time.encode(), _TIME % known[1].encode(), 1)) == known[0]


def taken(event: EventModel, why: str) -> ApiValueError:
    """The error for an id that stands for two events."""
    values = vars(event)
    shown = (values.get("metadata") or {}).get(SOURCE_ID_KEY, values["event_id"])
    return ApiValueError(
        f"event_id {shown!r} {why}; the platform would silently drop this one as a duplicate: "
        "give every event an id of its own"
    )
