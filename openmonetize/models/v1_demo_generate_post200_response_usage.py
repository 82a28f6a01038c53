# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePost200ResponseUsage."""

from __future__ import annotations

from openmonetize._schema.model import ABSENT, Int, Lenient, ResponseModel


class V1DemoGeneratePost200ResponseUsage(ResponseModel):
    """Tokens that the demo reports."""

    prompt_tokens: Lenient[Int] = ABSENT
    """Tokens of the prompt."""
    completion_tokens: Lenient[Int] = ABSENT
    """Tokens of the answer; the demo always says 20."""
    total_tokens: Lenient[Int] = ABSENT
    """Sum of both."""
