# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseData."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import IntString, ResponseModel
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_last7_days import (
    V1AnalyticsBurnRateGet200ResponseDataLast7Days,
)
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_projected_runout import (
    V1AnalyticsBurnRateGet200ResponseDataProjectedRunout,
)
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner import (
    V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner,
)


class BurnRate(ResponseModel):
    """Burn rate of one wallet."""

    current_balance: Annotated[Optional[IntString], Field(alias="currentBalance")] = None
    """Credits in the wallet, as text. It may be negative."""
    last7_days: Annotated[Optional[V1AnalyticsBurnRateGet200ResponseDataLast7Days], Field(alias="last7Days")] = None
    last30_days: Annotated[Optional[V1AnalyticsBurnRateGet200ResponseDataLast7Days], Field(alias="last30Days")] = None
    projected_runout: Annotated[
        Optional[V1AnalyticsBurnRateGet200ResponseDataProjectedRunout], Field(alias="projectedRunout")
    ] = None
    recommendations: Optional[List[V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner]] = None
    """Advice, possibly none. With negative averages an alert appears after a quiet week and means nothing."""


V1AnalyticsBurnRateGet200ResponseData = BurnRate
