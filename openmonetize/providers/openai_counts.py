"""The counts in a usage block of OpenAI's formats, and in those of servers that have added to them."""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts
from openmonetize.providers.response_fields import count, counts, get, units
from openmonetize.providers.server_tools import counters

# What the details of the input and of the output are called, and elsewhere.
_READ = {
    # Mistral's own name is the second.
    **dict.fromkeys(("cached_tokens", "num_cached_tokens"), otel.CACHE_READ),
    # The latter are those of servers that have taken them from Anthropic.
    **dict.fromkeys(("cache_write_tokens", "cache_creation_tokens", "cache_creation_input_tokens"), otel.CACHE_WRITE),
    **{f"{modality}_tokens": otel.input_of(modality) for modality in otel.MODALITIES},
}
_CACHED = {f"{modality}_tokens": otel.cached_input_of(modality) for modality in otel.MODALITIES}
_CACHE_WRITTEN = {f"ttl_{ttl}_tokens": otel.cache_write_of(ttl) for ttl in otel.CACHE_TTLS}
_WRITTEN = {
    "reasoning_tokens": otel.REASONING,
    "accepted_prediction_tokens": otel.ACCEPTED_PREDICTION,
    "rejected_prediction_tokens": otel.REJECTED_PREDICTION,
    **{f"{modality}_tokens": otel.output_of(modality) for modality in otel.MODALITIES},
}
# What is told beside the totals, by Moonshot and Together, Mistral, DeepSeek, and Perplexity.
_BESIDE = {
    **dict.fromkeys(("cached_tokens", "num_cached_tokens", "prompt_cache_hit_tokens"), otel.CACHE_READ),
    "reasoning_tokens": otel.REASONING,
}
_UNITS = {
    "citation_tokens": "gen_ai.usage.citation.output_tokens",  # Perplexity's, beside both totals
    "num_search_queries": otel.tool_calls_of("web_search"),  # Perplexity's
    "prompt_audio_seconds": otel.AUDIO_SECONDS,  # Mistral's
}
# Blocks within blocks.
_TOOLS = ("server_tool_use", "server_side_tool_usage_details")


def openai_counts(tokens: tuple[int, int], usage: Any, read: Any, written: Any) -> Counts:
    """Return a usage block in numbers.

    Args:
        tokens: its input and output.
        usage: the block.
        read: its details of the input.
        written: its details of the output.
    """
    parts = counts(usage, _BESIDE)
    for field, name in _UNITS.items():
        number = units(usage, field)
        if number:
            parts[name] = number
    tools = get(usage, *_TOOLS)
    if tools is not None:
        parts.update(counters(tools))
    if read is not None:
        parts.update(counts(read, _READ))
        parts.update(counts(get(read, "cached_tokens_details"), _CACHED))
        parts.update(counts(get(read, "cache_write_tokens_details"), _CACHE_WRITTEN))
    if written is not None:
        parts.update(counts(written, _WRITTEN))
    reasoning, whole_output = parts.get(otel.REASONING, 0), None
    if reasoning and count(usage, "total_tokens") == sum(tokens) + reasoning:
        whole_output = tokens[1] + reasoning  # xAI counts it apart
    return Counts(*tokens, otel.normalised(*tokens, parts, output_total=whole_output))
