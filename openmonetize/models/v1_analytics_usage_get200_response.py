# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_usage_get200_response_data import V1AnalyticsUsageGet200ResponseData


class V1AnalyticsUsageGet200Response(ResponseModel):
    """Answer to the usage query."""

    data: Optional[V1AnalyticsUsageGet200ResponseData] = None
