# Generated from openapi.yaml by `make generate`; do not edit.
"""V1DemoGeneratePostRequest."""

from __future__ import annotations

from typing import Optional

from openmonetize._schema.model import RequestModel


class V1DemoGeneratePostRequest(RequestModel):
    """What the demo is asked to pretend to generate."""

    prompt: str
    """Text to answer. Its length decides the prompt tokens: one for every four characters, rounded up."""
    model: Optional[str] = None
    """Model name to report; `gpt-4` if left out."""
    provider: Optional[str] = None
    """Provider to report; `openai` if left out."""
