# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingPricingGet200ResponseDataInnerPricingInputToken."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Dec, Int, Lenient, ResponseModel


class V1RatingPricingGet200ResponseDataInnerPricingInputToken(ResponseModel):
    """Price of one kind of unit."""

    cost_per_unit: Annotated[Lenient[Dec], Field(alias="costPerUnit")] = ABSENT
    """Price of `unitSize` units in US dollars."""
    unit_size: Annotated[Lenient[Int], Field(alias="unitSize")] = ABSENT
    """Number of units (tokens, images, seconds or requests) that the price is for."""
    currency: Lenient[str] = ABSENT
    """Currency of the price, always USD."""
