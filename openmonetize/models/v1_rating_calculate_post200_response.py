# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculatePost200Response."""

from __future__ import annotations

from typing import Literal, Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, Num, ResponseModel
from openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown import (
    V1RatingCalculatePost200ResponseCostBreakdown,
)


class CalculatedCost(ResponseModel):
    """Price of one use. The published contract has cost, currency and credits; the rating engine itself sends the other
    fields, and credits. Not wrapped in `data`.
    """

    cost: Optional[Dec] = None
    """Provider cost in US dollars, in the form of the published contract."""
    currency: Optional[str] = None
    """Currency of `cost`, always USD."""
    credits: Optional[Int] = None
    """Price in whole credits, rounded up; null when the burn table that applies has rules that the platform cannot
    read.
    """
    cost_breakdown: Annotated[Optional[V1RatingCalculatePost200ResponseCostBreakdown], Field(alias="costBreakdown")] = (
        None
    )
    provider_cost_usd: Annotated[Optional[Dec], Field(alias="providerCostUsd")] = None
    """Provider cost in US dollars."""
    revenue_usd: Annotated[Optional[Dec], Field(alias="revenueUsd")] = None
    """Worth of the credits in US dollars, at 1,000 credits a dollar; null without credits."""
    margin_usd: Annotated[Optional[Dec], Field(alias="marginUsd")] = None
    """Revenue less provider cost in US dollars; null without credits."""
    margin_percent: Annotated[Optional[Num], Field(alias="marginPercent")] = None
    """Margin in per cent of the provider cost, with 2 decimals; 0 without cost, null without credits."""
    pricing_source: Annotated[
        Optional[Union[Literal["customer_burn_table", "default_burn_table", "default"], str]],
        Field(alias="pricingSource"),
    ] = None
    """Where the credits come from: the customer's active burn table, the global one, or the list price."""


V1RatingCalculatePost200Response = CalculatedCost
