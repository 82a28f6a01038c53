# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersUserIdGet200ResponseDataRecentEventsInner."""

from __future__ import annotations

from typing import Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp
from openmonetize.models.event_type import EventType


class RecentEvent(ResponseModel):
    """One of the user's latest usage events."""

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
    credits_burned: Annotated[Optional[Int], Field(alias="creditsBurned")] = None
    """Credits that the event was billed."""
    timestamp: Optional[Timestamp] = None
    """When the usage happened (UTC)."""


V1UsersUserIdGet200ResponseDataRecentEventsInner = RecentEvent
