# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseDataSummary."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, Num, ResponseModel


class CostSummary(ResponseModel):
    """Revenue, provider cost and margin over the window."""

    total_revenue: Annotated[Optional[DecimalString], Field(alias="totalRevenue")] = None
    """Burned credits at 1,000 credits a US dollar, in US dollars, as text."""
    total_provider_cost: Annotated[Optional[DecimalString], Field(alias="totalProviderCost")] = None
    """Provider cost in US dollars, as text."""
    total_margin: Annotated[Optional[DecimalString], Field(alias="totalMargin")] = None
    """Revenue less provider cost in US dollars, as text. It may be negative."""
    margin_percent: Annotated[Optional[Num], Field(alias="marginPercent")] = None
    """Margin in per cent of the revenue, with 2 decimals; 0 without revenue."""


V1AnalyticsCostsGet200ResponseDataSummary = CostSummary
