# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculateBulkPostRequestCalculationsInner."""

from __future__ import annotations

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, RequestModel
from openmonetize.models.provider_name import ProviderName


class V1RatingCalculateBulkPostRequestCalculationsInner(RequestModel):
    """One use of text to be priced."""

    provider: ProviderName
    """AI provider."""
    model: Annotated[str, Field(min_length=1)]
    """Model name exactly as the platform prices it."""
    input_tokens: Annotated[Int, Field(alias="inputTokens", ge=0, le=9007199254740991)]
    """Input in tokens."""
    output_tokens: Annotated[Int, Field(alias="outputTokens", ge=0, le=9007199254740991)]
    """Output in tokens."""
