"""The providers that the platform takes. Without pydantic, whose import is slow."""

from __future__ import annotations

# The providers that the platform's gateway takes, as they are spelled on the wire.
PROVIDERS = ("OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL")
