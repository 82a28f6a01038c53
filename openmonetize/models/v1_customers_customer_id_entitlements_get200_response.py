# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdEntitlementsGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_customers_customer_id_entitlements_get200_response_data_inner import (
    V1CustomersCustomerIdEntitlementsGet200ResponseDataInner,
)


class V1CustomersCustomerIdEntitlementsGet200Response(
    ListModel["V1CustomersCustomerIdEntitlementsGet200ResponseDataInner"]
):
    """Entitlements of a customer."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1CustomersCustomerIdEntitlementsGet200ResponseDataInner]] = None
    """The entitlements; their order is not defined."""
