# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseLifetime."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class V1AnalyticsSummaryGet200ResponseLifetime(ResponseModel):
    """Counts since the account exists."""

    total_events: Annotated[Optional[Int], Field(alias="totalEvents")] = None
    """Number of events."""
    total_transactions: Annotated[Optional[Int], Field(alias="totalTransactions")] = None
    """Number of credit transactions."""
