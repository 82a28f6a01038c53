# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseUsage."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import Int, ResponseModel


class V1DemoGeneratePost200ResponseUsage(ResponseModel):
    """Tokens that the demo reports."""

    prompt_tokens: Optional[Int] = None
    """Tokens of the prompt."""
    completion_tokens: Optional[Int] = None
    """Tokens of the answer; the demo always says 20."""
    total_tokens: Optional[Int] = None
    """Sum of both."""
