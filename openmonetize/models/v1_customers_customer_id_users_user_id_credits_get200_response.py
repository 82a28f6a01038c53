# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdCreditsGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_customers_customer_id_users_user_id_credits_get200_response_data import (
    V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData,
)


class V1CustomersCustomerIdUsersUserIdCreditsGet200Response(ResponseModel):
    """Envelope around a user's balance."""

    data: Optional[V1CustomersCustomerIdUsersUserIdCreditsGet200ResponseData] = None
