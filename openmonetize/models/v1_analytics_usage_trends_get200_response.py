# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageTrendsGet200Response."""

from __future__ import annotations

from typing import List

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_analytics_usage_trends_get200_response_data_inner import (
    V1AnalyticsUsageTrendsGet200ResponseDataInner,
)
from openmonetize.models.v1_analytics_usage_trends_get200_response_period import (
    V1AnalyticsUsageTrendsGet200ResponsePeriod,
)


class V1AnalyticsUsageTrendsGet200Response(ResponseModel):
    """Usage over time."""

    data: Lenient[List[V1AnalyticsUsageTrendsGet200ResponseDataInner]] = ABSENT
    """One entry for each period."""
    period: Lenient[V1AnalyticsUsageTrendsGet200ResponsePeriod] = ABSENT
