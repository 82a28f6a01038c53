# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseLast30Days."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class V1AnalyticsSummaryGet200ResponseLast30Days(ResponseModel):
    """Totals of the last 30 days."""

    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    total_input_tokens: Annotated[Optional[Int], Field(alias="totalInputTokens")] = None
    """Input tokens."""
    total_output_tokens: Annotated[Optional[Int], Field(alias="totalOutputTokens")] = None
    """Output tokens."""
    total_credits_burned: Annotated[Optional[Int], Field(alias="totalCreditsBurned")] = None
    """Credits."""
    total_cost_usd: Annotated[Optional[Dec], Field(alias="totalCostUsd")] = None
    """Provider cost in US dollars."""
