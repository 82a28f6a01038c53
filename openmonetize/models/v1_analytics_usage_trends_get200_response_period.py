# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageTrendsGet200ResponsePeriod."""

from __future__ import annotations

from typing import Optional, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ResponseModel, Timestamp
from openmonetize.models.group_by import GroupBy


class V1AnalyticsUsageTrendsGet200ResponsePeriod(ResponseModel):
    """Window that the figures cover, and their grouping."""

    start_date: Annotated[Optional[Timestamp], Field(alias="startDate")] = None
    """First instant of the window."""
    end_date: Annotated[Optional[Timestamp], Field(alias="endDate")] = None
    """Last instant of the window."""
    group_by: Annotated[Optional[Union[GroupBy, str]], Field(alias="groupBy")] = None
    """Length of each entry."""
