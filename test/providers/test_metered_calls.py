"""Calls beside chat that are metered: transcriptions, decisions, interactions, conversations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import Answer, FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import fake_calls, wire
from .calls import collect, library, library_warnings, run, summary
from .test_coverage import TEXTS

pytestmark = library_warnings

FILE = ("a.wav", b"RIFF")
AUDIO = Answer(input_tokens=14, output_tokens=5)


@pytest.fixture
def told() -> list[Exception]:
    return []


def metered(client: Any, recorded: list[Usage], told: list[Exception]) -> Any:
    return wrap(client, record=recorded.append, on_unmetered=told.append)


@pytest.fixture
def openai(server: FakeProviders, recorded: list[Usage], told: list[Exception]) -> Iterator[Any]:
    with fake_calls.openai(server) as client:
        yield metered(client, recorded, told)


def test_transcriptions_are_metered_by_their_tokens(
    openai: Any, server: FakeProviders, recorded: list[Usage], told: list[Exception]
) -> None:
    server.script = AUDIO
    assert openai.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE).text == "Hello there"
    kinds = [
        event.type for event in openai.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE, stream=True)
    ]
    assert kinds[-1] == "transcript.text.done"
    assert [summary(usage) for usage in recorded] == [("OPENAI", "gpt-4o-transcribe", 14, 5, "exact")] * 2
    assert [usage.details for usage in recorded] == [{"gen_ai.usage.audio.input_tokens": 14}] * 2
    assert told == []


def test_asynchronous_transcriptions_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = AUDIO

    async def transcribe() -> None:
        async with fake_calls.openai(server, True) as client:
            ai = wrap(client, record=recorded.append)
            await ai.audio.transcriptions.create(model="gpt-4o-transcribe", file=FILE)

    run(transcribe())
    assert [usage.input_tokens for usage in recorded] == [14]


@pytest.mark.parametrize(
    "answer",
    [
        {"text": "Hello", "usage": {"type": "duration", "seconds": 12.5}},  # whisper-1
        {"text": "Hello"},
    ],
)
def test_a_transcription_without_tokens_is_told_of(
    openai: Any, server: FakeProviders, recorded: list[Usage], told: list[Exception], answer: Any
) -> None:
    server.script = json_reply(answer)
    assert openai.audio.transcriptions.create(model="whisper-1", file=FILE).text == "Hello"
    assert (recorded, len(told)) == ([], 1)


@pytest.mark.parametrize(
    "call",
    [
        lambda ai: ai.decisions.create(model="gpt-5", input="Hi", questions=[]),
        lambda ai: ai.beta.responses.create(model="gpt-5", input="Hi"),
        lambda ai: ai.responses.create(model="gpt-5", input="Hi"),
    ],
)
def test_answers_with_the_usage_of_responses_are_metered(
    openai: Any, server: FakeProviders, recorded: list[Usage], call: Any
) -> None:
    server.script = json_reply({**wire.openai_response(), "answers": []})
    try:
        call(openai)
    except AttributeError:
        pytest.skip("this version has no such call")
    assert [(usage.model, usage.input_tokens) for usage in recorded] == [("gpt-5-2025-08-07", 40)]


INTERACTION: Any = {
    "id": "int-1",
    "object": "interaction",
    "model": "gemini-2.5-flash",
    "status": "completed",
    "service_tier": "priority",
    "steps": [],
    "usage": {
        "total_input_tokens": 50,
        "total_output_tokens": 7,
        "total_cached_tokens": 5,
        "total_thought_tokens": 9,
        "total_tool_use_tokens": 3,
        "total_tokens": 69,
        "input_tokens_by_modality": [{"modality": "text", "tokens": 46}, {"modality": "audio", "tokens": 4}],
        "grounding_tool_count": [{"type": "google_search", "count": 2}],
    },
}


def interaction_events() -> list[Any]:
    started = {**INTERACTION, "usage": None, "status": "in_progress"}
    return [
        {"event_type": "interaction.created", "interaction": started},
        {"event_type": "step.delta", "index": 0, "delta": {"type": "text", "text": "Hi"}},
        {"event_type": "interaction.completed", "interaction": INTERACTION},
    ]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["plain", "stream", "async", "async stream"])
def test_interactions_of_google_are_metered(server: FakeProviders, recorded: list[Usage], way: str) -> None:
    client = fake_calls.google(server)
    if not hasattr(client, "interactions"):
        pytest.skip("this version has no interactions")
    told: list[Exception] = []
    gemini = metered(client, recorded, told)
    server.script = sse_reply(interaction_events()) if "stream" in way else json_reply(INTERACTION)
    request: Any = {"model": "gemini-2.5-flash", "input": "Hi"}
    if way == "plain":
        assert gemini.interactions.create(**request).id == "int-1"
    elif way == "stream":
        assert len(list(gemini.interactions.create(**request, stream=True))) == 3
    elif way == "async":
        run(gemini.aio.interactions.create(**request))
    else:

        async def read() -> None:
            await collect(await gemini.aio.interactions.create(**request, stream=True))

        run(read())
    assert [summary(usage) for usage in recorded] == [("GOOGLE", "gemini-2.5-flash", 50, 7, "exact")]
    assert recorded[0].details == {**wire.GOOGLE_DETAILS, "gen_ai.usage.grounding.requests": 2}
    assert recorded[0].service_tier == "priority"
    assert told == []


CONVERSATION: Any = {
    "object": "conversation.response",
    "conversation_id": "conv_1",
    "outputs": [
        {
            "type": "message.output",
            "id": "msg_1",
            "role": "assistant",
            "content": "Hi",
            "model": "mistral-medium-latest",
        }
    ],
    "usage": {
        "prompt_tokens": 30,
        "completion_tokens": 4,
        "total_tokens": 134,
        "connector_tokens": 100,
        "connectors": {"web_search": 2},
    },
}


def conversation_events() -> list[Any]:
    return [
        {"type": "conversation.response.started", "conversation_id": "conv_1"},
        {**CONVERSATION["outputs"][0], "type": "message.output.delta"},
        {"type": "conversation.response.done", "usage": CONVERSATION["usage"]},
    ]


@pytest.mark.parametrize("way", ["start", "append", "restart", "start_stream", "append_stream", "async"])
def test_conversations_of_mistral_are_metered(server: FakeProviders, recorded: list[Usage], way: str) -> None:
    told: list[Exception] = []
    conversations = metered(fake_calls.mistral(server), recorded, told).beta.conversations
    server.script = sse_reply(conversation_events(), named=True) if "stream" in way else json_reply(CONVERSATION)
    if way == "async":
        run(conversations.start_async(inputs="Hi", model="mistral-medium-latest"))
    elif way == "restart":
        conversations.restart(conversation_id="conv_1", inputs="Hi", from_entry_id="msg_0")
    elif way == "append":
        conversations.append(conversation_id="conv_1", inputs="Hi")
    elif way == "start":
        conversations.start(inputs="Hi", agent_id="ag_1")
    else:
        identity = {"model": "mistral-medium-latest"} if way == "start_stream" else {"conversation_id": "conv_1"}
        with getattr(conversations, way)(inputs="Hi", **identity) as events:
            assert len(list(events)) == 3
    assert [summary(usage) for usage in recorded] == [("MISTRAL", "mistral-medium-latest", 30, 4, "exact")]
    assert recorded[0].details == {
        "gen_ai.usage.tool_prompt.input_tokens": 100,
        "gen_ai.usage.input_tokens": 130,
        "gen_ai.usage.web_search.requests": 2,
    }
    assert told == []


@pytest.mark.parametrize("streamed", [False, True])
def test_transcriptions_of_mistral_are_metered(server: FakeProviders, recorded: list[Usage], streamed: bool) -> None:
    usage = {"prompt_tokens": 4, "completion_tokens": 6, "total_tokens": 385, "prompt_audio_seconds": 15}
    answer = {"model": "voxtral-mini-latest", "text": "Hello there", "usage": usage, "segments": [], "language": "en"}
    events = [
        {"type": "transcription.text.delta", "text": "Hello there"},
        {**answer, "type": "transcription.done"},
    ]
    told: list[Exception] = []
    transcriptions = metered(fake_calls.mistral(server), recorded, told).audio.transcriptions
    file = {"content": b"RIFF", "file_name": "a.wav"}
    server.script = sse_reply(events, named=True) if streamed else json_reply(answer)
    if streamed:
        with transcriptions.stream(model="voxtral-mini-latest", file=file) as stream:
            assert len(list(stream)) == 2
    else:
        assert transcriptions.complete(model="voxtral-mini-latest", file=file).text == "Hello there"
    assert [summary(usage) for usage in recorded] == [("MISTRAL", "voxtral-mini-latest", 4, 6, "exact")]
    assert recorded[0].details == {"gen_ai.usage.audio.input_seconds": 15}
    assert told == []


def test_the_responses_of_mistral_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    told: list[Exception] = []
    mistral = metered(fake_calls.mistral(server), recorded, told)
    if not hasattr(mistral, "responses"):
        pytest.skip("this version has no responses")
    server.script = Answer(input_tokens=9, output_tokens=3, service_tier="priority")
    mistral.responses.create(model="mistral-large-latest", input="Hi")
    assert [summary(usage) for usage in recorded] == [("MISTRAL", "mistral-large-latest", 9, 3, "exact")]
    assert recorded[0].service_tier == "priority"
    assert told == []


def test_parsed_messages_of_the_beta_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    with library("anthropic").Anthropic(api_key="k", base_url=server.url, max_retries=0) as client:
        claude = wrap(client, record=recorded.append)
        if not hasattr(claude.beta.messages, "parse"):
            pytest.skip("this version has no such call")
        server.script = json_reply(wire.anthropic_message())
        claude.beta.messages.parse(model="claude-sonnet-4-5", max_tokens=9, messages=TEXTS)
    assert [usage.input_tokens for usage in recorded] == [5]
