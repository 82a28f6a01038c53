# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnForecastGet200ResponseProjections."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1AnalyticsBurnForecastGet200ResponseProjections(ResponseModel):
    """What the forecast means for the balance."""

    balance_after_period: Annotated[Lenient[Int], Field(alias="balanceAfterPeriod")] = ABSENT
    """Credits left at the end of the forecast, never below 0."""
    days_until_depleted: Annotated[Lenient[Int], Field(alias="daysUntilDepleted")] = ABSENT
    """Days until the balance is used up at the average burn."""
    will_deplete: Annotated[Lenient[bool], Field(alias="willDeplete")] = ABSENT
    """Whether the balance is used up within the forecast."""
