# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnForecastGet200ResponseForecastInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1AnalyticsBurnForecastGet200ResponseForecastInner(ResponseModel):
    """Prediction for one day."""

    var_date: Annotated[Lenient[str], Field(alias="date")] = ABSENT
    """The day."""
    predicted_burn: Annotated[Lenient[Int], Field(alias="predictedBurn")] = ABSENT
    """Credits expected to burn on that day."""
    cumulative_burn: Annotated[Lenient[Int], Field(alias="cumulativeBurn")] = ABSENT
    """Credits expected to burn from now to the end of that day."""
