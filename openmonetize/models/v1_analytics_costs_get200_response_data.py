# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseData."""

from __future__ import annotations

from typing import List

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel
from openmonetize.models.v1_analytics_costs_get200_response_data_by_provider_inner import (
    V1AnalyticsCostsGet200ResponseDataByProviderInner,
)
from openmonetize.models.v1_analytics_costs_get200_response_data_summary import (
    V1AnalyticsCostsGet200ResponseDataSummary,
)


class V1AnalyticsCostsGet200ResponseData(ResponseModel):
    """Costs in a window of time."""

    summary: Lenient[V1AnalyticsCostsGet200ResponseDataSummary] = ABSENT
    by_provider: Annotated[
        Lenient[List[V1AnalyticsCostsGet200ResponseDataByProviderInner]], Field(alias="byProvider")
    ] = ABSENT
    """One entry for each provider and model; events without either are missing here but counted in the summary."""
