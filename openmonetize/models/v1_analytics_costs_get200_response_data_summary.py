# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseDataSummary."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, DecimalString, Lenient, Num, ResponseModel


class V1AnalyticsCostsGet200ResponseDataSummary(ResponseModel):
    """Revenue, provider cost and margin over the window."""

    total_revenue: Annotated[Lenient[DecimalString], Field(alias="totalRevenue")] = ABSENT
    """Burned credits at 1,000 credits a US dollar, in US dollars, as text."""
    total_provider_cost: Annotated[Lenient[DecimalString], Field(alias="totalProviderCost")] = ABSENT
    """Provider cost in US dollars, as text."""
    total_margin: Annotated[Lenient[DecimalString], Field(alias="totalMargin")] = ABSENT
    """Revenue less provider cost in US dollars, as text. It may be negative."""
    margin_percent: Annotated[Lenient[Num], Field(alias="marginPercent")] = ABSENT
    """Margin in per cent of the revenue, with 2 decimals; 0 without revenue."""
