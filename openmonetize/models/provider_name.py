# Generated from openapi.yaml by `make generate`; do not edit.
"""ProviderName."""

from __future__ import annotations

from typing import Literal

ProviderName = Literal["OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL"]
"""Provider of a model."""
