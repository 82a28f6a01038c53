# Generated from openapi.yaml by `make generate`; do not edit.
"""ApiCallEvent."""

from __future__ import annotations

from typing import Literal, Optional

from openmonetize.events.fields import FILLED, EventId, EventTime, Metadata, Provider, Text
from openmonetize.events.model import EventModel


class ApiCallEvent(EventModel):
    """One call of a feature. Stored and counted, billed nothing."""

    event_id: EventId = FILLED
    """Id of the event, a UUID unique across the platform. Made once and kept over retries, it is what stops a second
    bill.
    """
    customer_id: Optional[Text] = None
    """Id of the customer. Seed-era servers need it and refuse any but the key's; present servers replace it by the
    key's.
    """
    user_id: Optional[Text] = None
    """User whose wallet pays. A user without a wallet pays nothing. Use ids that are unique across customers."""
    team_id: Optional[Text] = None
    """Team whose wallet pays, ahead of `user_id`. The team must exist or the event is lost, and no operation creates
    one: the client refuses events that name one.
    """
    event_type: Literal["API_CALL"] = "API_CALL"
    """Kind of event, always `API_CALL`."""
    feature_id: Text
    """Feature of your product that the usage belongs to."""
    provider: Optional[Provider] = None
    """Provider of the model, in upper case."""
    model: Optional[Text] = None
    """Name of the model, if one was involved."""
    timestamp: EventTime = FILLED
    """When the usage happened, in UTC and sent with a final `Z`. Stored to the millisecond."""
    metadata: Optional[Metadata] = None
    """Facts of your own to store with the event."""
    idempotency_key: Text = FILLED
    """Second guard against a second bill, unique across all customers of the platform. An event whose key is stored
    already is counted as a duplicate and dropped.
    """
