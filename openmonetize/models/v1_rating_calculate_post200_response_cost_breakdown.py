# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculatePost200ResponseCostBreakdown."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_rating_calculate_post200_response_cost_breakdown_input import (
    V1RatingCalculatePost200ResponseCostBreakdownInput,
)


class V1RatingCalculatePost200ResponseCostBreakdown(ResponseModel):
    """Price by side."""

    input: Optional[V1RatingCalculatePost200ResponseCostBreakdownInput] = None
    output: Optional[V1RatingCalculatePost200ResponseCostBreakdownInput] = None
