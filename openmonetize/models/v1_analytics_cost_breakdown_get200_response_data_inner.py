# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200ResponseDataInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class CostBreakdownRow(ResponseModel):
    """Totals of one model."""

    provider: Optional[str] = None
    """AI provider in upper case, or `unknown` when the events name none."""
    model: Optional[str] = None
    """Model name, or `unknown` when the events name none."""
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


V1AnalyticsCostBreakdownGet200ResponseDataInner = CostBreakdownRow
