# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataSummary."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize.model import DecText, Int, IntText, ResponseModel


class V1AnalyticsUsageGet200ResponseDataSummary(ResponseModel):
    """Totals over the window."""

    total_events: Annotated[Optional[Int], Field(alias="totalEvents")] = None
    """Number of events."""
    total_input_tokens: Annotated[Optional[IntText], Field(alias="totalInputTokens")] = None
    """Input tokens of all events, as text."""
    total_output_tokens: Annotated[Optional[IntText], Field(alias="totalOutputTokens")] = None
    """Output tokens of all events, as text."""
    total_credits_burned: Annotated[Optional[IntText], Field(alias="totalCreditsBurned")] = None
    """Credits of all events, as text."""
    total_cost_usd: Annotated[Optional[DecText], Field(alias="totalCostUsd")] = None
    """Provider cost in US dollars, as text with 4 decimals."""
