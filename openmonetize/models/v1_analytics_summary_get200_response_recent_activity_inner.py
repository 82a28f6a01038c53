# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseRecentActivityInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Dec, Int, ResponseModel, Timestamp


class V1AnalyticsSummaryGet200ResponseRecentActivityInner(ResponseModel):
    """One recent event."""

    timestamp: Optional[Timestamp] = None
    """When the event happened."""
    provider: Optional[str] = None
    """AI provider in upper case; null when the event names none."""
    model: Optional[str] = None
    """Model name; null when the event names none."""
    credits_burned: Annotated[Optional[Int], Field(alias="creditsBurned")] = None
    """Credits that the event cost."""
    cost_usd: Annotated[Optional[Dec], Field(alias="costUsd")] = None
    """Provider cost in US dollars; null when it is not known."""
