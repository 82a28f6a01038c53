# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRotateKeyPost200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_customers_rotate_key_post200_response_data import V1CustomersRotateKeyPost200ResponseData


class V1CustomersRotateKeyPost200Response(ResponseModel):
    """Envelope around the new API key."""

    data: Optional[V1CustomersRotateKeyPost200ResponseData] = None
