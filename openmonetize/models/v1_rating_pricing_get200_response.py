# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Int
from openmonetize.models.v1_rating_pricing_get200_response_data_inner import V1RatingPricingGet200ResponseDataInner


class V1RatingPricingGet200Response(ListModel["V1RatingPricingGet200ResponseDataInner"]):
    """The price list."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1RatingPricingGet200ResponseDataInner]] = None
    """One entry for each provider and model."""
    total: Optional[Int] = None
    """Number of entries."""
