# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseDataByProviderInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import DecimalString, ResponseModel


class ModelCost(ResponseModel):
    """Revenue, provider cost and margin of one model."""

    provider: Optional[str] = None
    """AI provider in upper case."""
    model: Optional[str] = None
    """Model name, cut at its first colon by the platform."""
    provider_cost: Annotated[Optional[DecimalString], Field(alias="providerCost")] = None
    """Provider cost in US dollars, as text."""
    revenue: Optional[DecimalString] = None
    """Burned credits at 1,000 credits a US dollar, in US dollars, as text."""
    margin: Optional[DecimalString] = None
    """Revenue less provider cost in US dollars, as text. It may be negative."""


V1AnalyticsCostsGet200ResponseDataByProviderInner = ModelCost
