# Generated from openapi.yaml by `make generate`; do not edit.
"""TokenUsageEvent."""

from __future__ import annotations

from typing import Literal, Optional

from openmonetize.events.fields import FILLED, Count, EventId, EventTime, Metadata, Provider, Text
from openmonetize.events.model import EventModel


class TokenUsageEvent(EventModel):
    """Tokens that a language model read and wrote. Priced by provider, model and tokens, rounded up to whole credits
    per event.
    """

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
    event_type: Literal["TOKEN_USAGE"] = "TOKEN_USAGE"
    """Kind of event, always `TOKEN_USAGE`."""
    feature_id: Text
    """Feature of your product that the usage belongs to."""
    provider: Optional[Provider] = None
    """Provider of the model, in upper case. Without provider and model the event is billed nothing."""
    model: Optional[Text] = None
    """Name of the model as the platform's price list spells it. Present servers bill an unknown name at a fallback
    price, seed-era servers at nothing.
    """
    input_tokens: Optional[Count] = None
    """Tokens that went into the model."""
    output_tokens: Optional[Count] = None
    """Tokens that came out of the model."""
    timestamp: EventTime = FILLED
    """When the usage happened, in UTC and sent with a final `Z`. Stored to the millisecond."""
    metadata: Optional[Metadata] = None
    """Facts of your own to store with the event."""
    idempotency_key: Text = FILLED
    """Second guard against a second bill, unique across all customers of the platform. An event whose key is stored
    already is counted as a duplicate and dropped.
    """
