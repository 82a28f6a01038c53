# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnForecastGet200ResponseForecastInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class ForecastDay(ResponseModel):
    """Prediction for one day."""

    var_date: Annotated[Optional[str], Field(alias="date")] = None
    """The day."""
    predicted_burn: Annotated[Optional[Int], Field(alias="predictedBurn")] = None
    """Credits expected to burn on that day."""
    cumulative_burn: Annotated[Optional[Int], Field(alias="cumulativeBurn")] = None
    """Credits expected to burn from now to the end of that day."""


V1AnalyticsBurnForecastGet200ResponseForecastInner = ForecastDay
