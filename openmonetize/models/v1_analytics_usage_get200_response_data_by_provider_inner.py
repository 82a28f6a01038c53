# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByProviderInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, IntString, ResponseModel


class ModelUsage(ResponseModel):
    """Totals of one model. Events without a provider or a model are not in this list."""

    provider: Optional[str] = None
    """AI provider in upper case."""
    model: Optional[str] = None
    """Model name, cut at its first colon by the platform (`ft:gpt-4o:acme` reads `ft`)."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    input_tokens: Annotated[Optional[IntString], Field(alias="inputTokens")] = None
    """Input tokens, as text."""
    output_tokens: Annotated[Optional[IntString], Field(alias="outputTokens")] = None
    """Output tokens, as text."""


V1AnalyticsUsageGet200ResponseDataByProviderInner = ModelUsage
