"""The format of AWS Bedrock's ``converse``.

The platform's gateway has no such provider, and the response names no model, so the user has to name both.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, merged, text, token_pair

STREAM_EVENTS = (
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
)


class Converse(Dialect):
    """The response of ``converse``.

    Its ``inputTokens`` leaves out what was read from or written to the prompt cache.
    """

    provider = None

    def read(self, response: Any) -> ResponseReading:
        return ResponseReading(
            text(get(response, "ResponseMetadata"), "RequestId"), None, get(response, "usage"), finished=True
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        metadata = get(chunk, "metadata")
        if metadata is not None:
            reading.usage, reading.finished = merged(reading.usage, get(metadata, "usage")), True
        if not reading.estimating:
            return
        delta = get(get(chunk, "contentBlockDelta"), "delta")
        reading.output_characters += len(text(delta, "text") or text(get(delta, "toolUse"), "input") or "")

    def counts(self, usage: Any) -> Counts:
        input_tokens, output_tokens = token_pair(usage, "inputTokens", "outputTokens")
        cache_read = count(usage, "cacheReadInputTokens") or 0
        cache_write = count(usage, "cacheWriteInputTokens") or 0
        details = otel.normalised(
            input_tokens,
            output_tokens,
            {otel.CACHE_READ: cache_read, otel.CACHE_WRITE: cache_write},
            input_total=input_tokens + cache_read + cache_write,
        )
        return Counts(input_tokens, output_tokens, details)
