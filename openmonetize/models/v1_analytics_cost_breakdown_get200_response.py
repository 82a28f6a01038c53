# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200Response."""

from __future__ import annotations

from typing import ClassVar, List, Optional

from openmonetize._schema.list_model import ListModel
from openmonetize.models.v1_analytics_cost_breakdown_get200_response_data_inner import (
    V1AnalyticsCostBreakdownGet200ResponseDataInner,
)
from openmonetize.models.v1_analytics_cost_breakdown_get200_response_period import (
    V1AnalyticsCostBreakdownGet200ResponsePeriod,
)
from openmonetize.models.v1_analytics_cost_breakdown_get200_response_totals import (
    V1AnalyticsCostBreakdownGet200ResponseTotals,
)


class V1AnalyticsCostBreakdownGet200Response(ListModel["V1AnalyticsCostBreakdownGet200ResponseDataInner"]):
    """Cost by provider and model. It is not wrapped any further: `data` is the list itself."""

    rows_field: ClassVar[str] = "data"

    data: Optional[List[V1AnalyticsCostBreakdownGet200ResponseDataInner]] = None
    """One entry for each provider and model, the most expensive first."""
    totals: Optional[V1AnalyticsCostBreakdownGet200ResponseTotals] = None
    period: Optional[V1AnalyticsCostBreakdownGet200ResponsePeriod] = None
