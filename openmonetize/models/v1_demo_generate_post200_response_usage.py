# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseUsage."""

from __future__ import annotations

from openmonetize.model import ABSENT, Lenient, ResponseModel


class V1DemoGeneratePost200ResponseUsage(ResponseModel):
    """Tokens that the demo reports."""

    prompt_tokens: Lenient[int] = ABSENT
    """Tokens of the prompt."""
    completion_tokens: Lenient[int] = ABSENT
    """Tokens of the answer; the demo always says 20."""
    total_tokens: Lenient[int] = ABSENT
    """Sum of both."""
