"""Ids of callers' own, told apart by the account: two customers who paste the same lines do not meet.

The id of an event is at first derived from what the event says of its owner: its ``customer_id``, or
``Configuration.id_namespace``. Either may be a placeholder that another customer uses as well. As soon as it is known
which customer the key is of, the id is derived from that too, unless it is the same. The result depends on nothing but
the customer, the owner that is named and the caller's text, so that it does not matter when this is done, how often,
and by which process.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from openmonetize.events.ids import SOURCE_ID_KEY, derive_id
from openmonetize.events.model import EventModel

_MARK = f'"{SOURCE_ID_KEY}":'.encode()


def may_be_derived(wire: bytes) -> bool:
    """Return whether an event may have an id that is derived from one of the caller's own."""
    return _MARK in wire


def with_account(event: EventModel, namespace: str | None, customer_id: str) -> EventModel:
    """Return the event under the id that it has in a customer's account: itself, or a copy.

    Args:
        event: an event whose id is a UUID.
        namespace: ``Configuration.id_namespace``.
        customer_id: the customer behind the key.
    """
    values = vars(event)
    settled = _settled(values, namespace, customer_id)
    if settled is None:
        return event
    changed = {"event_id": settled}
    if values["idempotency_key"] == values["event_id"]:
        changed["idempotency_key"] = settled
    return event.model_copy(update=changed)


def wire_with_account(wire: bytes, namespace: str | None, customer_id: str) -> bytes:
    """Do as `with_account` with an event's bytes. Their number stays the same."""
    if not may_be_derived(wire):
        return wire
    values = json.loads(wire)
    settled = _settled(values, namespace, customer_id)
    if settled is None:
        return wire
    for name in ("event_id", "idempotency_key"):
        if values.get(name) == values["event_id"]:
            before, after = (f'"{name}":"{value}"'.encode() for value in (values["event_id"], settled))
            # Quotes within another text are escaped. Metadata may have the same name and value: it comes between.
            start = wire.find(before) if name == "event_id" else wire.rfind(before)
            wire = wire[:start] + after + wire[start + len(before) :]
    return wire


def _settled(values: Mapping[str, Any], namespace: str | None, customer_id: str) -> str | None:
    """Return the id that takes the place of an event's; None if it is not derived, or settled already."""
    source = (values.get("metadata") or {}).get(SOURCE_ID_KEY)
    named = values.get("customer_id") or namespace
    if not isinstance(source, str) or not named or named == customer_id:
        return None
    if values["event_id"] != derive_id(named, source):
        return None
    return derive_id(f"{customer_id}\n{named}", source)
