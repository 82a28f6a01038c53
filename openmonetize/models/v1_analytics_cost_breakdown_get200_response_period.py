# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostBreakdownGet200ResponsePeriod."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, ResponseModel, Timestamp


class V1AnalyticsCostBreakdownGet200ResponsePeriod(ResponseModel):
    """Window that the figures cover."""

    start_date: Annotated[Optional[Timestamp], Field(alias="startDate")] = None
    """First instant of the window."""
    end_date: Annotated[Optional[Timestamp], Field(alias="endDate")] = None
    """Last instant of the window."""
    days: Optional[Int] = None
    """Length of the window in days."""
