# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsBurnRateGet200ResponseDataLast7Days."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, DecimalString, IntString, Lenient, ResponseModel


class V1AnalyticsBurnRateGet200ResponseDataLast7Days(ResponseModel):
    """Burned credits in a window that ends now, 7 or 30 days long."""

    credits_burned: Annotated[Lenient[IntString], Field(alias="creditsBurned")] = ABSENT
    """Sum of the burns in credits, as text. Present servers send it negative: use its absolute value."""
    average_per_day: Annotated[Lenient[DecimalString], Field(alias="averagePerDay")] = ABSENT
    """Average in credits a day, as text with 2 decimals. Present servers send it negative: use its absolute value."""
