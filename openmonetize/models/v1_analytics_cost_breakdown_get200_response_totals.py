# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200ResponseTotals."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class V1AnalyticsCostBreakdownGet200ResponseTotals(ResponseModel):
    """Totals of all models."""

    total_input_tokens: Annotated[Optional[Int], Field(alias="totalInputTokens")] = None
    """Input tokens."""
    total_output_tokens: Annotated[Optional[Int], Field(alias="totalOutputTokens")] = None
    """Output tokens."""
    total_credits_burned: Annotated[Optional[Int], Field(alias="totalCreditsBurned")] = None
    """Credits."""
    total_cost_usd: Annotated[Optional[Dec], Field(alias="totalCostUsd")] = None
    """Provider cost in US dollars."""
    total_events: Annotated[Optional[Int], Field(alias="totalEvents")] = None
    """Number of events."""
