# Generated from openapi.yaml by `make generate`; do not edit.
"""V1EntitlementsCheckPostRequestAction."""

from __future__ import annotations

from typing import Literal, Optional

from openmonetize._schema.model import Int, Num, RequestModel


class EntitlementAction(RequestModel):
    """What the user is about to do. These field names are snake_case on the wire, unlike the rest of the body."""

    type: Literal["token_usage", "image_generation", "api_call", "custom", "video_generation"]
    """Kind of work. video_generation is known to present servers only."""
    provider: Optional[str] = None
    """AI provider in upper case. Another spelling, or a provider that the platform does not know, is answered 500 when
    a model is given too.
    """
    model: Optional[str] = None
    """Model name exactly as the platform prices it. Without a price row the estimate is null and cannot deny."""
    estimated_input_tokens: Optional[Int] = None
    """Expected input, in tokens. Used by token_usage."""
    estimated_output_tokens: Optional[Int] = None
    """Expected output, in tokens. Used by token_usage."""
    estimated_duration_seconds: Optional[Num] = None
    """Expected length of the video, in seconds. Used by video_generation; present servers only."""
    estimated_count: Optional[Int] = None
    """Expected number of images or videos. Present servers only."""
    image_size: Optional[str] = None
    """Image dimensions in pixels. Present servers accept it; the estimate does not depend on it."""
    quality: Optional[str] = None
    """Image quality. Present servers accept it; the estimate does not depend on it."""


V1EntitlementsCheckPostRequestAction = EntitlementAction
