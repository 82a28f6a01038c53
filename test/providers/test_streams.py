from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize.providers import StreamMeter, UsageError, usage_from

from . import wire
from .test_extract import as_object

STREAMS: list[Any] = [
    # chunks, arguments, tokens in and out, details, response id
    (wire.openai_chat_chunks(), {}, ("OPENAI", 21, 9, wire.OPENAI_CHAT_DETAILS, "chatcmpl-2")),
    (wire.openai_response_events(), {}, ("OPENAI", 40, 12, wire.OPENAI_RESPONSE_DETAILS, "resp_1")),
    (wire.openai_response_events("incomplete"), {}, ("OPENAI", 40, 12, wire.OPENAI_RESPONSE_DETAILS, "resp_1")),
    (wire.openai_response_events("failed"), {}, ("OPENAI", 40, 12, wire.OPENAI_RESPONSE_DETAILS, "resp_1")),
    (wire.anthropic_events(), {}, ("ANTHROPIC", 5, 7, wire.ANTHROPIC_DETAILS, "msg_01")),
    (wire.google_chunks(), {}, ("GOOGLE", 50, 7, wire.GOOGLE_DETAILS, "g-1")),
    (wire.mistral_chunks(), {}, ("MISTRAL", 16, 34, {}, "d2f9c2")),
    ([{"data": chunk} for chunk in wire.mistral_chunks()], {}, ("MISTRAL", 16, 34, {}, "d2f9c2")),
    (wire.cohere_events(), {"default_model": "command-r-plus"}, ("COHERE", 17, 12, wire.COHERE_DETAILS, "c-2")),
    (wire.cohere_v1_events(), {"default_model": "command-r-plus"}, ("COHERE", 17, 12, wire.COHERE_DETAILS, "g-2")),
    (
        wire.bedrock_events(),
        {"provider": "ANTHROPIC", "model": "claude-4.5-sonnet", "response_id": "r"},
        ("ANTHROPIC", 11, 6, wire.BEDROCK_DETAILS, "r"),
    ),
]
IDS = [
    "chat", "responses", "incomplete", "failed", "anthropic", "google", "mistral-sse", "mistral", "cohere", "cohere-v1",
    "bedrock",
]  # fmt: skip


def metered(chunks: Any, **arguments: Any) -> StreamMeter:
    meter = StreamMeter(**arguments)
    for chunk in chunks:
        meter.feed(chunk)
    return meter


@pytest.mark.parametrize("shape", [dict, as_object, json.dumps])
@pytest.mark.parametrize(("chunks", "arguments", "expected"), STREAMS, ids=IDS)
def test_a_whole_stream_is_exact(chunks: Any, arguments: Any, expected: Any, shape: Any) -> None:
    meter = metered(map(shape, chunks), **arguments)
    usage = meter.usage()
    assert (
        usage.provider,
        usage.input_tokens,
        usage.output_tokens,
        usage.details,
        usage.response_id,
    ) == expected
    assert meter.finished
    assert usage.completeness == "exact"


@pytest.mark.parametrize(("chunks", "arguments", "expected"), STREAMS, ids=IDS)
def test_a_stream_cut_anywhere_never_claims_to_be_exact(chunks: Any, arguments: Any, expected: Any) -> None:
    whole = metered(chunks, **arguments).usage()
    last_word = next(end for end in range(1, len(chunks) + 1) if metered(chunks[:end], **arguments).finished)
    for end in range(last_word):
        try:
            usage = metered(chunks[:end], **arguments).usage()
        except UsageError:
            continue
        assert usage.completeness == "partial"
        assert usage.input_tokens <= whole.input_tokens
        assert usage.output_tokens <= whole.output_tokens


def test_an_abandoned_anthropic_stream_keeps_what_was_reported() -> None:
    usage = metered(wire.anthropic_events()[:5]).usage()
    assert (usage.input_tokens, usage.output_tokens, usage.completeness) == (5, 1, "partial")
    assert usage.details["gen_ai.usage.cache_read.input_tokens"] == 100


def test_an_abandoned_openai_stream_has_nothing_to_bill() -> None:
    with pytest.raises(UsageError, match="before the provider reported any usage"):
        metered(wire.openai_chat_chunks()[:3]).usage()


def test_an_estimate_is_opt_in_and_marked() -> None:
    request = {
        "model": "gpt-4o",
        "messages": [
            {"role": "user", "content": "Twelve chars"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Four"}, {"type": "image_url", "image_url": "x" * 99}],
            },
        ],
    }
    usage = metered(wire.openai_chat_chunks()[:3], on_partial="estimate", request=request).usage()
    assert (usage.input_tokens, usage.output_tokens, usage.completeness) == (4, 3, "estimated")


def test_an_estimate_keeps_what_was_reported() -> None:
    events = wire.anthropic_events()[:4]
    events[-1]["delta"]["text"] = "x" * 400
    usage = metered(events, on_partial="estimate").usage()
    assert (usage.input_tokens, usage.output_tokens, usage.completeness) == (5, 100, "estimated")


def test_a_whole_stream_is_never_estimated() -> None:
    assert metered(wire.openai_chat_chunks(), on_partial="estimate").usage().completeness == "exact"


def test_a_running_total_on_every_chunk_is_not_summed() -> None:
    chunks = wire.openai_chat_chunks(usage=False)
    for number, chunk in enumerate(chunks):
        chunk["usage"] = {"prompt_tokens": 8, "completion_tokens": number}
    assert metered(chunks[:2]).usage().completeness == "partial"
    usage = metered(chunks).usage()
    assert (usage.input_tokens, usage.output_tokens, usage.completeness) == (8, 3, "exact")


def zeroed(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: zeroed(part) for name, part in value.items()}
    return 0 if isinstance(value, (int, float)) else value


FINAL_ZEROS: list[Any] = [
    # the chunk that ends the stream, with the place of its usage
    (wire.openai_chat_chunks()[-1], lambda chunk: chunk),
    (wire.openai_response_events()[-1], lambda chunk: chunk["response"]),
    (wire.anthropic_events()[-2], lambda chunk: chunk),
    (wire.mistral_chunks()[-1], lambda chunk: chunk),
    (wire.cohere_events()[-1], lambda chunk: chunk["delta"]),
    (wire.bedrock_events()[-1], lambda chunk: chunk["metadata"]),
]


@pytest.mark.parametrize("shape", [dict, as_object])
@pytest.mark.parametrize(
    ("number", "final"),
    list(enumerate(FINAL_ZEROS)),
    ids=["chat", "responses", "anthropic", "mistral", "cohere", "bedrock"],
)
def test_a_last_usage_of_zeros_erases_nothing(number: int, final: Any, shape: Any) -> None:
    chunks, arguments, expected = [STREAMS[index] for index in (0, 1, 4, 7, 8, 10)][number]
    chunk, place = copy.deepcopy(final[0]), final[1]
    holder = place(chunk)
    for usage in (zeroed(holder["usage"]), {}):
        holder["usage"] = usage
        result = metered(map(shape, [*chunks, copy.deepcopy(chunk)]), **arguments).usage()
        assert (result.input_tokens, result.output_tokens, result.details) == expected[1:4]


def test_counters_that_come_in_different_chunks_are_all_kept() -> None:
    chunks = wire.openai_chat_chunks(usage=False)
    chunks[0]["usage"] = {"prompt_tokens": 8, "completion_tokens": 0}
    chunks[3]["usage"] = {"prompt_tokens": 0, "completion_tokens": 5}
    usage = metered(chunks).usage()
    assert (usage.input_tokens, usage.output_tokens, usage.completeness) == (8, 5, "exact")


@pytest.mark.parametrize("place", ["x_groq", "choice"])
def test_usage_in_the_places_of_other_servers_is_read(place: str) -> None:
    chunks = wire.openai_chat_chunks(usage=False)
    usage = {"usage": {"prompt_tokens": 8, "completion_tokens": 5}}
    chunks[3].update({"x_groq": usage} if place == "x_groq" else {"choices": [{**chunks[3]["choices"][0], **usage}]})
    result = metered(chunks).usage()
    assert (result.input_tokens, result.output_tokens, result.completeness) == (8, 5, "exact")


def test_streamed_images_are_counted_when_complete() -> None:
    usage = metered(wire.openai_image_events(), default_model="gpt-image-1").usage()
    assert (usage.image_count, usage.image_quality, usage.output_tokens) == (1, "low", 300)
    for on_partial in ("reported", "estimate"):
        with pytest.raises(UsageError, match="before the provider reported"):
            metered(wire.openai_image_events()[:1], default_model="gpt-image-1", on_partial=on_partial).usage()


def test_a_stream_of_unknown_chunks_has_nothing_to_bill() -> None:
    with pytest.raises(UsageError, match="known shape"):
        metered([{"hello": 1}, {}]).usage()


counts = st.integers(0, 10**6)
quick = settings(deadline=None, max_examples=60)


@quick
@given(st.lists(counts, min_size=1, max_size=8), counts)
def test_anthropic_counters_are_cumulative_so_the_largest_stands(outputs: list[int], prompt: int) -> None:
    events: list[Any] = [copy.deepcopy(wire.anthropic_events()[0])]
    events[0]["message"]["usage"] = {"input_tokens": prompt, "output_tokens": 1}
    events += [{"type": "message_delta", "delta": {}, "usage": {"output_tokens": value}} for value in outputs]
    usage = metered([*events, {"type": "message_stop"}]).usage()
    assert (usage.input_tokens, usage.output_tokens) == (prompt, max([1, *outputs]))


GEMINI_COUNTERS = ["promptTokenCount", "candidatesTokenCount", "thoughtsTokenCount", "cachedContentTokenCount"]


@quick
@given(st.lists(st.dictionaries(st.sampled_from(GEMINI_COUNTERS), counts), min_size=1, max_size=8))
def test_gemini_counters_keep_their_largest_value_in_any_order(metadata: list[dict[str, int]]) -> None:
    chunks = [{"modelVersion": "gemini-2.5-pro", "usageMetadata": block, "candidates": []} for block in metadata]
    largest = {
        name: max(block.get(name, 0) for block in metadata)
        for name in GEMINI_COUNTERS
        if any(name in block for block in metadata)
    }
    if not {"promptTokenCount", "candidatesTokenCount"} & largest.keys():
        with pytest.raises(UsageError):
            metered(chunks).usage()
        return
    usage = metered(chunks).usage()
    assert usage.input_tokens == largest.get("promptTokenCount", 0)
    assert usage.output_tokens == largest.get("candidatesTokenCount", 0)
    assert usage.details.get("gen_ai.usage.reasoning.output_tokens", 0) == largest.get("thoughtsTokenCount", 0)
    assert metered(reversed(chunks)).usage() == usage


def block(*names: str) -> st.SearchStrategy[dict[str, int]]:
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, counts))


chat_usage = st.fixed_dictionaries(
    {"prompt_tokens": counts, "completion_tokens": counts},
    optional={
        "prompt_tokens_details": block(
            "cached_tokens", "cache_write_tokens", "audio_tokens", "image_tokens", "text_tokens"
        ),
        "completion_tokens_details": block("reasoning_tokens", "audio_tokens", "text_tokens"),
    },
)
message_usage = st.fixed_dictionaries(
    {"input_tokens": counts, "output_tokens": counts},
    optional={"cache_read_input_tokens": counts, "cache_creation_input_tokens": counts},
)
gemini_usage = st.fixed_dictionaries(
    {"promptTokenCount": counts, "candidatesTokenCount": counts},
    optional={"thoughtsTokenCount": counts, "cachedContentTokenCount": counts, "toolUsePromptTokenCount": counts},
)


@quick
@given(
    st.one_of(
        chat_usage.map(lambda usage: {"model": "gpt-4o", "object": "chat.completion", "usage": usage}),
        message_usage.map(lambda usage: {"model": "claude", "type": "message", "usage": usage}),
        gemini_usage.map(lambda usage: {"modelVersion": "gemini-2.5-pro", "usageMetadata": usage}),
    )
)
def test_reported_fields_are_kept_and_parts_fit_their_totals(response: Any) -> None:
    usage = usage_from(response)  # Usage itself refuses parts above their totals
    reported = response.get("usage") or response["usageMetadata"]
    own = [("prompt_tokens", "completion_tokens"), ("input_tokens", "output_tokens"),
           ("promptTokenCount", "candidatesTokenCount")]  # fmt: skip
    assert (usage.input_tokens, usage.output_tokens) in [(reported.get(i), reported.get(o)) for i, o in own]
    assert all(value > 0 for value in usage.details.values())
