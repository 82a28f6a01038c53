# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsCostsGet200ResponseDataByProviderInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, DecimalString, Lenient, ResponseModel


class V1AnalyticsCostsGet200ResponseDataByProviderInner(ResponseModel):
    """Revenue, provider cost and margin of one model."""

    provider: Lenient[str] = ABSENT
    """AI provider in upper case."""
    model: Lenient[str] = ABSENT
    """Model name, cut at its first colon by the platform."""
    provider_cost: Annotated[Lenient[DecimalString], Field(alias="providerCost")] = ABSENT
    """Provider cost in US dollars, as text."""
    revenue: Lenient[DecimalString] = ABSENT
    """Burned credits at 1,000 credits a US dollar, in US dollars, as text."""
    margin: Lenient[DecimalString] = ABSENT
    """Revenue less provider cost in US dollars, as text. It may be negative."""
