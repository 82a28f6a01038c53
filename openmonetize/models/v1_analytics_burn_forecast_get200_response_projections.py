# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnForecastGet200ResponseProjections."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class V1AnalyticsBurnForecastGet200ResponseProjections(ResponseModel):
    """What the forecast means for the balance."""

    balance_after_period: Annotated[Optional[Int], Field(alias="balanceAfterPeriod")] = None
    """Credits left at the end of the forecast, never below 0."""
    days_until_depleted: Annotated[Optional[Int], Field(alias="daysUntilDepleted")] = None
    """Days until the balance is used up at the average burn."""
    will_deplete: Annotated[Optional[bool], Field(alias="willDeplete")] = None
    """Whether the balance is used up within the forecast."""
