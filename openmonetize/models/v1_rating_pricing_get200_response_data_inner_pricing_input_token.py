# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200ResponseDataInnerPricingInputToken."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class V1RatingPricingGet200ResponseDataInnerPricingInputToken(ResponseModel):
    """Price of one kind of unit."""

    cost_per_unit: Annotated[Optional[Dec], Field(alias="costPerUnit")] = None
    """Price of `unitSize` units in US dollars."""
    unit_size: Annotated[Optional[Int], Field(alias="unitSize")] = None
    """Number of units (tokens, images, seconds or requests) that the price is for."""
    currency: Optional[str] = None
    """Currency of the price, always USD."""
