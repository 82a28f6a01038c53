# Generated from openapi.yaml by `make generate`; do not edit.
"""V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination."""

from __future__ import annotations

from typing import Optional

from openmonetize.model import ResponseModel


class V1CustomersCustomerIdUsersUserIdTransactionsGet200ResponsePagination(ResponseModel):
    """Which part of the whole list this page is."""

    limit: Optional[int] = None
    """Most rows that a page holds."""
    offset: Optional[int] = None
    """Rows skipped before this page."""
    total: Optional[int] = None
    """Rows in the whole list."""
