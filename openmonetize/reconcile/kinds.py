"""Kinds of tokens that providers charge for at prices of their own, and how many of each an event has."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from openmonetize.providers import otel

INPUT = "input"
CACHE_READ = "cache_read"
CACHE_WRITE_5M = "cache_write_5m"
CACHE_WRITE_1H = "cache_write_1h"
OUTPUT = "output"
CACHES = (CACHE_READ, CACHE_WRITE_5M, CACHE_WRITE_1H)
TOKEN_KINDS = (INPUT, *CACHES, OUTPUT)
# What is not charged by tokens: searches, tool calls, images, storage.
OTHER = "other"
# What tokens of a batch cost, relative to others, at every provider that has batches:
# https://developers.openai.com/api/docs/guides/batch, https://platform.claude.com/docs/en/build-with-claude/batch-processing,
# https://ai.google.dev/gemini-api/docs/batch-api, https://docs.mistral.ai/capabilities/batch/
BATCH_SHARE = Decimal("0.5")

# A part of the cache writes; the rest is of the 5-minute kind, which is the default.
_CACHE_WRITE_1H = "gen_ai.usage.cache_write.1h.input_tokens"


def kinds_of(
    provider: str | None, input_tokens: int, output_tokens: int, metadata: Mapping[str, Any]
) -> tuple[int, ...]:
    """Return an event's tokens by kind, in the order of `TOKEN_KINDS`.

    Args:
        provider: the gateway's name. Anthropic's own input tokens leave caches out.
        input_tokens: those that are billed.
        output_tokens: those that are billed.
        metadata: of the event. It has everything that was read and written where that differs from what is billed,
            and the parts that are caches.
    """
    read = _count(metadata, otel.CACHE_READ)
    # OpenAI's reports have no cache writes: they are plain input.
    written = 0 if provider == "OPENAI" else _count(metadata, otel.CACHE_WRITE)
    for_an_hour = min(written, _count(metadata, _CACHE_WRITE_1H))
    left_out = provider == "ANTHROPIC" or read + written > input_tokens
    everything_read = _count(metadata, otel.INPUT, input_tokens + (read + written if left_out else 0))
    plain = max(0, everything_read - read - written)
    return plain, read, written - for_an_hour, for_an_hour, _count(metadata, otel.OUTPUT, output_tokens)


def is_batch(metadata: Mapping[str, Any]) -> bool:
    """Return whether an event was part of a batch. In CSV the fact is a text."""
    return metadata.get(otel.BATCH) is True or str(metadata.get(otel.BATCH)).lower() == "true"


def _count(metadata: Mapping[str, Any], name: str, default: int = 0) -> int:
    value = metadata.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else default
