# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsSummaryGet200ResponseRecentActivityInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Dec, Int, Lenient, ResponseModel, Timestamp


class V1AnalyticsSummaryGet200ResponseRecentActivityInner(ResponseModel):
    """One recent event."""

    timestamp: Lenient[Timestamp] = ABSENT
    """When the event happened."""
    provider: Optional[str] = None
    """AI provider in upper case; null when the event names none."""
    model: Optional[str] = None
    """Model name; null when the event names none."""
    credits_burned: Annotated[Lenient[Int], Field(alias="creditsBurned")] = ABSENT
    """Credits that the event cost."""
    cost_usd: Annotated[Optional[Dec], Field(alias="costUsd")] = None
    """Provider cost in US dollars; null when it is not known."""
