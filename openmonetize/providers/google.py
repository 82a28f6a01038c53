"""The format of Gemini, through Google Gen AI or Vertex.

``candidatesTokenCount`` leaves out thoughts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading, Terms
from openmonetize.providers.response_fields import count, get, items, text, token_pair, units
from openmonetize.providers.terms import label

# JSON name, and its other names. Counters of a stream grow; lists and words are replaced. The live API has responses
# where others have candidates.
_COUNTERS = {
    "promptTokenCount": ("prompt_token_count",),
    "candidatesTokenCount": ("candidates_token_count", "responseTokenCount", "response_token_count"),
    "cachedContentTokenCount": ("cached_content_token_count",),
    "thoughtsTokenCount": ("thoughts_token_count",),
    "toolUsePromptTokenCount": ("tool_use_prompt_token_count",),
}
_LISTS = {
    "promptTokensDetails": ("prompt_tokens_details",),
    "candidatesTokensDetails": ("candidates_tokens_details", "responseTokensDetails", "response_tokens_details"),
    "toolUsePromptTokensDetails": ("tool_use_prompt_tokens_details",),
    "cacheTokensDetails": ("cache_tokens_details",),
    "billedToolCalls": ("billed_tool_calls",),
}
_WORDS = {"serviceTier": "service_tier", "trafficType": "traffic_type"}

# At least one of these is in a usage block of Gemini; other libraries have a ``usage_metadata`` of their own.
COUNTERS = (
    *(name for names in _COUNTERS.items() for name in (names[0], *names[1])),
    "totalTokenCount",
    "total_token_count",
)

_TIER_HEADER = "x-gemini-service-tier"


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
            service_tier=label(get(get(response, "sdk_http_response"), "headers"), _TIER_HEADER),
            tools=_grounding(items(response, "candidates")),
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
        for name, calls in _grounding(candidates).items():
            reading.tools[name] = max(calls, reading.tools.get(name, 0))
        for candidate in candidates if reading.estimating else ():
            for part in items(get(candidate, "content"), "parts"):
                reading.output_characters += len(text(part, "text") or "")

    def counts(self, usage: Any) -> Counts:
        input_tokens, output_tokens = token_pair(usage, "promptTokenCount", "candidatesTokenCount")
        thoughts = count(usage, "thoughtsTokenCount") or 0
        prompts = count(usage, "toolUsePromptTokenCount") or 0
        parts = {
            otel.CACHE_READ: count(usage, "cachedContentTokenCount") or 0,
            otel.REASONING: thoughts,
            otel.TOOL_PROMPT: prompts,
            **_billed_tools(items(usage, "billedToolCalls")),
        }
        add_modalities(parts, items(usage, "promptTokensDetails"), otel.input_of)
        add_modalities(parts, items(usage, "toolUsePromptTokensDetails"), otel.input_of)
        add_modalities(parts, items(usage, "candidatesTokensDetails"), otel.output_of)
        add_modalities(parts, items(usage, "cacheTokensDetails"), otel.cached_input_of)
        details = otel.normalised(
            input_tokens,
            output_tokens,
            parts,
            input_total=input_tokens + prompts,
            output_total=output_tokens + thoughts,
        )
        return Counts(input_tokens, output_tokens, details)

    def terms(self, usage: Any) -> Terms:
        return Terms(service_tier=label(usage, *_WORDS))


def _merged(known: dict[str, Any], usage: Any) -> dict[str, Any] | None:
    if usage is None:
        return known or None
    merged = dict(known)
    for name, others in _COUNTERS.items():
        value = count(usage, name, *others)
        if value is not None:
            merged[name] = max(value, merged.get(name, 0))
    for name, others in _LISTS.items():
        merged[name] = items(usage, name, *others) or merged.get(name, ())
    for name, other in _WORDS.items():
        merged[name] = label(usage, name, other) or merged.get(name)
    return merged


def add_modalities(parts: dict[str, int], entries: Sequence[Any], name_of: Callable[[str], str]) -> None:
    """Add the tokens of each modality in a list of a usage block to the details.

    Args:
        parts: the details.
        entries: the list.
        name_of: returns the name of a modality's tokens.
    """
    for entry in entries:
        modality = (label(entry, "modality") or "").lower()
        if modality in otel.MODALITIES:
            name = name_of(modality)
            parts[name] = parts.get(name, 0) + (count(entry, "tokenCount", "token_count", "tokens") or 0)


def _grounding(candidates: Sequence[Any]) -> dict[str, int]:
    """Return the number of search queries that the answer was grounded with, and whether it was with Google Maps.

    Newer models are charged for each query, older ones and Maps for each request
    (https://ai.google.dev/gemini-api/docs/pricing).
    """
    queries, maps = 0, 0
    for candidate in candidates:
        told = get(candidate, "groundingMetadata", "grounding_metadata")
        if told is None:
            continue
        for names in (("webSearchQueries", "web_search_queries"), ("imageSearchQueries", "image_search_queries")):
            queries += sum(1 for query in items(told, *names) if query)
        maps = maps or int(any(get(chunk, "maps") for chunk in items(told, "groundingChunks", "grounding_chunks")))
    found = {otel.tool_calls_of("grounding"): queries, otel.tool_calls_of("google_maps"): maps}
    return {name: calls for name, calls in found.items() if calls}


def _billed_tools(calls: Sequence[Any]) -> dict[str, int]:
    """Return Google's own count of the calls that it charges for, which not every answer has."""
    found: dict[str, int] = {}
    for entry in calls:
        tool = (label(entry, "tool", "toolType", "tool_type") or "").lower()
        name = otel.tool_calls_of("google_maps" if "maps" in tool else "grounding")
        found[name] = found.get(name, 0) + units(entry, "successfulToolCallCount", "successful_tool_call_count")
    return found
