# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200ResponsePeriod."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel, Timestamp


class V1AnalyticsCostBreakdownGet200ResponsePeriod(ResponseModel):
    """Window that the figures cover."""

    start_date: Annotated[Lenient[Timestamp], Field(alias="startDate")] = ABSENT
    """First instant of the window."""
    end_date: Annotated[Lenient[Timestamp], Field(alias="endDate")] = ABSENT
    """Last instant of the window."""
    days: Lenient[Int] = ABSENT
    """Length of the window in days."""
