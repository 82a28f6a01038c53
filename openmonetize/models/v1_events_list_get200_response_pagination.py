# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EventsListGet200ResponsePagination."""

from __future__ import annotations

from openmonetize.model import ABSENT, Lenient, ResponseModel


class V1EventsListGet200ResponsePagination(ResponseModel):
    """Which part of the whole list this page is."""

    limit: Lenient[int] = ABSENT
    """Most rows that a page holds."""
    offset: Lenient[int] = ABSENT
    """Rows skipped before this page."""
    total: Lenient[int] = ABSENT
    """Rows in the whole list."""
