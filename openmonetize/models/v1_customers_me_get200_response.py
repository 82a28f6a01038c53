# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersMeGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_customers_me_get200_response_data import V1CustomersMeGet200ResponseData


class V1CustomersMeGet200Response(ResponseModel):
    """Envelope around the customer of the API key."""

    data: Optional[V1CustomersMeGet200ResponseData] = None
