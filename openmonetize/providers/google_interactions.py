"""The format of Google's interactions, whole and streamed, and of its decisions.

``total_output_tokens`` leaves out thoughts, and ``total_input_tokens`` the prompts of tools.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.google import add_modalities
from openmonetize.providers.response_fields import count, get, items, merged, text, token_pair, units
from openmonetize.providers.server_tools import named
from openmonetize.providers.terms import label

COUNTERS = ("total_input_tokens", "total_output_tokens")
EVENTS = "interaction."

# Where usage is final. A background interaction that is still at work has none.
_FINAL_EVENTS = ("interaction.completed", "interaction.cancelled")

# Google's names of the tools to those that generateContent is read with.
_TOOLS = {"google_search": "grounding"}


class Interactions(Dialect):
    """An interaction. That of an agent names no model, which therefore comes from the caller."""

    provider = "GOOGLE"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            text(response, "id"),
            text(response, "model"),
            get(response, "usage"),
            finished=True,
            service_tier=label(response, "service_tier"),
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        kind = text(chunk, "event_type") or ""
        interaction = get(chunk, "interaction")
        if interaction is not None:
            reading.response_id = text(interaction, "id") or reading.response_id
            reading.model = text(interaction, "model") or reading.model
            reading.service_tier = label(interaction, "service_tier") or reading.service_tier
            reading.usage = merged(reading.usage, get(interaction, "usage"))
        reading.finished = reading.finished or kind in _FINAL_EVENTS
        if reading.estimating:
            reading.output_characters += len(text(get(chunk, "delta"), "text") or "")

    def counts(self, usage: Any) -> Counts:
        tokens = token_pair(usage, *COUNTERS)
        thoughts = count(usage, "total_thought_tokens") or 0
        prompts = count(usage, "total_tool_use_tokens") or 0
        calls = {get(entry, "type"): units(entry, "count") for entry in items(usage, "grounding_tool_count")}
        parts: dict[str, int] = {
            otel.CACHE_READ: count(usage, "total_cached_tokens") or 0,
            otel.REASONING: thoughts,
            otel.TOOL_PROMPT: prompts,
            **named({_TOOLS.get(tool, tool): number for tool, number in calls.items()}),
        }
        add_modalities(parts, items(usage, "input_tokens_by_modality"), otel.input_of)
        add_modalities(parts, items(usage, "tool_use_tokens_by_modality"), otel.input_of)
        add_modalities(parts, items(usage, "output_tokens_by_modality"), otel.output_of)
        add_modalities(parts, items(usage, "cached_tokens_by_modality"), otel.cached_input_of)
        details = otel.normalised(*tokens, parts, input_total=tokens[0] + prompts, output_total=tokens[1] + thoughts)
        return Counts(*tokens, details)
