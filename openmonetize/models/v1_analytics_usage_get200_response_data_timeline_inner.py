# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataTimelineInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Date, Int, IntString, ResponseModel


class DailyUsage(ResponseModel):
    """Totals of one day."""

    var_date: Annotated[Optional[Date], Field(alias="date")] = None
    """Calendar day in UTC."""
    events: Optional[Int] = None
    """Number of events on that day."""
    credits_burned: Annotated[Optional[IntString], Field(alias="creditsBurned")] = None
    """Credits on that day, as text."""


V1AnalyticsUsageGet200ResponseDataTimelineInner = DailyUsage
