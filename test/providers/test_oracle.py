"""Extraction of usage, compared with genai-prices, an independent implementation."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize.providers import usage_from
from openmonetize.testing.fake_providers import Answer, anthropic, bedrock, google, openai

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
    "cache_write_5m_tokens": "gen_ai.usage.cache_write.5m.input_tokens",
    "cache_write_1h_tokens": "gen_ai.usage.cache_write.1h.input_tokens",
    "input_image_tokens": "gen_ai.usage.image.input_tokens",
    "output_image_tokens": "gen_ai.usage.image.output_tokens",
    "cache_audio_read_tokens": "gen_ai.usage.cache_read.audio.input_tokens",
    "input_tool_tokens": "gen_ai.usage.tool_prompt.input_tokens",
    "web_searches": "gen_ai.usage.web_search.requests",
}

FULL = Answer(
    input_tokens=100,
    output_tokens=60,
    cached_tokens=40,
    cache_write_tokens=30,
    cache_write_1h_tokens=10,
    reasoning_tokens=20,
    web_searches=2,
)


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
        (openai.chat(FULL.completed("gpt-5", 0), {}), "openai", "chat", {}),
        (anthropic.message(FULL.completed("claude-sonnet-4-5", 0)), "anthropic", "default", {}),
        (google.content(FULL.completed("gemini-2.5-flash", 0)), "google", "default", {}),
        (bedrock.converse(FULL.completed("m", 0)), "aws", "default", {"provider": "ANTHROPIC", "model": "m"}),
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
