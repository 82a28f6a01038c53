# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200Response."""

from __future__ import annotations

from typing import List

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
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


class V1AnalyticsSummaryGet200Response(ResponseModel):
    """Overview of the account. It is not wrapped in `data`."""

    credit_balance: Annotated[Lenient[V1AnalyticsSummaryGet200ResponseCreditBalance], Field(alias="creditBalance")] = (
        ABSENT
    )
    lifetime: Lenient[V1AnalyticsSummaryGet200ResponseLifetime] = ABSENT
    last30_days: Annotated[Lenient[V1AnalyticsSummaryGet200ResponseLast30Days], Field(alias="last30Days")] = ABSENT
    recent_activity: Annotated[
        Lenient[List[V1AnalyticsSummaryGet200ResponseRecentActivityInner]], Field(alias="recentActivity")
    ] = ABSENT
    """At most 10 events, the newest first."""
