# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseData."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_usage_get200_response_data_by_event_type_inner import (
    V1AnalyticsUsageGet200ResponseDataByEventTypeInner,
)
from openmonetize.models.v1_analytics_usage_get200_response_data_by_feature_inner import (
    V1AnalyticsUsageGet200ResponseDataByFeatureInner,
)
from openmonetize.models.v1_analytics_usage_get200_response_data_by_provider_inner import (
    V1AnalyticsUsageGet200ResponseDataByProviderInner,
)
from openmonetize.models.v1_analytics_usage_get200_response_data_summary import (
    V1AnalyticsUsageGet200ResponseDataSummary,
)
from openmonetize.models.v1_analytics_usage_get200_response_data_timeline_inner import (
    V1AnalyticsUsageGet200ResponseDataTimelineInner,
)


class UsageReport(ResponseModel):
    """Usage in a window of time, in several groupings."""

    summary: Optional[V1AnalyticsUsageGet200ResponseDataSummary] = None
    by_feature: Annotated[
        Optional[List[V1AnalyticsUsageGet200ResponseDataByFeatureInner]], Field(alias="byFeature")
    ] = None
    """One entry for each feature, in the order of first use."""
    by_provider: Annotated[
        Optional[List[V1AnalyticsUsageGet200ResponseDataByProviderInner]], Field(alias="byProvider")
    ] = None
    """One entry for each provider and model."""
    by_event_type: Annotated[
        Optional[List[V1AnalyticsUsageGet200ResponseDataByEventTypeInner]], Field(alias="byEventType")
    ] = None
    """One entry for each event type. Seed-era servers do not send it."""
    timeline: Optional[List[V1AnalyticsUsageGet200ResponseDataTimelineInner]] = None
    """One entry for each day that has events."""


V1AnalyticsUsageGet200ResponseData = UsageReport
