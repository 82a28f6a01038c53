"""What a request asks: the length of its prompt, and the longest answer that it allows."""

from __future__ import annotations

from typing import Any

from openmonetize.testing.fake_providers.answer import Json, tokens

# Where the providers' requests have what a model reads.
_READ = (
    "contents",
    "input",
    "inputs",
    "instructions",
    "message",
    "messages",
    "prompt",
    "requests",
    "suffix",
    "system",
    "systemInstruction",
    "texts",
)
# Texts in it that no model reads.
_NOT_READ = {"role", "type", "id", "model", "tool_call_id", "tool_use_id"}

_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens", "maxOutputTokens", "maxTokens")


def prompt_tokens(body: Json) -> int:
    """Return the tokens of a request's prompt: one for each four characters of its texts."""
    return sum(tokens(text) for name in _READ for text in _texts(body.get(name)))


def limit(body: Json) -> int | None:
    """Return the most tokens of an answer that a request allows, or None."""
    for settings in (body, body.get("generationConfig"), body.get("inferenceConfig")):
        for name in _LIMITS:
            value = settings.get(name) if isinstance(settings, dict) else None
            if isinstance(value, int):
                return value
    return None


def number_of_inputs(value: Any) -> int:
    """Return how many texts a request has embedded: a list of numbers is one text, as tokens."""
    is_list = isinstance(value, list) and not all(isinstance(entry, int) for entry in value)
    return len(value) if is_list else 1


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [text for entry in value for text in _texts(entry)]
    if isinstance(value, dict):
        return [text for name, entry in value.items() if name not in _NOT_READ for text in _texts(entry)]
    return []
