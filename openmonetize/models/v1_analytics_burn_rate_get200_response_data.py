# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseData."""

from __future__ import annotations

from typing import List

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, IntString, Lenient, ResponseModel
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_last7_days import (
    V1AnalyticsBurnRateGet200ResponseDataLast7Days,
)
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_projected_runout import (
    V1AnalyticsBurnRateGet200ResponseDataProjectedRunout,
)
from openmonetize.models.v1_analytics_burn_rate_get200_response_data_recommendations_inner import (
    V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner,
)


class V1AnalyticsBurnRateGet200ResponseData(ResponseModel):
    """Burn rate of one wallet."""

    current_balance: Annotated[Lenient[IntString], Field(alias="currentBalance")] = ABSENT
    """Credits in the wallet, as text. It may be negative."""
    last7_days: Annotated[Lenient[V1AnalyticsBurnRateGet200ResponseDataLast7Days], Field(alias="last7Days")] = ABSENT
    last30_days: Annotated[Lenient[V1AnalyticsBurnRateGet200ResponseDataLast7Days], Field(alias="last30Days")] = ABSENT
    projected_runout: Annotated[
        Lenient[V1AnalyticsBurnRateGet200ResponseDataProjectedRunout], Field(alias="projectedRunout")
    ] = ABSENT
    recommendations: Lenient[List[V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner]] = ABSENT
    """Advice, possibly none. With negative averages an alert appears after a quiet week and means nothing."""
