# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculateBulkPost200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Int
from openmonetize.models.v1_rating_calculate_post200_response import V1RatingCalculatePost200Response


class V1RatingCalculateBulkPost200Response(ListModel["V1RatingCalculatePost200Response"]):
    """Prices of several uses."""

    rows_field: ClassVar[str] = "results"

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer whose burn table was applied."""
    results: Optional[List[V1RatingCalculatePost200Response]] = None
    """Prices in the order of the request, without `cost` and `currency`."""
    total: Optional[Int] = None
    """Number of results."""
