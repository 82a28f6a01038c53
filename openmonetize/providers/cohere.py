"""Cohere, both versions of its API. What counts is ``billed_units``: the raw tokens contain its own prompt too."""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.fields import count, get, text, token_pair


class Cohere(Dialect):
    """Chat and embed. Cohere does not say which model answered: it has to come from the request."""

    provider = "COHERE"

    def read(self, response: Any) -> ResponseReading:
        response_id = text(response, "id", "response_id", "generation_id")
        return ResponseReading(response_id, text(response, "model"), get(response, "usage", "meta"), finished=True)

    def feed(self, answer: ResponseReading, chunk: Any) -> None:
        kind = get(chunk, "type", "event_type")
        if kind == "message-start":
            answer.response_id = text(chunk, "id")
        elif kind == "stream-start":
            answer.response_id = text(chunk, "generation_id")
        elif kind == "message-end":
            answer.usage = get(get(chunk, "delta"), "usage")
            answer.finished = True
        elif kind == "stream-end":
            end = self.read(get(chunk, "response"))
            answer.usage, answer.finished = end.usage, True
            answer.response_id = answer.response_id or end.response_id
        elif kind == "content-delta":
            content = get(get(get(chunk, "delta"), "message"), "content")
            answer.output_characters += len(text(content, "text", "thinking") or "")
        elif kind == "text-generation":
            answer.output_characters += len(text(chunk, "text") or "")

    def counts(self, usage: Any) -> Counts:
        units = get(usage, "billed_units", "tokens")
        input_tokens, output_tokens = token_pair(units, "input_tokens", "output_tokens")
        parts = {otel.CACHE_READ: count(usage, "cached_tokens")}
        # Cached tokens are counted on the raw prompt, which is larger than the billed one.
        read = max(input_tokens, count(get(usage, "tokens"), "input_tokens") or 0)
        details = otel.normalised(
            input_tokens, output_tokens, parts, input_total=read if parts[otel.CACHE_READ] else None
        )
        return Counts(input_tokens, output_tokens, details)
