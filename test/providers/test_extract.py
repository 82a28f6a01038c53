from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace
from typing import Any

import pytest

from openmonetize.providers import UsageError, usage_from

from . import wire

WHOLE: list[Any] = [
    # response, arguments, provider, model, tokens in and out, details, response id
    (
        wire.openai_chat(),
        {},
        ("OPENAI", "gpt-4o-mini-2024-07-18", 21, 9, wire.OPENAI_CHAT_DETAILS, "chatcmpl-1"),
    ),
    (wire.openai_response(), {}, ("OPENAI", "gpt-5-2025-08-07", 40, 12, wire.OPENAI_RESPONSE_DETAILS, "resp_1")),
    (wire.openai_embeddings(), {}, ("OPENAI", "text-embedding-3-small", 7, 0, {}, None)),
    (
        wire.anthropic_message(),
        {},
        ("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7, wire.ANTHROPIC_DETAILS, "msg_01"),
    ),
    (wire.google_content(), {}, ("GOOGLE", "gemini-2.5-flash", 50, 7, wire.GOOGLE_DETAILS, "g-1")),
    (wire.mistral_chat(), {}, ("MISTRAL", "mistral-large-latest", 16, 34, {}, "d2f9c1")),
    (wire.mistral_embeddings(), {}, ("MISTRAL", "mistral-embed", 6, 0, {}, "e-1")),
    (
        wire.cohere_chat(),
        {"model": "command-r-plus"},
        ("COHERE", "command-r-plus", 17, 12, wire.COHERE_DETAILS, "c-1"),
    ),
    (
        wire.cohere_v1_chat(),
        {"model": "command-r-plus"},
        ("COHERE", "command-r-plus", 17, 12, wire.COHERE_DETAILS, "r-1"),
    ),
    (
        wire.bedrock_converse(),
        {"provider": "anthropic", "model": "claude-4.5-sonnet"},
        ("ANTHROPIC", "claude-4.5-sonnet", 11, 6, wire.BEDROCK_DETAILS, None),
    ),
]
IDS = [
    "chat", "responses", "embeddings", "anthropic", "google", "mistral", "mistral-embeddings", "cohere-v2", "cohere-v1",
    "bedrock",
]  # fmt: skip


def as_object(value: Any) -> Any:
    if isinstance(value, dict):
        return SimpleNamespace(**{name: as_object(item) for name, item in value.items()})
    return [as_object(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("shape", [dict, as_object, json.dumps, lambda body: json.dumps(body).encode()])
@pytest.mark.parametrize(("response", "arguments", "expected"), WHOLE, ids=IDS)
def test_the_providers_own_fields_are_read_from_every_shape(
    response: Any, arguments: Any, expected: Any, shape: Any
) -> None:
    usage = usage_from(shape(response), **arguments)
    assert (
        usage.provider,
        usage.model,
        usage.input_tokens,
        usage.output_tokens,
        usage.details,
        usage.response_id,
    ) == expected
    assert usage.completeness == "exact"


def test_images_are_counted_and_their_size_and_quality_kept() -> None:
    usage = usage_from(wire.openai_images(), model="gpt-image-1")
    assert (usage.image_count, usage.image_size, usage.image_quality) == (2, "1024x1024", "high")
    assert (usage.input_tokens, usage.output_tokens) == (50, 300)
    assert usage.details == {"gen_ai.usage.text.input_tokens": 10, "gen_ai.usage.image.input_tokens": 40}


def test_images_without_token_usage_are_still_counted() -> None:
    usage = usage_from(wire.openai_images(tokens=False), model="dall-e-3")
    assert (usage.image_count, usage.input_tokens, usage.output_tokens) == (2, 0, 0)


def test_bedrock_needs_an_explicit_mapping() -> None:
    with pytest.raises(UsageError, match=r"Bedrock.*provider= and model="):
        usage_from(wire.bedrock_converse())
    with pytest.raises(UsageError, match="pass model="):
        usage_from(wire.bedrock_converse(), provider="ANTHROPIC")


def test_cohere_does_not_name_its_model() -> None:
    with pytest.raises(UsageError, match="pass model="):
        usage_from(wire.cohere_chat())


def test_an_explicit_provider_and_model_win() -> None:
    usage = usage_from(wire.openai_chat("my-deployment"), provider="openai", model="gpt-4o", host="llm.example")
    assert (usage.provider, usage.model, usage.host) == ("OPENAI", "gpt-4o", "llm.example")


@pytest.mark.parametrize("provider", ["aws", "azure", "groq"])
def test_a_provider_the_platform_lacks_is_refused(provider: str) -> None:
    with pytest.raises(UsageError, match=provider):
        usage_from(wire.openai_chat(), provider=provider)


@pytest.mark.parametrize(
    ("response", "message"),
    [
        ({}, "no usage"),
        (None, "no usage"),
        ({"object": "chat.completion", "usage": None}, "no usage"),
        ({"usage": {"joules": 3}}, "unknown shape"),
        ({"usage_metadata": {"input_tokens": 3, "output_tokens": 4}}, "no usage"),  # LangChain's own
        ("<html>", "not JSON"),
        (b"\xff", "not JSON"),
        ({**wire.openai_response("queued"), "usage": None}, "no usage"),
        ({"id": "r", "meta": {"billed_units": {"joules": 1.0}}}, "neither input_tokens nor output_tokens"),
        (wire.openai_chat(prompt_tokens=-1), "prompt_tokens is -1"),
        (wire.openai_chat(prompt_tokens=1.5), "prompt_tokens is 1.5"),
        (wire.openai_chat(prompt_tokens=float("nan")), "prompt_tokens is nan"),
        (wire.openai_chat(prompt_tokens=float("inf")), "prompt_tokens is inf"),
        (wire.openai_chat(prompt_tokens="12"), "prompt_tokens is '12'"),
        (wire.openai_chat(prompt_tokens=True), "prompt_tokens is True"),
    ],
)
def test_a_response_that_cannot_be_billed_says_why(response: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        usage_from(response)


ONE_COUNTER: list[Any] = [
    ({"model": "m", "usage": {"completion_tokens": 5}}, (0, 5)),
    ({"model": "m", "usage": {"prompt_tokens": 3}}, (3, 0)),
    ({"model": "m", "x_groq": {"usage": {"prompt_tokens": 3, "completion_tokens": 5}}}, (3, 5)),
    ({"model": "m", "choices": [{"usage": {"prompt_tokens": 3, "completion_tokens": 5}}]}, (3, 5)),
    ({"modelVersion": "g", "usageMetadata": {"candidatesTokenCount": 5}}, (0, 5)),
    ({"type": "message", "model": "c", "usage": {"output_tokens": 5}}, (0, 5)),
    ({"object": "response", "model": "m", "usage": {"output_tokens": 5}}, (0, 5)),
    ({"model": "m", "meta": {"tokens": {"input_tokens": 3.0}}}, (3, 0)),
]


@pytest.mark.parametrize("shape", [dict, as_object, json.dumps])
@pytest.mark.parametrize(("response", "tokens"), ONE_COUNTER)
def test_whole_answers_may_have_every_usage_that_streams_may_have(response: Any, tokens: Any, shape: Any) -> None:
    usage = usage_from(shape(response))
    assert (usage.input_tokens, usage.output_tokens) == tokens


@pytest.mark.parametrize("shape", [dict, as_object, json.dumps])
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (wire.openai_response_events()[-1], wire.openai_response()),
        ({"data": wire.mistral_chat()}, wire.mistral_chat()),
    ],
)
def test_last_events_and_envelopes_are_read_as_the_answer_in_them(line: Any, answer: Any, shape: Any) -> None:
    assert usage_from(shape(line)) == usage_from(answer)


@pytest.mark.parametrize("shape", [dict, as_object, json.dumps])
@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ({"custom_id": "1", "response": {"status_code": 200, "body": wire.openai_chat()}}, wire.openai_chat()),
        (
            {"custom_id": "1", "result": {"type": "succeeded", "message": wire.anthropic_message()}},
            wire.anthropic_message(),
        ),
        (
            {"id": "b", "custom_id": "1", "response": {"status_code": 200, "body": wire.mistral_chat()}},
            wire.mistral_chat(),
        ),
        ({"key": "1", "response": wire.google_content()}, wire.google_content()),
        ({"request": {"contents": []}, "response": wire.google_content(), "status": ""}, wire.google_content()),
        ({"response": wire.google_content()}, wire.google_content()),
        ({"recordId": "1", "modelInput": {}, "modelOutput": wire.anthropic_message()}, wire.anthropic_message()),
    ],
)
def test_lines_of_batches_are_read_as_the_answer_in_them(line: Any, answer: Any, shape: Any) -> None:
    assert usage_from(shape(line)) == dataclasses.replace(usage_from(answer), batch=True)


def test_a_failed_line_of_a_batch_has_nothing_to_bill() -> None:
    for line in (
        {"custom_id": "1", "response": None, "error": {"code": "batch_expired"}},
        {"custom_id": "1", "result": {"type": "errored", "error": {}}},
    ):
        with pytest.raises(UsageError, match="no usage"):
            usage_from(line)


def test_the_responses_of_mistral_are_not_openais() -> None:
    response = {**wire.openai_response(), "model": "mistral-large-latest"}
    assert usage_from(response).provider == "MISTRAL"
    assert usage_from(wire.openai_response()).provider == "OPENAI"


def test_reasoning_counted_apart_is_added_to_the_inclusive_total() -> None:
    # xAI and others: completion_tokens leaves reasoning out.
    usage = usage_from(
        {
            "object": "chat.completion",
            "model": "grok",
            "usage": {
                "prompt_tokens": 5,
                "completion_tokens": 2,
                "completion_tokens_details": {"reasoning_tokens": 90},
            },
        }
    )
    assert usage.output_tokens == 2
    assert usage.details == {"gen_ai.usage.reasoning.output_tokens": 90, "gen_ai.usage.output_tokens": 92}


def test_deepseek_spells_cached_tokens_its_own_way() -> None:
    response = {"model": "deepseek-chat", "choices": [], "usage": {"prompt_tokens": 9, "prompt_cache_hit_tokens": 4}}
    assert usage_from(response).details == {"gen_ai.usage.cache_read.input_tokens": 4}


def test_anthropic_passes_outside_the_total_go_to_the_details() -> None:
    response = wire.anthropic_message()
    response["usage"]["iterations"] = [
        {"type": "message", "input_tokens": 5, "output_tokens": 7},
        {"type": "compaction", "input_tokens": 900, "output_tokens": 80},
    ]
    details = usage_from(response).details
    assert details["anthropic.usage.extra_passes.input_tokens"] == 900
    assert details["anthropic.usage.extra_passes.output_tokens"] == 80
    # They are charged for, so the inclusive totals have them.
    assert details["gen_ai.usage.input_tokens"] == 115 + 900
    assert details["gen_ai.usage.output_tokens"] == 7 + 80


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("mistral-large-2411", "MISTRAL"),
        ("open-mixtral-8x22b", "MISTRAL"),
        ("codestral-latest", "MISTRAL"),
        ("mistral-small", "MISTRAL"),
        ("mistralai/Mixtral-8x7B-Instruct-v0.1", "OPENAI"),
        ("mistral:7b", "OPENAI"),
        ("llama-3.3-70b", "OPENAI"),
    ],
)
def test_the_chat_format_is_openais_unless_the_model_is_of_mistrals_own_api(model: str, provider: str) -> None:
    assert usage_from(wire.openai_chat(model)).provider == provider
