"""The formats of both versions of Cohere's API.

``billed_units`` are counted: the raw tokens contain Cohere's own prompt too.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, merged, text, token_pair, units

# What reranking, classifying, embedding of images and parsing are charged by.
_OTHER_UNITS = ("search_units", "classifications", "images", "pages")


class Cohere(Dialect):
    """Chat and embed. The response does not name its model, which therefore comes from the request."""

    provider = "COHERE"

    def read(self, response: Any) -> ResponseReading:
        response_id = text(response, "id", "response_id", "generation_id")
        return ResponseReading(response_id, text(response, "model"), get(response, "usage", "meta"), finished=True)

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        kind = get(chunk, "type", "event_type")
        if kind == "message-start":
            reading.response_id = text(chunk, "id")
        elif kind == "stream-start":
            reading.response_id = text(chunk, "generation_id")
        elif kind == "message-end":
            reading.usage = merged(reading.usage, get(get(chunk, "delta"), "usage"))
            reading.finished = True
        elif kind == "stream-end":
            end = self.read(get(chunk, "response"))
            reading.usage, reading.finished = merged(reading.usage, end.usage), True
            reading.response_id = reading.response_id or end.response_id
        elif not reading.estimating:
            return
        elif kind == "content-delta":
            content = get(get(get(chunk, "delta"), "message"), "content")
            reading.output_characters += len(text(content, "text", "thinking") or "")
        elif kind == "text-generation":
            reading.output_characters += len(text(chunk, "text") or "")

    def counts(self, usage: Any) -> Counts:
        billed = get(usage, "billed_units", "tokens")
        parts: dict[str, int | None] = {
            otel.CACHE_READ: count(usage, "cached_tokens"),
            **{otel.tool_calls_of(name): units(billed, name) for name in _OTHER_UNITS},
            **{otel.input_of(modality): count(billed, f"{modality}_tokens") for modality in ("text", "image")},
        }
        other_units = any(parts.values()) and get(billed, "input_tokens", "output_tokens") is None
        input_tokens, output_tokens = (0, 0) if other_units else token_pair(billed, "input_tokens", "output_tokens")
        # Cached tokens are counted on the raw prompt, which is larger than the billed one.
        raw_prompt = max(input_tokens, count(get(usage, "tokens"), "input_tokens") or 0)
        details = otel.normalised(
            input_tokens, output_tokens, parts, input_total=raw_prompt if parts[otel.CACHE_READ] else None
        )
        return Counts(input_tokens, output_tokens, details)
