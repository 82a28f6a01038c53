# Generated from openapi.yaml by `make generate`; do not edit.
"""V1RatingCalculatePostRequest."""

from __future__ import annotations

from typing import Literal, Optional

from pydantic import Field
from typing_extensions import Annotated

from openmonetize._schema.model import Int, Num, RequestModel
from openmonetize.models.provider_name import ProviderName


class V1RatingCalculatePostRequest(RequestModel):
    """One use to be priced."""

    customer_id: Annotated[Optional[str], Field(alias="customerId")] = None
    """Customer whose burn table applies. Seed-era servers need it; present servers take the customer from the key and
    drop this field.
    """
    provider: ProviderName
    """AI provider."""
    model: Annotated[str, Field(min_length=1)]
    """Model name exactly as the platform prices it."""
    input_tokens: Annotated[Optional[Int], Field(alias="inputTokens", ge=0, le=9007199254740991)] = None
    """Input in tokens. Text needs it by the published contract and on seed-era servers."""
    output_tokens: Annotated[Optional[Int], Field(alias="outputTokens", ge=0, le=9007199254740991)] = None
    """Output in tokens. Text needs it by the published contract and on seed-era servers."""
    type: Optional[Literal["text", "image", "video"]] = None
    """What is priced; text without it. Present servers only."""
    count: Annotated[Optional[Int], Field(ge=1)] = None
    """Number of images, or of units of video. 1 without it. Present servers only."""
    duration_seconds: Annotated[Optional[Num], Field(alias="durationSeconds")] = None
    """Length of the video in seconds. Accepted by present servers and not used: a video is priced by `count`."""
