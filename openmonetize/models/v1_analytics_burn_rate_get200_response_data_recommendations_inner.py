# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner."""

from __future__ import annotations

from typing import Literal, Optional, Union

from openmonetize._schema.model import ResponseModel


class Recommendation(ResponseModel):
    """Advice that the platform derives from the burn rate."""

    type: Optional[Union[Literal["urgent", "warning", "alert"], str]] = None
    """urgent below 7 days of credit, warning below 14, alert when the 7-day average exceeds 1.5 times the 30-day
    average.
    """
    message: Optional[str] = None
    """Text for a human reader."""
    action: Optional[Union[Literal["purchase_credits", "review_usage"], str]] = None
    """What to do."""


V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner = Recommendation
