# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseDataProjectedRunout."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel


class ProjectedRunout(ResponseModel):
    """When the wallet will be empty at the present rate. With negative averages the platform finds no date."""

    days_remaining: Annotated[Optional[Int], Field(alias="daysRemaining")] = None
    """Whole days until the balance is used up, rounded down; null when the platform finds no burn. Seed-era servers
    send 0 instead of null.
    """
    estimated_runout_date: Annotated[Optional[str], Field(alias="estimatedRunoutDate")] = None
    """Date on which the balance is used up; null together with `daysRemaining`."""


V1AnalyticsBurnRateGet200ResponseDataProjectedRunout = ProjectedRunout
