# Generated from openapi.yaml by `make generate`; do not edit.
"""UsageEvent."""

from __future__ import annotations

from openmonetize.events.union import EventUnion


class UsageEvent(EventUnion):
    """One usage event; `event_type` says which. The platform's FEATURE_ACCESS is left out on purpose: it is accepted
    and then lost.
    """

    discriminator = "event_type"
    members = {
        "API_CALL": "ApiCallEvent",
        "CUSTOM": "CustomEvent",
        "IMAGE_GENERATION": "ImageGenerationEvent",
        "TOKEN_USAGE": "TokenUsageEvent",
    }
