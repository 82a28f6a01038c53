# Generated from openapi.yaml by `make generate`; do not edit.
"""V1UsersListGet200ResponsePagination."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1UsersListGet200ResponsePagination(ResponseModel):
    """Which part of the whole list this page is."""

    limit: Lenient[Int] = ABSENT
    """Most rows that a page holds."""
    offset: Lenient[Int] = ABSENT
    """Rows skipped before this page."""
    total: Lenient[Int] = ABSENT
    """Rows in the whole list."""
