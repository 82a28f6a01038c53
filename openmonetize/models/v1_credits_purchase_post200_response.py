# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CreditsPurchasePost200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_credits_purchase_post200_response_data import V1CreditsPurchasePost200ResponseData


class V1CreditsPurchasePost200Response(ResponseModel):
    """Envelope around the booked purchase."""

    data: Optional[V1CreditsPurchasePost200ResponseData] = None
