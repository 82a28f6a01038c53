# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnForecastGet200Response."""

from __future__ import annotations

from typing import List, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel
from openmonetize.models.v1_analytics_burn_forecast_get200_response_forecast_inner import (
    V1AnalyticsBurnForecastGet200ResponseForecastInner,
)
from openmonetize.models.v1_analytics_burn_forecast_get200_response_projections import (
    V1AnalyticsBurnForecastGet200ResponseProjections,
)


class BurnForecast(ResponseModel):
    """Forecast of the credit burn. Without usage in the last 30 days there is only an empty forecast, a zero average
    and a message.
    """

    current_balance: Annotated[Optional[Int], Field(alias="currentBalance")] = None
    """Credits now. Absent without usage."""
    average_daily_burn: Annotated[Optional[Int], Field(alias="averageDailyBurn")] = None
    """Credits a day over the last 30 days, rounded up."""
    forecast: Optional[List[V1AnalyticsBurnForecastGet200ResponseForecastInner]] = None
    """One entry for each day; empty without usage."""
    projections: Optional[V1AnalyticsBurnForecastGet200ResponseProjections] = None
    message: Optional[str] = None
    """Why there is no forecast; only sent without usage."""


V1AnalyticsBurnForecastGet200Response = BurnForecast
