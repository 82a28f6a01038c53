# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataTimelineInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Date, Int, IntString, Lenient, ResponseModel


class V1AnalyticsUsageGet200ResponseDataTimelineInner(ResponseModel):
    """Totals of one day."""

    var_date: Annotated[Lenient[Date], Field(alias="date")] = ABSENT
    """Calendar day in UTC."""
    events: Lenient[Int] = ABSENT
    """Number of events on that day."""
    credits_burned: Annotated[Lenient[IntString], Field(alias="creditsBurned")] = ABSENT
    """Credits on that day, as text."""
