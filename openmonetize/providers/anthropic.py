"""The format of Anthropic's messages.

``input_tokens`` leaves out what was read from or written to the prompt cache.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading, Terms
from openmonetize.providers.response_fields import count, counts, get, items, merged, text, token_pair
from openmonetize.providers.server_tools import counters
from openmonetize.providers.terms import label, terms_of

STREAM_EVENTS = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
)

_WRITTEN = {f"ephemeral_{ttl}_input_tokens": otel.cache_write_of(ttl) for ttl in ("5m", "1h")}

# Passes whose tokens the top-level counters contain; the tokens of all others (compaction, advisor) come on top.
_COUNTED_PASSES = ("message", "fallback_message")


class Messages(Dialect):
    """The messages API. Its streamed counters are cumulative: the largest one counts."""

    provider = "ANTHROPIC"

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(text(response, "id"), text(response, "model"), get(response, "usage"), finished=True)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        kind = get(chunk, "type")
        if kind == "message_start":
            message = get(chunk, "message")
            reading.response_id, reading.model = text(message, "id"), text(message, "model")
            reading.usage = merged(reading.usage, get(message, "usage"))
        elif kind == "message_delta":
            reading.usage = merged(reading.usage, get(chunk, "usage"))
            reading.finished = reading.finished or get(get(chunk, "delta"), "stop_reason") is not None
        elif kind == "message_stop":
            reading.finished = True
        elif kind == "content_block_delta" and reading.estimating:
            delta = get(chunk, "delta")
            reading.output_characters += len(text(delta, "text", "partial_json", "thinking") or "")

    def is_mere_text(self, event: bytes) -> bool:
        return event.startswith((b"event: content_block_delta", b"event: ping"))

    def says_final(self, chunk: Any) -> bool:
        return get(chunk, "type") in ("content_block_stop", "message_delta")

    def counts(self, usage: Any) -> Counts:
        input_tokens, output_tokens = token_pair(usage, "input_tokens", "output_tokens")
        extra = [step for step in items(usage, "iterations") if get(step, "type") not in _COUNTED_PASSES]
        fresh, written = input_tokens, output_tokens
        parts = _cache(usage)
        parts[otel.REASONING] = count(get(usage, "output_tokens_details"), "thinking_tokens") or 0
        parts.update(counters(get(usage, "server_tool_use")))
        for step in extra:
            fresh += count(step, "input_tokens") or 0
            written += count(step, "output_tokens") or 0
            for name, tokens in _cache(step).items():
                parts[name] = parts.get(name, 0) + tokens
        if extra:
            parts["anthropic.usage.extra_passes.input_tokens"] = fresh - input_tokens
            parts["anthropic.usage.extra_passes.output_tokens"] = written - output_tokens
        cached = parts[otel.CACHE_READ] + parts[otel.CACHE_WRITE]
        details = otel.normalised(input_tokens, output_tokens, parts, input_total=fresh + cached, output_total=written)
        return Counts(input_tokens, output_tokens, details)

    def terms(self, usage: Any) -> Terms:
        told = terms_of(usage)
        fast = label(usage, "speed") == "fast"
        region = label(usage, "inference_geo")
        return told._replace(
            service_tier="fast" if fast else told.service_tier, region=None if region == "not_available" else region
        )


def _cache(block: Any) -> dict[str, int]:
    """Return the tokens that were read from the cache and written to it, in all and by the time that they are kept."""
    found = counts(get(block, "cache_creation"), _WRITTEN)
    found[otel.CACHE_WRITE] = max(count(block, "cache_creation_input_tokens") or 0, sum(found.values()))
    found[otel.CACHE_READ] = count(block, "cache_read_input_tokens") or 0
    return found
