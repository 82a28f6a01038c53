# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_burn_rate_get200_response_data import V1AnalyticsBurnRateGet200ResponseData


class V1AnalyticsBurnRateGet200Response(ResponseModel):
    """Answer to the burn-rate query."""

    data: Optional[V1AnalyticsBurnRateGet200ResponseData] = None
