# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseData."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel
from openmonetize.models.v1_analytics_costs_get200_response_data_by_provider_inner import (
    V1AnalyticsCostsGet200ResponseDataByProviderInner,
)
from openmonetize.models.v1_analytics_costs_get200_response_data_summary import (
    V1AnalyticsCostsGet200ResponseDataSummary,
)


class CostReport(ResponseModel):
    """Costs in a window of time."""

    summary: Optional[V1AnalyticsCostsGet200ResponseDataSummary] = None
    by_provider: Annotated[
        Optional[List[V1AnalyticsCostsGet200ResponseDataByProviderInner]], Field(alias="byProvider")
    ] = None
    """One entry for each provider and model; events without either are missing here but counted in the summary."""


V1AnalyticsCostsGet200ResponseData = CostReport
