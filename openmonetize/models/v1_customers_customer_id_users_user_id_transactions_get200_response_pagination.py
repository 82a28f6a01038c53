# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination(ResponseModel):
    """Which part of the whole list this page is."""

    limit: Optional[Int] = None
    """Most rows that a page holds."""
    offset: Optional[Int] = None
    """Rows skipped before this page."""
    total: Optional[Int] = None
    """Rows in the whole list."""
