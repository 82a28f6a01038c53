# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculatePost200ResponseCostBreakdownInput."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel


class V1RatingCalculatePost200ResponseCostBreakdownInput(ResponseModel):
    """Price of one side of the use, input or output."""

    tokens: Optional[Int] = None
    """Tokens on this side."""
    credits: Optional[Dec] = None
    """Credits for this side: a fraction under a burn table, rounded up on its own otherwise; null when the rule of the
    table cannot be read.
    """
    usd: Optional[Dec] = None
    """Provider cost of this side in US dollars."""
    rate_per_unit: Annotated[Optional[Dec], Field(alias="ratePerUnit")] = None
    """Price of `unitSize` tokens."""
    unit_size: Annotated[Optional[Int], Field(alias="unitSize")] = None
    """Number of tokens that `ratePerUnit` is for."""
