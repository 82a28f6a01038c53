# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageTrendsGet200ResponseDataInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class UsageTrend(ResponseModel):
    """Totals of one day, week or month."""

    period: Optional[str] = None
    """Day as YYYY-MM-DD, week as the date of its Sunday, month as YYYY-MM."""
    total_input_tokens: Annotated[Optional[Int], Field(alias="totalInputTokens")] = None
    """Input tokens."""
    total_output_tokens: Annotated[Optional[Int], Field(alias="totalOutputTokens")] = None
    """Output tokens."""
    total_credits_burned: Annotated[Optional[Int], Field(alias="totalCreditsBurned")] = None
    """Credits."""
    total_cost_usd: Annotated[Optional[Dec], Field(alias="totalCostUsd")] = None
    """Provider cost in US dollars."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""


V1AnalyticsUsageTrendsGet200ResponseDataInner = UsageTrend
