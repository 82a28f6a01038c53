# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200Response."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_summary_get200_response_credit_balance import (
    V1AnalyticsSummaryGet200ResponseCreditBalance,
)
from openmonetize.models.v1_analytics_summary_get200_response_last30_days import (
    V1AnalyticsSummaryGet200ResponseLast30Days,
)
from openmonetize.models.v1_analytics_summary_get200_response_lifetime import V1AnalyticsSummaryGet200ResponseLifetime
from openmonetize.models.v1_analytics_summary_get200_response_recent_activity_inner import (
    V1AnalyticsSummaryGet200ResponseRecentActivityInner,
)


class AccountSummary(ResponseModel):
    """Overview of the account. It is not wrapped in `data`."""

    credit_balance: Annotated[Optional[V1AnalyticsSummaryGet200ResponseCreditBalance], Field(alias="creditBalance")] = (
        None
    )
    lifetime: Optional[V1AnalyticsSummaryGet200ResponseLifetime] = None
    last30_days: Annotated[Optional[V1AnalyticsSummaryGet200ResponseLast30Days], Field(alias="last30Days")] = None
    recent_activity: Annotated[
        Optional[List[V1AnalyticsSummaryGet200ResponseRecentActivityInner]], Field(alias="recentActivity")
    ] = None
    """At most 10 events, the newest first."""


V1AnalyticsSummaryGet200Response = AccountSummary
