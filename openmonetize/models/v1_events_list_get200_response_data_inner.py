# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsListGet200ResponseDataInner."""

from __future__ import annotations

from typing import Any, Dict, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, IntString, ResponseModel, Timestamp
from openmonetize.models.event_type import EventType


class StoredEvent(ResponseModel):
    """One stored usage event with what it cost. It does not say which user or idempotency key it had."""

    id: Optional[str] = None
    """Id of the event."""
    event_type: Annotated[Optional[Union[EventType, str]], Field(alias="eventType")] = None
    """What was metered."""
    feature_id: Annotated[Optional[str], Field(alias="featureId")] = None
    """Feature that the usage belongs to."""
    provider: Optional[str] = None
    """Provider of the model, or null."""
    model: Optional[str] = None
    """Name of the model, or null."""
    input_tokens: Annotated[Optional[IntString], Field(alias="inputTokens")] = None
    """Tokens that went into the model, or null."""
    output_tokens: Annotated[Optional[IntString], Field(alias="outputTokens")] = None
    """Tokens that came out of the model, or null."""
    credits_burned: Annotated[Optional[IntString], Field(alias="creditsBurned")] = None
    """Credits that the event was billed."""
    cost_usd: Annotated[Optional[DecimalString], Field(alias="costUsd")] = None
    """What the usage cost by the platform's price list, in USD with ten decimals, or null."""
    timestamp: Optional[Timestamp] = None
    """When the usage happened (UTC)."""
    metadata: Optional[Dict[str, Any]] = None
    """Facts sent with the event, or null."""


V1EventsListGet200ResponseDataInner = StoredEvent
