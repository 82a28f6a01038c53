# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataSummary."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, DecimalString, Int, IntString, Lenient, ResponseModel


class V1AnalyticsUsageGet200ResponseDataSummary(ResponseModel):
    """Totals over the window."""

    total_events: Annotated[Lenient[Int], Field(alias="totalEvents")] = ABSENT
    """Number of events."""
    total_input_tokens: Annotated[Lenient[IntString], Field(alias="totalInputTokens")] = ABSENT
    """Input tokens of all events, as text."""
    total_output_tokens: Annotated[Lenient[IntString], Field(alias="totalOutputTokens")] = ABSENT
    """Output tokens of all events, as text."""
    total_credits_burned: Annotated[Lenient[IntString], Field(alias="totalCreditsBurned")] = ABSENT
    """Credits of all events, as text."""
    total_cost_usd: Annotated[Lenient[DecimalString], Field(alias="totalCostUsd")] = ABSENT
    """Provider cost in US dollars, as text with 4 decimals."""
