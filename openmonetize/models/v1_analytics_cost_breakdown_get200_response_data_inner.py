# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200ResponseDataInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Dec, Int, Lenient, ResponseModel


class V1AnalyticsCostBreakdownGet200ResponseDataInner(ResponseModel):
    """Totals of one model."""

    provider: Lenient[str] = ABSENT
    """AI provider in upper case, or `unknown` when the events name none."""
    model: Lenient[str] = ABSENT
    """Model name, or `unknown` when the events name none."""
    total_input_tokens: Annotated[Lenient[Int], Field(alias="totalInputTokens")] = ABSENT
    """Input tokens."""
    total_output_tokens: Annotated[Lenient[Int], Field(alias="totalOutputTokens")] = ABSENT
    """Output tokens."""
    total_credits_burned: Annotated[Lenient[Int], Field(alias="totalCreditsBurned")] = ABSENT
    """Credits."""
    total_cost_usd: Annotated[Lenient[Dec], Field(alias="totalCostUsd")] = ABSENT
    """Provider cost in US dollars."""
    event_count: Annotated[Lenient[Int], Field(alias="eventCount")] = ABSENT
    """Number of events."""
