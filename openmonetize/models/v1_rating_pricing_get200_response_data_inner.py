# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200ResponseDataInner."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing import (
    V1RatingPricingGet200ResponseDataInnerPricing,
)


class V1RatingPricingGet200ResponseDataInner(ResponseModel):
    """Price list of one model."""

    provider: Lenient[str] = ABSENT
    """AI provider in upper case; the list may hold more providers than events accept."""
    model: Lenient[str] = ABSENT
    """Model name as the platform prices it."""
    pricing: Lenient[V1RatingPricingGet200ResponseDataInnerPricing] = ABSENT
