"""What providers charge for beside input and output: it is read from every form of an answer, and kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from openmonetize.client.provider_usage import event_fields
from openmonetize.providers import StreamMeter, Usage, UsageError, usage_from, wrap
from openmonetize.providers.otel import (
    ACCEPTED_PREDICTION,
    AUDIO_SECONDS,
    CACHE_READ,
    CACHE_WRITE,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    INPUT,
    OUTPUT,
    REASONING,
    REJECTED_PREDICTION,
    TOOL_PROMPT,
    cache_write_of,
    cached_input_of,
    input_of,
    output_of,
    tool_calls_of,
)
from openmonetize.providers.server_tools import MAX_TOOLS
from openmonetize.testing.fake_providers import Answer, FakeProviders, anthropic, bedrock, cohere, google, openai

from . import fake_calls, wire
from .calls import collect, library, library_warnings, run
from .test_extract import as_object

pytestmark = library_warnings

SHAPES = [dict, as_object, json.dumps]


def chat(**fields: Any) -> Any:
    return {"object": "chat.completion", "id": "c-1", "model": "gpt-4o", "choices": [], **fields}


def chat_usage(**usage: Any) -> Any:
    return chat(usage={"prompt_tokens": 100, "completion_tokens": 60, **usage})


def response(*, usage: Any = None, **fields: Any) -> Any:
    counts = {"input_tokens": 100, "output_tokens": 60, **(usage or {})}
    return {"object": "response", "id": "r-1", "model": "gpt-5", "output": [], **fields, "usage": counts}


def message(**usage: Any) -> Any:
    counts = {"input_tokens": 12, "output_tokens": 503, **usage}
    return {"type": "message", "id": "msg_1", "model": "claude-sonnet-4-5", "usage": counts}


def gemini(*, usage: Any = None, candidate: Any = None) -> Any:
    counts = {"promptTokenCount": 1000, "candidatesTokenCount": 60, **(usage or {})}
    finished = {"finishReason": "STOP", **(candidate or {})}
    return {"responseId": "g-1", "modelVersion": "gemini-3-pro", "candidates": [finished], "usageMetadata": counts}


def converse(*, usage: Any = None, **fields: Any) -> Any:
    return {**fields, "usage": {"inputTokens": 30, "outputTokens": 600, "totalTokens": 630, **(usage or {})}}


REASONED = {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
SEARCHES = [{"type": "web_search_call", "action": {"type": kind}} for kind in ("search", "search", "open_page")]
HOSTED = [{"type": f"{name}_call"} for name in ("file_search", "code_interpreter", "image_generation", "function")]

DETAILS: dict[str, tuple[Any, dict[str, int]]] = {
    "predictions": (
        chat_usage(completion_tokens_details={"accepted_prediction_tokens": 7, "rejected_prediction_tokens": 5}),
        {ACCEPTED_PREDICTION: 7, REJECTED_PREDICTION: 5},
    ),
    "modalities of a chat": (
        chat_usage(
            prompt_tokens_details={"audio_tokens": 4, "image_tokens": 5, "text_tokens": 6},
            completion_tokens_details={"audio_tokens": 2, "text_tokens": 9},
        ),
        {input_of("audio"): 4, input_of("image"): 5, input_of("text"): 6, output_of("audio"): 2, output_of("text"): 9},
    ),
    "the times that OpenAI keeps a cache": (
        response(
            usage={
                "input_tokens_details": {
                    "cached_tokens": 3,
                    "cache_write_tokens": 50,
                    "cache_write_tokens_details": {"ttl_30m_tokens": 40, "ttl_12h_tokens": 10},
                }
            }
        ),
        {CACHE_READ: 3, CACHE_WRITE: 50, cache_write_of("30m"): 40, cache_write_of("12h"): 10},
    ),
    "hosted tools": (
        response(output=[*SEARCHES, *HOSTED]),
        {
            tool_calls_of("web_search"): 2,
            tool_calls_of("file_search"): 1,
            tool_calls_of("code_interpreter"): 1,
            tool_calls_of("image_generation"): 1,
        },
    ),
    "OpenAI's own count of searches, and the tokens of images": (
        response(
            output=SEARCHES,
            tool_usage={"web_search": {"num_requests": 1}, "image_gen": {"input_tokens": 9, "output_tokens": 272}},
        ),
        {
            tool_calls_of("web_search"): 1,
            "gen_ai.usage.image_generation.input_tokens": 9,
            "gen_ai.usage.image_generation.output_tokens": 272,
        },
    ),
    "searches that OpenAI does not charge for": (
        response(output=SEARCHES, tool_usage={"web_search": {"num_requests": 0}}),
        {},
    ),
    "realtime": (
        {
            "type": "response.done",
            "response": {
                "object": "realtime.response",
                "id": "resp_1",
                "model": "gpt-realtime",
                "usage": {
                    "input_tokens": 132,
                    "output_tokens": 121,
                    "input_token_details": {
                        "text_tokens": 119,
                        "audio_tokens": 13,
                        "cached_tokens": 64,
                        "cached_tokens_details": {"text_tokens": 60, "audio_tokens": 4},
                    },
                    "output_token_details": {"text_tokens": 30, "audio_tokens": 91},
                },
            },
        },
        {
            CACHE_READ: 64,
            input_of("text"): 119,
            input_of("audio"): 13,
            cached_input_of("text"): 60,
            cached_input_of("audio"): 4,
            output_of("text"): 30,
            output_of("audio"): 91,
        },
    ),
    "the times that Anthropic keeps a cache": (
        message(
            cache_read_input_tokens=18_000,
            cache_creation_input_tokens=2_051,
            cache_creation={"ephemeral_5m_input_tokens": 51, "ephemeral_1h_input_tokens": 2_000},
        ),
        {CACHE_READ: 18_000, CACHE_WRITE: 2_051, CACHE_WRITE_5M: 51, CACHE_WRITE_1H: 2_000, INPUT: 20_063},
    ),
    "the times alone": (
        message(cache_creation={"ephemeral_5m_input_tokens": 51, "ephemeral_1h_input_tokens": 2_000}),
        {CACHE_WRITE: 2_051, CACHE_WRITE_5M: 51, CACHE_WRITE_1H: 2_000, INPUT: 2_063},
    ),
    "Anthropic's tools": (
        message(server_tool_use={"web_search_requests": 3, "web_fetch_requests": 2}),
        {tool_calls_of("web_search"): 3, tool_calls_of("web_fetch"): 2},
    ),
    "passes that come on top": (
        message(
            iterations=[
                {"type": "message", "input_tokens": 12, "output_tokens": 503},
                {
                    "type": "compaction",
                    "input_tokens": 100,
                    "output_tokens": 30,
                    "cache_read_input_tokens": 7_000,
                    "cache_creation_input_tokens": 40,
                    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 40},
                },
            ]
        ),
        {
            "anthropic.usage.extra_passes.input_tokens": 100,
            "anthropic.usage.extra_passes.output_tokens": 30,
            CACHE_READ: 7_000,
            CACHE_WRITE: 40,
            CACHE_WRITE_1H: 40,
            INPUT: 12 + 100 + 7_040,
            OUTPUT: 533,
        },
    ),
    "thoughts, prompts of tools and cached modalities": (
        gemini(
            usage={
                "thoughtsTokenCount": 1_200,
                "toolUsePromptTokenCount": 450,
                "cachedContentTokenCount": 300,
                "promptTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 700},
                    {"modality": "DOCUMENT", "tokenCount": 300},
                ],
                "toolUsePromptTokensDetails": [{"modality": "TEXT", "tokenCount": 450}],
                "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 60}],
                "cacheTokensDetails": [
                    {"modality": "TEXT", "tokenCount": 200},
                    {"modality": "AUDIO", "tokenCount": 100},
                ],
            }
        ),
        {
            CACHE_READ: 300,
            REASONING: 1_200,
            TOOL_PROMPT: 450,
            input_of("text"): 1_150,
            input_of("document"): 300,
            output_of("image"): 60,
            cached_input_of("text"): 200,
            cached_input_of("audio"): 100,
            INPUT: 1_450,
            OUTPUT: 1_260,
        },
    ),
    "grounding": (
        gemini(
            candidate={
                "groundingMetadata": {
                    "webSearchQueries": ["a", "", "b"],
                    "imageSearchQueries": ["c"],
                    "groundingChunks": [{"web": {"uri": "u"}}, {"maps": {"uri": "m"}}],
                }
            }
        ),
        {tool_calls_of("grounding"): 3, tool_calls_of("google_maps"): 1},
    ),
    "Google's own count of searches": (
        gemini(
            usage={"billedToolCalls": [{"tool": "GOOGLE_SEARCH", "successfulToolCallCount": 2}]},
            candidate={"groundingMetadata": {"webSearchQueries": ["a", "b", "c"]}},
        ),
        {tool_calls_of("grounding"): 2},
    ),
    "the live API": (
        {
            "model": "gemini-live",
            "usageMetadata": {
                "promptTokenCount": 80,
                "responseTokenCount": 40,
                "responseTokensDetails": [{"modality": "AUDIO", "tokenCount": 40}],
            },
        },
        {output_of("audio"): 40},
    ),
    "seconds of sound": (
        {**chat_usage(prompt_audio_seconds=14.2), "model": "voxtral-small-latest"},
        {AUDIO_SECONDS: 15},
    ),
    "Mistral's cache": ({**chat_usage(num_cached_tokens=32), "model": "mistral-large-latest"}, {CACHE_READ: 32}),
    "Mistral's pages": (
        {"model": "mistral-ocr-latest", "pages": [], "usage_info": {"pages_processed": 3, "doc_size_bytes": 9}},
        {tool_calls_of("pages"): 3},
    ),
    "the sum of a batch": (
        {"object": "batch", "id": "b", "model": "gpt-5", "usage": {**response()["usage"], **REASONED}},
        {},
    ),
    "Cohere's search units": (
        {"id": "c", "usage": {"billed_units": {"input_tokens": 17.0, "output_tokens": 12.0, "search_units": 2.0}}},
        {tool_calls_of("search_units"): 2},
    ),
    "Cohere's embeddings of images": (
        {"id": "e", "meta": {"billed_units": {"images": 1.0, "image_tokens": 300.0}}},
        {tool_calls_of("images"): 1, input_of("image"): 300, INPUT: 300},
    ),
    "the times that Bedrock keeps a cache": (
        converse(
            usage={
                "cacheReadInputTokens": 9_000,
                "cacheWriteInputTokens": 3_000,
                "cacheDetails": [{"ttl": "5m", "inputTokens": 1_000}, {"ttl": "1h", "inputTokens": 2_000}],
            }
        ),
        {CACHE_READ: 9_000, CACHE_WRITE: 3_000, CACHE_WRITE_5M: 1_000, CACHE_WRITE_1H: 2_000, INPUT: 12_030},
    ),
    "xAI's reasoning, which is not in the completion": (
        chat_usage(total_tokens=210, completion_tokens_details={"reasoning_tokens": 50}),
        {REASONING: 50, OUTPUT: 110},
    ),
    "xAI's tools": (
        response(
            usage={
                "server_side_tool_usage_details": {"web_search_calls": 2, "x_search_calls": 1, "mcp_calls": 0},
                "num_sources_used": 3,
            }
        ),
        {tool_calls_of("web_search"): 2, tool_calls_of("x_search"): 1},
    ),
    "Perplexity's searches": (
        chat_usage(citation_tokens=500, num_search_queries=4, reasoning_tokens=900),
        {
            "gen_ai.usage.citation.output_tokens": 500,
            tool_calls_of("web_search"): 4,
            REASONING: 900,
            OUTPUT: 960,
        },
    ),
    "OpenRouter's searches": (
        chat_usage(server_tool_use={"web_search_requests": 2}, prompt_tokens_details={"video_tokens": 8}),
        {tool_calls_of("web_search"): 2, input_of("video"): 8},
    ),
    "caches of others": (chat_usage(cached_tokens=40), {CACHE_READ: 40}),
    "Gemini's thoughts in OpenAI's format": (
        {**chat_usage(total_tokens=400), "model": "gemini-2.5-pro"},
        {REASONING: 240, OUTPUT: 300},
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", DETAILS)
def test_counts_are_kept_under_one_name_for_all_providers(name: str, shape: Any) -> None:
    answer, details = DETAILS[name]
    usage = usage_from(shape(answer), model="a-model", provider="openai")
    assert usage.details == details
    kept = event_fields(usage)[1]["metadata"] or {}
    assert {name: value for name, value in kept.items() if name in details} == details


TERMS: list[tuple[Any, dict[str, Any]]] = [
    (chat(usage=chat_usage()["usage"], service_tier="flex"), {"service_tier": "flex"}),
    (response(service_tier="priority"), {"service_tier": "priority"}),
    (chat_usage(service_tier="priority"), {"service_tier": "priority"}),  # Mistral's place
    (message(service_tier="priority", inference_geo="us"), {"service_tier": "priority", "region": "us"}),
    (message(service_tier="standard", inference_geo="not_available"), {"service_tier": "standard"}),
    (message(service_tier="standard", speed="fast"), {"service_tier": "fast"}),
    ({"object": "batch", "id": "b", "model": "m", "usage": {**response()["usage"], **REASONED}}, {"batch": True}),
    (message(service_tier="batch"), {"service_tier": "batch", "batch": True}),
    (gemini(usage={"trafficType": "PROVISIONED_THROUGHPUT"}), {"service_tier": "PROVISIONED_THROUGHPUT"}),
    (gemini(usage={"serviceTier": "flex"}), {"service_tier": "flex"}),
    (converse(serviceTier={"type": "reserved"}), {"service_tier": "reserved"}),
    (
        converse(serviceTier={"type": "default"}, performanceConfig={"latency": "optimized"}),
        {"service_tier": "optimized"},
    ),
    (chat_usage(cost=0.00095), {"gateway_cost": Decimal("0.00095")}),
    (chat_usage(cost=0), {"gateway_cost": Decimal(0)}),
    (
        chat_usage(cost=0.05, is_byok=True, cost_details={"upstream_inference_cost": 1.0}),
        {"gateway_cost": Decimal("1.05")},
    ),
    (
        chat_usage(cost=0.05, is_byok=False, cost_details={"upstream_inference_cost": 0.05}),
        {"gateway_cost": Decimal("0.05")},
    ),
    (message(cost="0.25"), {"gateway_cost": Decimal("0.25")}),
    (response(usage={"cost_in_usd_ticks": 37_756_000}), {"gateway_cost": Decimal("0.0037756")}),
    (chat_usage(cost={"input_tokens_cost": 0.1, "total_cost": 0.3}), {"gateway_cost": Decimal("0.3")}),
    (chat_usage(estimated_cost=1e-7), {"gateway_cost": Decimal("1E-7")}),
    *((chat_usage(cost=odd), {}) for odd in (None, True, -1, float("nan"), float("inf"), "much", [])),
    *((chat(usage=chat_usage()["usage"], service_tier=odd), {}) for odd in (None, "", 3, "a\0", "x" * 65)),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("answer", "terms"), TERMS)
def test_the_terms_of_a_call_are_kept(answer: Any, terms: dict[str, Any], shape: Any) -> None:
    usage = usage_from(shape(answer), model="a-model", provider="openai")
    none: dict[str, Any] = {"service_tier": None, "batch": False, "region": None, "gateway_cost": None}
    assert {name: getattr(usage, name) for name in none} == {**none, **terms}


def test_the_terms_are_in_the_metadata_of_the_event() -> None:
    answer = {**message(service_tier="batch", inference_geo="us", cost=0.25), "id": "msg_9"}
    line = {"custom_id": "1", "result": {"type": "succeeded", "message": answer}}
    assert event_fields(usage_from(line), {"gen_ai.response.region": "mine"})[1]["metadata"] == {
        "gen_ai.response.service_tier": "batch",
        "gen_ai.response.batch": True,
        "gen_ai.response.region": "mine",
        "gen_ai.usage.cost": 0.25,
        "gen_ai.response.id": "msg_9",
    }


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("europe-west1-aiplatform.googleapis.com", "europe-west1"),
        ("aiplatform.us.rep.googleapis.com", "us"),
        ("aiplatform.googleapis.com", None),
        ("bedrock-runtime.eu-north-1.amazonaws.com", "eu-north-1"),
        ("eu.api.openai.com", "eu"),
        ("api.openai.com", None),
        ("llm.example", None),
        (None, None),
    ],
)
def test_a_host_may_name_the_region(host: Any, region: Any) -> None:
    assert usage_from(chat_usage(), host=host).region == region


def test_an_inference_profile_names_the_region(server: FakeProviders, recorded: list[Usage]) -> None:
    bedrock_client = wrap(
        fake_calls.bedrock(server), record=recorded.append, provider="anthropic", model="claude-4.5-sonnet"
    )
    for profile in ("us.", "global.", ""):
        bedrock_client.converse(**{**fake_calls.CONVERSE, "modelId": f"{profile}anthropic.claude-sonnet-4-5-v1:0"})
    assert [usage.region for usage in recorded] == ["us", "global", None]


@pytest.mark.parametrize(
    "fields",
    [
        {"service_tier": ""},
        {"region": "x" * 65},
        {"region": "a\nb"},
        {"batch": 1},
        {"gateway_cost": 0.5},
        {"gateway_cost": Decimal(-1)},
        {"gateway_cost": Decimal("nan")},
        {"details": {CACHE_WRITE: 3, CACHE_WRITE_5M: 2, CACHE_WRITE_1H: 2}},
        {"details": {CACHE_WRITE_1H: 2}},
        {"details": {CACHE_READ: 1, cached_input_of("audio"): 2}},
        {"details": {REJECTED_PREDICTION: 6}},
        {"details": {TOOL_PROMPT: 11}},
    ],
)
def test_a_usage_takes_no_odd_terms(fields: Any) -> None:
    with pytest.raises(UsageError):
        Usage(**{"provider": "OPENAI", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5, **fields})


# Everything at once, through the real libraries: whole and streamed, wrapped and read from their objects.
FULL = Answer(
    input_tokens=100,
    output_tokens=60,
    cached_tokens=40,
    cache_write_tokens=30,
    cache_write_1h_tokens=10,
    reasoning_tokens=20,
    web_searches=2,
    service_tier="priority",
    response_id="1",
)
KEPT_1H = {CACHE_WRITE: 30, CACHE_WRITE_5M: 20, CACHE_WRITE_1H: 10}
FULL_DETAILS: dict[str, dict[str, int]] = {
    "openai chat": {CACHE_READ: 40, CACHE_WRITE: 30, REASONING: 20},
    "openai responses": {CACHE_READ: 40, CACHE_WRITE: 30, REASONING: 20, tool_calls_of("web_search"): 2},
    "anthropic": {CACHE_READ: 40, **KEPT_1H, REASONING: 20, INPUT: 100, tool_calls_of("web_search"): 2},
    "google": {CACHE_READ: 40, REASONING: 20, OUTPUT: 60, tool_calls_of("grounding"): 2},
    "mistral": {CACHE_READ: 40},
    "cohere": {CACHE_READ: 40, tool_calls_of("search_units"): 2},
    "bedrock": {CACHE_READ: 40, **KEPT_1H, INPUT: 100},
}


def _knows_ttls() -> bool:
    """Return whether this version of boto3 passes on how long Bedrock keeps a cache."""
    session = library("botocore.session").get_session()
    return "CacheDetail" in session.get_service_model("bedrock-runtime").shape_names


def _calls(fake: FakeProviders, client_of: Any) -> dict[str, Any]:
    ask = fake_calls
    ai, claude, gemini_client = client_of(ask.openai(fake)), client_of(ask.anthropic(fake)), client_of(ask.google(fake))
    mistral, co, aws = client_of(ask.mistral(fake)), client_of(ask.cohere(fake)), client_of(ask.bedrock(fake))
    return {
        "openai chat": lambda: ai.chat.completions.create(**ask.CHAT),
        "openai responses": lambda: ai.responses.create(model="gpt-4o", input="Hi"),
        "anthropic": lambda: claude.messages.create(**ask.MESSAGE),
        "google": lambda: gemini_client.models.generate_content(**ask.CONTENT),
        "mistral": lambda: mistral.chat.complete(**ask.MISTRAL),
        "cohere": lambda: co.chat(**ask.COHERE),
        "bedrock": lambda: aws.converse(**ask.CONVERSE),
        "openai chat stream": lambda: list(ai.chat.completions.create(**ask.ASKING_USAGE)),
        "openai responses stream": lambda: list(ai.responses.create(model="gpt-4o", input="Hi", stream=True)),
        "anthropic stream": lambda: list(claude.messages.create(**ask.MESSAGE, stream=True)),
        "google stream": lambda: list(gemini_client.models.generate_content_stream(**ask.CONTENT)),
        "mistral stream": lambda: list(mistral.chat.stream(**ask.MISTRAL)),
        "cohere stream": lambda: list(co.chat_stream(**ask.COHERE)),
        "bedrock stream": lambda: list(aws.converse_stream(**ask.CONVERSE)["stream"]),
    }


def _expect(usage: Usage, name: str, tier: str | None = "priority") -> None:
    expected = FULL_DETAILS[name.replace(" stream", "")]
    if name.startswith("bedrock") and not _knows_ttls():
        expected = {name: tokens for name, tokens in expected.items() if name not in (CACHE_WRITE_5M, CACHE_WRITE_1H)}
    assert usage.details == expected
    assert usage.service_tier == (None if name.startswith("cohere") else tier)
    assert usage.completeness == "exact"


@pytest.mark.parametrize("name", [*FULL_DETAILS, *(f"{name} stream" for name in FULL_DETAILS)])
def test_wrapped_calls_keep_everything(server: FakeProviders, recorded: list[Usage], name: str) -> None:
    server.script = FULL

    def wrapped(client: Any) -> Any:
        of_aws = type(client).__module__.startswith("botocore")
        mapping: Any = {"provider": "anthropic", "model": "claude-4.5-sonnet"} if of_aws else {}
        return wrap(client, record=recorded.append, **mapping)

    _calls(server, wrapped)[name]()
    assert len(recorded) == 1
    _expect(recorded[0], name)


@pytest.mark.parametrize("name", [*FULL_DETAILS, *(f"{name} stream" for name in FULL_DETAILS)])
def test_objects_of_the_libraries_keep_everything(server: FakeProviders, name: str) -> None:
    server.script = FULL
    answer = _calls(server, lambda client: client)[name]()
    mapping: Any = {"provider": "anthropic", "model": "m"} if name.startswith("bedrock") else {"model": "m"}
    if isinstance(answer, list):
        meter = StreamMeter(**mapping)
        for chunk in answer:
            meter.feed(chunk)
        usage = meter.usage()
    else:
        usage = usage_from(answer, **mapping)
    # Google's library drops the tier from the usage.
    _expect(usage, name, usage.service_tier if name.startswith("google") else "priority")


def test_asynchronous_calls_keep_everything(server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = FULL

    async def ask() -> None:
        async with fake_calls.openai(server, True) as ai, fake_calls.anthropic(server, True) as claude:
            wrapped = wrap(ai, record=recorded.append)
            await collect(await wrapped.responses.create(model="gpt-4o", input="Hi", stream=True))
            await wrap(claude, record=recorded.append).messages.create(**fake_calls.MESSAGE)

    run(ask())
    for usage, name in zip(recorded, ("openai responses", "anthropic")):
        _expect(usage, name)


def test_the_tier_of_gemini_is_read_from_the_header_that_has_it() -> None:
    answer = {**gemini(), "sdk_http_response": {"headers": {"x-gemini-service-tier": "flex"}}}
    assert usage_from(answer).service_tier == "flex"


def test_units_without_tokens_are_no_token_usage() -> None:
    usage = usage_from({"id": "r", "meta": {"billed_units": {"search_units": 1.0}}}, model="rerank-v3.5")
    kind, fields = event_fields(usage)
    assert (kind, fields["metadata"]) == (
        "API_CALL",
        {tool_calls_of("search_units"): 1, "gen_ai.response.id": "r"},
    )


def test_the_names_in_the_metadata_are_bounded() -> None:
    many = {f"tool_{number}_requests": 1 for number in range(1000)}
    usage = usage_from(
        message(server_tool_use={**many, "x" * 99 + "_requests": 1, "__proto__": 1, "web_search_requests": 2})
    )
    assert len(usage.details) == MAX_TOOLS
    assert all(len(name) < 80 for name in usage.details)
    assert usage_from(message(server_tool_use={"web_search_requests": "two", "web_fetch_requests": None})).details == {}


def test_the_fake_providers_take_only_what_fits() -> None:
    with pytest.raises(ValueError, match="cache_write_1h_tokens"):
        Answer(cache_write_tokens=1, cache_write_1h_tokens=2)
    with pytest.raises(ValueError, match="web_searches is below zero"):
        Answer(web_searches=-1)


def test_the_fake_providers_answer_as_before_without_such_facts() -> None:
    plain = Answer().completed("m", 3)
    assert "service_tier" not in openai.chat(plain, {})
    assert "tool_usage" not in openai.response(plain, {})
    assert "server_tool_use" not in anthropic.message(plain)["usage"]
    assert "groundingMetadata" not in google.content(plain)["candidates"][0]
    assert "search_units" not in cohere.chat(plain)["usage"]["billed_units"]
    assert "cacheDetails" not in bedrock.converse(plain)["usage"]
    assert usage_from(wire.openai_chat()).facts == wire.OPENAI_CHAT_DETAILS
