# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByEventTypeInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, DecimalString, Int, IntString, Lenient, ResponseModel


class V1AnalyticsUsageGet200ResponseDataByEventTypeInner(ResponseModel):
    """Totals of one event type."""

    event_type: Annotated[Lenient[str], Field(alias="eventType")] = ABSENT
    """Type of the events, such as TOKEN_USAGE."""
    event_count: Annotated[Lenient[Int], Field(alias="eventCount")] = ABSENT
    """Number of events."""
    credits_burned: Annotated[Lenient[IntString], Field(alias="creditsBurned")] = ABSENT
    """Credits, as text."""
    cost_usd: Annotated[Lenient[DecimalString], Field(alias="costUsd")] = ABSENT
    """Provider cost in US dollars, as text with 4 decimals."""
