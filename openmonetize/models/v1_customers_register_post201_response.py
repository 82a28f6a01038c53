# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersRegisterPost201Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_customers_register_post201_response_data import V1CustomersRegisterPost201ResponseData


class V1CustomersRegisterPost201Response(ResponseModel):
    """Envelope around the new customer."""

    data: Optional[V1CustomersRegisterPost201ResponseData] = None
