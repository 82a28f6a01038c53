"""The memory of what this process has sent: one id must not stand for two events."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Mapping

from openmonetize.event_id import SOURCE_ID_KEY
from openmonetize.exceptions import ApiValueError

if TYPE_CHECKING:
    from openmonetize.event_model import EventModel

_REMEMBERED = 50_000


class SentIds:
    """The ids of events that this process has sent, with what they stood for.

    The platform drops a repeated id without a word; here the same id with another payload is an error.
    """

    def __init__(self) -> None:
        self._payloads: OrderedDict[str, int] = OrderedDict()
        #: What an id stands for, or the second argument where it was not sent.
        self.get = self._payloads.get
        self.unlock()

    def unlock(self) -> None:
        """In a forked child: no thread holds the lock any more, whatever it looks like."""
        self._lock = threading.Lock()

    def add(self, payloads: Mapping[str, int]) -> None:
        """Remember what was sent."""
        with self._lock:
            self._payloads.update(payloads)
            while len(self._payloads) > _REMEMBERED:
                self._payloads.popitem(last=False)


SENT_IDS = SentIds()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=SENT_IDS.unlock)


def payload_of(event: EventModel, wire: bytes) -> int:
    """What an event's id stands for.

    Where the caller chose the id, the time is no part of it: a repeat that was built anew differs in nothing else.
    """
    if event.id_was_given:
        before, _, after = wire.partition(b'"timestamp":"')
        return hash((before, after.partition(b'"')[2]))
    return hash(wire)


def taken(event: EventModel, why: str) -> ApiValueError:
    """The error for an id that stands for two events."""
    values = vars(event)
    shown = (values.get("metadata") or {}).get(SOURCE_ID_KEY, values["event_id"])
    return ApiValueError(
        f"event_id {shown!r} {why}; the platform would silently drop this one as a duplicate: "
        "give every event an id of its own"
    )
