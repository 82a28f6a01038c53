"""Properties of what is read, whatever the counts are."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize.providers import StreamMeter, Usage, usage_from
from openmonetize.providers.otel import INPUT, OUTPUT, broken_invariants
from openmonetize.testing.fake_providers import Answer, anthropic, bedrock, cohere, google, mistral, openai

from .test_extract import as_object

COUNT = st.integers(0, 10**9)
MODALITY = st.sampled_from(["TEXT", "IMAGE", "AUDIO", "VIDEO", "DOCUMENT", "SMELL"])
BY_MODALITY = st.lists(st.fixed_dictionaries({"modality": MODALITY, "tokenCount": COUNT}), max_size=4)


def some(**fields: Any) -> st.SearchStrategy[Any]:
    """Return dicts with any of these fields."""
    return st.fixed_dictionaries({}, optional=fields)


OPENAI_READ = some(
    cached_tokens=COUNT,
    cache_write_tokens=COUNT,
    cache_write_tokens_details=some(ttl_30m_tokens=COUNT, ttl_12h_tokens=COUNT),
    cached_tokens_details=some(text_tokens=COUNT, audio_tokens=COUNT),
    text_tokens=COUNT,
    audio_tokens=COUNT,
    image_tokens=COUNT,
)
OPENAI_WRITTEN = some(
    reasoning_tokens=COUNT, accepted_prediction_tokens=COUNT, rejected_prediction_tokens=COUNT, audio_tokens=COUNT
)
CHAT = some(
    completion_tokens=COUNT,
    total_tokens=COUNT,
    prompt_tokens_details=OPENAI_READ,
    completion_tokens_details=OPENAI_WRITTEN,
    reasoning_tokens=COUNT,
    cost=st.floats(0, 100),
    server_tool_use=some(web_search_requests=COUNT),
)
RESPONSE = some(output_tokens=COUNT, input_tokens_details=OPENAI_READ, output_tokens_details=OPENAI_WRITTEN)
PASS: dict[str, Any] = {
    "cache_read_input_tokens": COUNT,
    "cache_creation_input_tokens": COUNT,
    "cache_creation": some(ephemeral_5m_input_tokens=COUNT, ephemeral_1h_input_tokens=COUNT),
}
PASSES = st.fixed_dictionaries(
    {"type": st.sampled_from(["message", "compaction"]), "input_tokens": COUNT}, optional=PASS
)
MESSAGE = some(
    output_tokens=COUNT,
    output_tokens_details=some(thinking_tokens=COUNT),
    iterations=st.lists(PASSES, max_size=3),
    **PASS,
)
GEMINI = some(
    candidatesTokenCount=COUNT,
    cachedContentTokenCount=COUNT,
    thoughtsTokenCount=COUNT,
    toolUsePromptTokenCount=COUNT,
    promptTokensDetails=BY_MODALITY,
    candidatesTokensDetails=BY_MODALITY,
    toolUsePromptTokensDetails=BY_MODALITY,
    cacheTokensDetails=BY_MODALITY,
)
CONVERSE = some(
    outputTokens=COUNT,
    cacheReadInputTokens=COUNT,
    cacheWriteInputTokens=COUNT,
    cacheDetails=st.lists(
        st.fixed_dictionaries({"ttl": st.sampled_from(["5m", "1h", "1d"]), "inputTokens": COUNT}), max_size=3
    ),
)
UNITS = some(output_tokens=COUNT, search_units=COUNT, image_tokens=COUNT)

# What the blocks are in, and the name of the input in them.
FORMATS: dict[str, tuple[Any, Any, str, str]] = {
    "chat": (CHAT, lambda usage: {"model": "gpt-4o", "usage": usage}, "prompt_tokens", "completion_tokens"),
    "claude in a chat": (
        CHAT,
        lambda usage: {"model": "claude-sonnet-4-5", "usage": usage},
        "prompt_tokens",
        "completion_tokens",
    ),
    "gemini in a chat": (
        CHAT,
        lambda usage: {"model": "gemini-2.5-pro", "usage": usage},
        "prompt_tokens",
        "completion_tokens",
    ),
    "responses": (
        RESPONSE,
        lambda usage: {"object": "response", "model": "gpt-5", "usage": usage},
        "input_tokens",
        "output_tokens",
    ),
    "messages": (
        MESSAGE,
        lambda usage: {"type": "message", "model": "claude", "usage": usage},
        "input_tokens",
        "output_tokens",
    ),
    "gemini": (GEMINI, lambda usage: {"usageMetadata": usage}, "promptTokenCount", "candidatesTokenCount"),
    "converse": (CONVERSE, lambda usage: {"usage": usage}, "inputTokens", "outputTokens"),
    "cohere": (UNITS, lambda usage: {"usage": {"billed_units": usage}}, "input_tokens", "output_tokens"),
}


@pytest.mark.parametrize("name", FORMATS)
@settings(deadline=None, max_examples=100)
@given(data=st.data())
def test_no_counts_of_a_provider_break_the_invariants(name: str, data: Any) -> None:
    """A provider may say anything, also parts that are larger than their total; the call is read all the same."""
    block, answer_of, input_name, output_name = FORMATS[name]
    usage = {input_name: data.draw(COUNT), **data.draw(block)}
    answer = answer_of(usage)
    found = usage_from(answer, provider="openai", model="m")
    assert list(broken_invariants(found.input_tokens, found.output_tokens, found.details)) == []
    if " in a chat" not in name:  # which leave out what the makers leave out
        assert (found.input_tokens, found.output_tokens) == (usage[input_name], usage.get(output_name, 0))
    assert all(isinstance(value, int) and value > 0 for value in found.details.values())
    for shape in (as_object, json.dumps):
        assert usage_from(shape(answer), provider="openai", model="m") == found


@st.composite
def answers(draw: Any) -> Answer:
    cached, written, fresh, reasoning, text = (draw(st.integers(0, 10_000)) for _ in range(5))
    return Answer(
        text=draw(st.sampled_from(["", "Hello there", "One two three four five"])),
        input_tokens=cached + written + fresh,
        output_tokens=reasoning + text + 1,  # an answer of nothing has a token, too
        cached_tokens=cached,
        cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)),
        reasoning_tokens=reasoning,
        web_searches=draw(st.integers(0, 4)),
        service_tier=draw(st.sampled_from([None, "flex", "priority"])),
        response_id="1",
    )


WAYS: dict[str, Any] = {
    "chat": (
        lambda c: openai.chat(c, {}),
        lambda c: openai.chat_chunks(c, {"stream_options": {"include_usage": True}}),
    ),
    "responses": (lambda c: openai.response(c, {}), lambda c: openai.response_events(c, {})),
    "messages": (anthropic.message, anthropic.message_events),
    "gemini": (google.content, google.content_chunks),
    "mistral": (mistral.chat, mistral.chat_chunks),
    "cohere": (cohere.chat, cohere.chat_events),
    "cohere v1": (cohere.v1_chat, cohere.v1_chat_events),
    "converse": (bedrock.converse, bedrock.converse_events),
}


@pytest.mark.parametrize("name", WAYS)
@settings(deadline=None, max_examples=40)
@given(answer=answers())
def test_a_stream_tells_what_the_whole_answer_tells(name: str, answer: Answer) -> None:
    whole, chunks = WAYS[name]
    completion = answer.completed("mistral-large-latest" if name == "mistral" else "a-model", 0)
    expected = usage_from(whole(completion), provider="openai", model="m")
    meter = StreamMeter(provider="OPENAI", model="m")
    for chunk in chunks(completion):
        meter.feed(chunk)
    assert meter.usage() == expected
    _check_totals(expected, answer, name)


def _check_totals(usage: Usage, answer: Answer, name: str) -> None:
    """Everything read and written is in the inclusive totals."""
    if not name.startswith("cohere"):  # which counts what it bills
        assert usage.details.get(INPUT, usage.input_tokens) == answer.input_tokens
        assert usage.details.get(OUTPUT, usage.output_tokens) == answer.output_tokens
