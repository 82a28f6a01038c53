# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculateBulkPostRequest."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import RequestModel
from openmonetize.models.v1_rating_calculate_bulk_post_request_calculations_inner import (
    V1RatingCalculateBulkPostRequestCalculationsInner,
)


class V1RatingCalculateBulkPostRequest(RequestModel):
    """Several uses to be priced at once."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer whose burn table applies. Seed-era servers need it; present servers take the customer from the key and
    drop this field.
    """
    calculations: Annotated[
        List[V1RatingCalculateBulkPostRequestCalculationsInner], Field(min_length=1, max_length=100)
    ]
    """1 to 100 uses."""
