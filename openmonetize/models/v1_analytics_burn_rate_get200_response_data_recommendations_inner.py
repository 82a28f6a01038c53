# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner."""

from __future__ import annotations

from typing import Literal, Union

from openmonetize._schema.model import ABSENT, Lenient, ResponseModel


class V1AnalyticsBurnRateGet200ResponseDataRecommendationsInner(ResponseModel):
    """Advice that the platform derives from the burn rate."""

    type: Lenient[Union[Literal["urgent", "warning", "alert"], str]] = ABSENT
    """urgent below 7 days of credit, warning below 14, alert when the 7-day average exceeds 1.5 times the 30-day
    average.
    """
    message: Lenient[str] = ABSENT
    """Text for a human reader."""
    action: Lenient[Union[Literal["purchase_credits", "review_usage"], str]] = ABSENT
    """What to do."""
