# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseUsage."""

from __future__ import annotations

from typing import Optional

from openmonetize.model import ResponseModel


class V1DemoGeneratePost200ResponseUsage(ResponseModel):
    """Tokens that the demo reports."""

    prompt_tokens: Optional[int] = None
    """Tokens of the prompt."""
    completion_tokens: Optional[int] = None
    """Tokens of the answer; the demo always says 20."""
    total_tokens: Optional[int] = None
    """Sum of both."""
