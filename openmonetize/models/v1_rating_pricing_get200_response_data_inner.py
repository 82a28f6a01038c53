# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200ResponseDataInner."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing import (
    V1RatingPricingGet200ResponseDataInnerPricing,
)


class PriceRow(ResponseModel):
    """Price list of one model."""

    provider: Optional[str] = None
    """AI provider in upper case; the list may hold more providers than events accept."""
    model: Optional[str] = None
    """Model name as the platform prices it."""
    pricing: Optional[V1RatingPricingGet200ResponseDataInnerPricing] = None


V1RatingPricingGet200ResponseDataInner = PriceRow
