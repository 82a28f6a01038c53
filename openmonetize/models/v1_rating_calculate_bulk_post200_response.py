# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculateBulkPost200Response."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.v1_rating_calculate_post200_response import V1RatingCalculatePost200Response


class V1RatingCalculateBulkPost200Response(ResponseModel):
    """Prices of several uses."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer whose burn table was applied."""
    results: Optional[List[V1RatingCalculatePost200Response]] = None
    """Prices in the order of the request, without `cost` and `currency`."""
    total: Optional[Int] = None
    """Number of results."""
