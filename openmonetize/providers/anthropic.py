"""The format of Anthropic's messages.

``input_tokens`` leaves out what was read from or written to the prompt cache.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, items, merged, text, token_pair

STREAM_EVENTS = (
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "message_stop",
)

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
        cache_read = count(usage, "cache_read_input_tokens") or 0
        cache_write = count(usage, "cache_creation_input_tokens") or 0
        details = otel.normalised(
            input_tokens,
            output_tokens,
            {
                otel.CACHE_READ: cache_read,
                otel.CACHE_WRITE: cache_write,
                otel.REASONING: count(get(usage, "output_tokens_details"), "thinking_tokens"),
                "anthropic.usage.web_search_requests": count(get(usage, "server_tool_use"), "web_search_requests"),
                **_extra_passes(usage),
            },
            input_total=input_tokens + cache_read + cache_write,
        )
        return Counts(input_tokens, output_tokens, details)


def _extra_passes(usage: Any) -> dict[str, int]:
    extra = [step for step in items(usage, "iterations") if get(step, "type") not in _COUNTED_PASSES]
    return {
        "anthropic.usage.extra_passes.input_tokens": sum(count(step, "input_tokens") or 0 for step in extra),
        "anthropic.usage.extra_passes.output_tokens": sum(count(step, "output_tokens") or 0 for step in extra),
    }
