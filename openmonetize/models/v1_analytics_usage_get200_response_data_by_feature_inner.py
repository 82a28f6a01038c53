# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByFeatureInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, Int, IntString, ResponseModel


class FeatureUsage(ResponseModel):
    """Totals of one feature."""

    feature_id: Annotated[Optional[str], Field(alias="featureId")] = None
    """Feature that the events name."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    credits_burned: Annotated[Optional[IntString], Field(alias="creditsBurned")] = None
    """Credits, as text."""
    cost_usd: Annotated[Optional[DecimalString], Field(alias="costUsd")] = None
    """Provider cost in US dollars, as text with 4 decimals: a very small cost reads 0.0000."""


V1AnalyticsUsageGet200ResponseDataByFeatureInner = FeatureUsage
