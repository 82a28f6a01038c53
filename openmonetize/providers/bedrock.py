"""The format of AWS Bedrock's ``converse``.

The platform's gateway has no such provider, and the response names no model, so the user has to name both.
"""

from __future__ import annotations

from typing import Any

from openmonetize.providers import otel
from openmonetize.providers.dialect import Counts, Dialect, ResponseReading
from openmonetize.providers.response_fields import count, get, items, merged, text, token_pair
from openmonetize.providers.terms import label

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
            text(get(response, "ResponseMetadata"), "RequestId"),
            None,
            get(response, "usage"),
            finished=True,
            service_tier=_tier(response),
        )

    def feed(self, reading: ResponseReading, chunk: Any) -> None:
        metadata = get(chunk, "metadata")
        if metadata is not None:
            reading.usage, reading.finished = merged(reading.usage, get(metadata, "usage")), True
            reading.service_tier = _tier(metadata)
        if not reading.estimating:
            return
        delta = get(get(chunk, "contentBlockDelta"), "delta")
        reading.output_characters += len(text(delta, "text") or text(get(delta, "toolUse"), "input") or "")

    def counts(self, usage: Any) -> Counts:
        input_tokens, output_tokens = token_pair(usage, "inputTokens", "outputTokens")
        cache_read = count(usage, "cacheReadInputTokens") or 0
        cache_write = count(usage, "cacheWriteInputTokens") or 0
        by_ttl = dict.fromkeys(otel.CACHE_TTLS, 0)
        for entry in items(usage, "cacheDetails"):
            ttl = get(entry, "ttl")
            if ttl in by_ttl:
                by_ttl[ttl] += count(entry, "inputTokens") or 0
        cache_write = max(cache_write, sum(by_ttl.values()))
        details = otel.normalised(
            input_tokens,
            output_tokens,
            {
                otel.CACHE_READ: cache_read,
                otel.CACHE_WRITE: cache_write,
                **{otel.cache_write_of(ttl): tokens for ttl, tokens in by_ttl.items()},
            },
            input_total=input_tokens + cache_read + cache_write,
        )
        return Counts(input_tokens, output_tokens, details)


def _tier(response: Any) -> str | None:
    """Return the service tier; some models cost more where the latency is optimized, which is no tier of its own."""
    tier = label(get(response, "serviceTier"), "type")
    optimized = get(get(response, "performanceConfig"), "latency") == "optimized"
    return "optimized" if optimized and tier in (None, "default") else tier
