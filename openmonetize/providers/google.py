"""The format of Gemini, through Google Gen AI or Vertex.

``candidatesTokenCount`` leaves out thoughts.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, items, text, token_pair

# JSON name, Python name. Counters of a stream grow; lists of modalities are replaced.
_COUNTERS = {
    "promptTokenCount": "prompt_token_count",
    "candidatesTokenCount": "candidates_token_count",
    "cachedContentTokenCount": "cached_content_token_count",
    "thoughtsTokenCount": "thoughts_token_count",
    "toolUsePromptTokenCount": "tool_use_prompt_token_count",
}
_LISTS = {
    "promptTokensDetails": "prompt_tokens_details",
    "candidatesTokensDetails": "candidates_tokens_details",
    "toolUsePromptTokensDetails": "tool_use_prompt_tokens_details",
}

# At least one of these is in a usage block of Gemini; other libraries have a ``usage_metadata`` of their own.
COUNTERS = (*_COUNTERS, *_COUNTERS.values(), "totalTokenCount", "total_token_count")


class GenerateContent(Dialect):
    """The response of ``generateContent``.

    A stream repeats its usage on every chunk, and a chunk may lack a counter that an earlier one had, so each counter
    keeps the largest value seen.
    """

    provider = "GOOGLE"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            text(response, "responseId", "response_id"),
            text(response, "modelVersion", "model_version"),
            _merged({}, get(response, "usageMetadata", "usage_metadata")),
            finished=True,
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        reading.response_id = text(chunk, "responseId", "response_id") or reading.response_id
        reading.model = text(chunk, "modelVersion", "model_version") or reading.model
        reading.usage = _merged(reading.usage or {}, get(chunk, "usageMetadata", "usage_metadata"))
        candidates = items(chunk, "candidates")
        feedback = get(chunk, "promptFeedback", "prompt_feedback")
        reading.ended = (
            reading.ended
            or any(get(candidate, "finishReason", "finish_reason") for candidate in candidates)
            or get(feedback, "blockReason", "block_reason") is not None
        )
        reading.finished = reading.ended and reading.usage is not None
        for candidate in candidates if reading.estimating else ():
            for part in items(get(candidate, "content"), "parts"):
                reading.output_characters += len(text(part, "text") or "")

    def counts(self, usage: Any) -> Counts:
        input_tokens, output_tokens = token_pair(usage, "promptTokenCount", "candidatesTokenCount")
        thoughts = count(usage, "thoughtsTokenCount") or 0
        parts: dict[str, int | None] = {
            otel.CACHE_READ: count(usage, "cachedContentTokenCount"),
            otel.REASONING: thoughts,
        }
        for modality in otel.MODALITIES:
            parts[otel.input_of(modality)] = sum(
                _of_modality(usage, name, modality) for name in ("promptTokensDetails", "toolUsePromptTokensDetails")
            )
            parts[otel.output_of(modality)] = _of_modality(usage, "candidatesTokensDetails", modality)
        details = otel.normalised(
            input_tokens,
            output_tokens,
            parts,
            input_total=input_tokens + (count(usage, "toolUsePromptTokenCount") or 0),
            output_total=output_tokens + thoughts,
        )
        return Counts(input_tokens, output_tokens, details)


def _merged(known: dict[str, Any], usage: Any) -> dict[str, Any] | None:
    if usage is None:
        return known or None
    merged = dict(known)
    for name, python_name in _COUNTERS.items():
        value = count(usage, name, python_name)
        if value is not None:
            merged[name] = max(value, merged.get(name, 0))
    for name, python_name in _LISTS.items():
        merged[name] = items(usage, name, python_name) or merged.get(name, ())
    return merged


def _of_modality(usage: Any, name: str, modality: str) -> int:
    total = 0
    for entry in items(usage, name):
        kind = get(entry, "modality")
        kind = getattr(kind, "name", kind)  # an enum in the libraries, a string in JSON
        if str(kind).lower() == modality:
            total += count(entry, "tokenCount", "token_count") or 0
    return total
