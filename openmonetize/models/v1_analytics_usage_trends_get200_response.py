# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageTrendsGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_analytics_usage_trends_get200_response_data_inner import (
    V1AnalyticsUsageTrendsGet200ResponseDataInner,
)
from openmonetize.models.v1_analytics_usage_trends_get200_response_period import (
    V1AnalyticsUsageTrendsGet200ResponsePeriod,
)


class V1AnalyticsUsageTrendsGet200Response(ListModel["V1AnalyticsUsageTrendsGet200ResponseDataInner"]):
    """Usage over time."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1AnalyticsUsageTrendsGet200ResponseDataInner]] = None
    """One entry for each period."""
    period: Optional[V1AnalyticsUsageTrendsGet200ResponsePeriod] = None
