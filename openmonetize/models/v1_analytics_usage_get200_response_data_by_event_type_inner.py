# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByEventTypeInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, Int, IntString, ResponseModel


class EventTypeUsage(ResponseModel):
    """Totals of one event type."""

    event_type: Annotated[Optional[str], Field(alias="eventType")] = None
    """Type of the events, such as TOKEN_USAGE."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    credits_burned: Annotated[Optional[IntString], Field(alias="creditsBurned")] = None
    """Credits, as text."""
    cost_usd: Annotated[Optional[DecimalString], Field(alias="costUsd")] = None
    """Provider cost in US dollars, as text with 4 decimals."""


V1AnalyticsUsageGet200ResponseDataByEventTypeInner = EventTypeUsage
