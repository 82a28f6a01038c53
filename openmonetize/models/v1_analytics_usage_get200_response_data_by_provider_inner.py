# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByProviderInner."""

from __future__ import annotations

from typing import Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize.model import Int, IntText, ResponseModel


class V1AnalyticsUsageGet200ResponseDataByProviderInner(ResponseModel):
    """Totals of one model. Events without a provider or a model are not in this list."""

    provider: Optional[str] = None
    """AI provider in upper case."""
    model: Optional[str] = None
    """Model name, cut at its first colon by the platform (`ft:gpt-4o:acme` reads `ft`)."""
    event_count: Annotated[Optional[Int], Field(alias="eventCount")] = None
    """Number of events."""
    input_tokens: Annotated[Optional[IntText], Field(alias="inputTokens")] = None
    """Input tokens, as text."""
    output_tokens: Annotated[Optional[IntText], Field(alias="outputTokens")] = None
    """Output tokens, as text."""
