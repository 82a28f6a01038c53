"""Extraction of usage, compared with genai-prices, an independent implementation."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize.providers import usage_from

from . import wire
from .calls import library

genai_prices = library("genai_prices")

# Names of genai-prices to ours. Its totals are inclusive, as those of OpenTelemetry are.
NAMES = {
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_tokens": "gen_ai.usage.cache_write.input_tokens",
    "input_audio_tokens": "gen_ai.usage.audio.input_tokens",
    "output_audio_tokens": "gen_ai.usage.audio.output_tokens",
    "output_reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
}


@pytest.mark.parametrize(
    ("response", "provider_id", "flavor", "arguments"),
    [
        (wire.openai_chat(), "openai", "chat", {}),
        (wire.openai_response(), "openai", "responses", {}),
        (wire.openai_embeddings(), "openai", "embeddings", {}),
        (wire.anthropic_message(), "anthropic", "default", {}),
        (wire.google_content(), "google", "default", {}),
        (wire.mistral_chat(), "mistral", "default", {}),
        (wire.bedrock_converse(), "aws", "default", {"provider": "ANTHROPIC", "model": "claude-4.5-sonnet"}),
    ],
)
def test_both_readers_agree(response: Any, provider_id: str, flavor: str, arguments: Any) -> None:
    theirs = genai_prices.extract_usage(response, provider_id=provider_id, api_flavor=flavor).usage
    ours = usage_from(response, **arguments)
    details = ours.details
    assert details.get("gen_ai.usage.input_tokens", ours.input_tokens) == theirs.input_tokens
    assert details.get("gen_ai.usage.output_tokens", ours.output_tokens) == (theirs.reported_value("output_tokens"))
    for name, otel_name in NAMES.items():
        if otel_name in details or theirs.reported_value(name):
            assert details.get(otel_name, 0) == theirs.reported_value(name), name
