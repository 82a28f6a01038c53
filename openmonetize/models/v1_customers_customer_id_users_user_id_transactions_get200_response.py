# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdTransactionsGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_data_inner import (
    V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner,
)
from openmonetize.models.v1_customers_customer_id_users_user_id_transactions_get200_response_pagination import (
    V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination,
)


class V1CustomersCustomerIdUsersUserIdTransactionsGet200Response(
    ListModel["V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner"]
):
    """One page of a user's bookings, newest first."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponseDataInner]] = None
    """The bookings, newest first."""
    pagination: Optional[V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination] = None
