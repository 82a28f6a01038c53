# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByEventTypeInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize.model import DecText, Int, IntText, ResponseModel


class V1AnalyticsUsageGet200ResponseDataByEventTypeInner(ResponseModel):
    """Totals of one event type."""

    event_type: Annotated[Optional[str], Field(alias="eventType")] = None
    """Type of the events, such as TOKEN_USAGE."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    credits_burned: Annotated[Optional[IntText], Field(alias="creditsBurned")] = None
    """Credits, as text."""
    cost_usd: Annotated[Optional[DecText], Field(alias="costUsd")] = None
    """Provider cost in US dollars, as text with 4 decimals."""
