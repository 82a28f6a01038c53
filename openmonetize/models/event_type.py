# Generated from openapi.yaml by `make generate`; do not edit.
"""EventType."""

from __future__ import annotations

from typing import Literal

EventType = Literal["TOKEN_USAGE", "API_CALL", "IMAGE_GENERATION", "VIDEO_GENERATION", "CUSTOM"]
"""Kind of a usage event."""
