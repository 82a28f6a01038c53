# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseDataLast7Days."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, IntString, ResponseModel


class BurnWindow(ResponseModel):
    """Burned credits in a window that ends now, 7 or 30 days long."""

    credits_burned: Annotated[Optional[IntString], Field(alias="creditsBurned")] = None
    """Sum of the burns in credits, as text. Present servers send it negative: use its absolute value."""
    average_per_day: Annotated[Optional[DecimalString], Field(alias="averagePerDay")] = None
    """Average in credits a day, as text with 2 decimals. Present servers send it negative: use its absolute value."""


V1AnalyticsBurnRateGet200ResponseDataLast7Days = BurnWindow
