# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageTrendsGet200ResponsePeriod."""

from __future__ import annotations

from typing import Literal, Union

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel, Timestamp


class V1AnalyticsUsageTrendsGet200ResponsePeriod(ResponseModel):
    """Window that the figures cover, and their grouping."""

    start_date: Annotated[Lenient[Timestamp], Field(alias="startDate")] = ABSENT
    """First instant of the window."""
    end_date: Annotated[Lenient[Timestamp], Field(alias="endDate")] = ABSENT
    """Last instant of the window."""
    group_by: Annotated[Lenient[Union[Literal["day", "week", "month"], str]], Field(alias="groupBy")] = ABSENT
    """Length of each entry."""
