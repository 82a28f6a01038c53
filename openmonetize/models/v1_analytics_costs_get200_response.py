# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200Response."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_costs_get200_response_data import V1AnalyticsCostsGet200ResponseData


class V1AnalyticsCostsGet200Response(ResponseModel):
    """Answer to the costs query."""

    data: Optional[V1AnalyticsCostsGet200ResponseData] = None
