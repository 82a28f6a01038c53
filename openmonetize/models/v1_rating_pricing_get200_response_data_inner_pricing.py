# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200ResponseDataInnerPricing."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_rating_pricing_get200_response_data_inner_pricing_input_token import (
    V1RatingPricingGet200ResponseDataInnerPricingInputToken,
)


class V1RatingPricingGet200ResponseDataInnerPricing(ResponseModel):
    """Prices of one model. A kind that the model is not priced for is absent."""

    input_token: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
    output_token: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
    image: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
    video: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
    audio: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
    request: Optional[V1RatingPricingGet200ResponseDataInnerPricingInputToken] = None
