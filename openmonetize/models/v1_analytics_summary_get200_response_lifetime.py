# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseLifetime."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1AnalyticsSummaryGet200ResponseLifetime(ResponseModel):
    """Counts since the account exists."""

    total_events: Annotated[Lenient[Int], Field(alias="totalEvents")] = ABSENT
    """Number of events."""
    total_transactions: Annotated[Lenient[Int], Field(alias="totalTransactions")] = ABSENT
    """Number of credit transactions."""
