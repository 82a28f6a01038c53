# Generated from openapi.yaml by `make generate`; do not edit.
"""V1AnalyticsUsageGet200ResponseDataByProviderInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import ABSENT, Int, IntString, Lenient, ResponseModel


class V1AnalyticsUsageGet200ResponseDataByProviderInner(ResponseModel):
    """Totals of one model. Events without a provider or a model are not in this list."""

    provider: Lenient[str] = ABSENT
    """AI provider in upper case."""
    model: Lenient[str] = ABSENT
    """Model name, cut at its first colon by the platform (`ft:gpt-4o:acme` reads `ft`)."""
    event_count: Annotated[Lenient[Int], Field(alias="eventCount")] = ABSENT
    """Number of events."""
    input_tokens: Annotated[Lenient[IntString], Field(alias="inputTokens")] = ABSENT
    """Input tokens, as text."""
    output_tokens: Annotated[Lenient[IntString], Field(alias="outputTokens")] = ABSENT
    """Output tokens, as text."""
