from __future__ import annotations

import contextlib
import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders, ProviderRequest
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, run, summary, take

openai = library("openai")
pydantic = library("pydantic")

pytestmark = library_warnings

CHAT = ("OPENAI", "gpt-4o-mini-2024-07-18", 21, 9, "exact")
RESPONSE = ("OPENAI", "gpt-5-2025-08-07", 40, 12, "exact")
MESSAGES: Any = [{"role": "user", "content": "Hi"}]


def chat_stream(request: ProviderRequest) -> Any:
    """Reply as OpenAI does: usage comes in an extra chunk, if the request asks for it."""
    asked = (request.body.get("stream_options") or {}).get("include_usage", False)
    return sse_reply(wire.openai_chat_chunks(usage=asked), done=True)


@pytest.fixture
def original(server: FakeProviders) -> Iterator[Any]:
    with openai.OpenAI(api_key="sk-test", base_url=f"{server.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def client(original: Any, recorded: list[Usage]) -> Any:
    return wrap(original, record=recorded.append)


def async_client(server: FakeProviders, recorded: list[Usage], **options: Any) -> Any:
    client = openai.AsyncOpenAI(api_key="sk-test", base_url=f"{server.url}/v1", max_retries=0)
    return wrap(client, record=recorded.append, **options)


def test_a_chat_completion_is_recorded_once(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.openai_chat())
    completion = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert completion.choices[0].message.content == "Hello there"
    assert isinstance(completion, openai.types.chat.ChatCompletion)
    assert [summary(usage) for usage in recorded] == [CHAT]
    assert recorded[0].details == wire.OPENAI_CHAT_DETAILS
    assert (recorded[0].response_id, recorded[0].host) == ("chatcmpl-1", "127.0.0.1")


def test_the_original_client_is_left_alone(client: Any, original: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.openai_chat())
    original.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert recorded == []


def test_the_wrapped_client_stands_in_for_the_original(client: Any, original: Any) -> None:
    assert isinstance(client, openai.OpenAI)
    assert isinstance(client.chat, type(original.chat))
    assert client.chat is client.chat
    assert client.api_key == "sk-test"
    client.max_retries = 7
    assert original.max_retries == 7
    assert "metered" in repr(client)
    with client as entered:
        assert entered is client
    assert original.is_closed()


def test_a_subclass_of_a_client_is_metered_once(server: FakeProviders, recorded: Any) -> None:
    class Mine(openai.OpenAI):  # type: ignore[misc, name-defined]
        pass

    server.script = json_reply(wire.openai_chat())
    with wrap(Mine(api_key="k", base_url=server.url), record=recorded.append) as client:
        assert isinstance(client, Mine)
        client.chat.completions.create(model="m", messages=MESSAGES)
        with pytest.raises(ValueError, match="metered already"):
            wrap(client, record=recorded.append)
    assert len(recorded) == 1


@pytest.mark.parametrize("streamed", [False, True])
def test_with_options_and_with_raw_response_stay_metered(
    client: Any, server: FakeProviders, recorded: list[Usage], streamed: bool
) -> None:
    server.script = chat_stream if streamed else json_reply(wire.openai_chat())
    request = {"model": "gpt-4o-mini", "messages": MESSAGES, "stream": streamed}
    raw = client.with_options(timeout=9).chat.completions.with_raw_response.create(**request)
    assert raw.http_response.status_code == 200
    parsed = raw.parse()
    assert raw.parse() is not None
    if streamed:
        assert len(list(parsed)) == 4
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_with_streaming_response_is_metered_when_parsed(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.openai_chat())
    create = client.chat.completions.with_streaming_response.create
    with create(model="gpt-4o-mini", messages=MESSAGES) as response:
        assert response.parse().id == "chatcmpl-1"
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_parse_is_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    class Greeting(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        text: str

    answer = wire.openai_chat()
    answer["choices"][0]["message"]["content"] = '{"text": "hi"}'
    server.script = json_reply(answer)
    parsed = client.chat.completions.parse(model="gpt-4o-mini", messages=MESSAGES, response_format=Greeting)
    assert parsed.choices[0].message.parsed.text == "hi"
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_a_stream_asks_for_usage_and_hides_the_extra_chunk(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = chat_stream
    stream = client.chat.completions.create(
        model="gpt-4o-mini", messages=MESSAGES, stream=True, stream_options={"include_obfuscation": False}
    )
    assert isinstance(stream, openai.Stream)
    chunks = list(stream)
    assert server.requests[0].body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert len(chunks) == 4
    assert all(chunk.choices for chunk in chunks)
    assert [summary(usage) for usage in recorded] == [CHAT]
    assert recorded[0].response_id == "chatcmpl-2"


@pytest.mark.parametrize("place", ["argument", "extra_body"])
def test_a_caller_who_asked_for_usage_gets_the_extra_chunk(
    client: Any, server: FakeProviders, recorded: Any, place: str
) -> None:
    server.script = chat_stream
    options = {"stream_options": {"include_usage": True}}
    arguments = options if place == "argument" else {"extra_body": options}
    chunks = list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, **arguments))
    assert chunks[-1].usage.prompt_tokens == 21
    assert len(recorded) == 1


def test_stream_options_in_extra_body_are_completed_there(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = chat_stream
    extra = {"stream_options": {"include_obfuscation": False}, "other": 1}
    list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True, extra_body=extra))
    body = server.requests[0].body
    assert body["stream_options"] == {"include_usage": True, "include_obfuscation": False}
    assert body["other"] == 1
    assert extra == {"stream_options": {"include_obfuscation": False}, "other": 1}
    assert len(recorded) == 1


def test_a_server_that_knows_no_stream_options_is_not_asked(original: Any, server: FakeProviders, caplog: Any) -> None:
    recorded: list[Usage] = []
    client = wrap(original, record=recorded.append, request_usage=False)
    server.script = chat_stream
    assert len(list(client.chat.completions.create(model="m", messages=MESSAGES, stream=True))) == 4
    assert "stream_options" not in server.requests[0].body
    assert eventually(lambda: "before the provider reported any usage" in caplog.text)
    assert recorded == []


def test_the_stream_manager_is_metered_and_hides_the_extra_chunk(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = chat_stream
    with client.chat.completions.stream(model="gpt-4o-mini", messages=MESSAGES) as stream:
        events = list(stream)
        assert stream.get_final_completion().choices[0].message.content == "Hello there"
    assert all(event.chunk.choices for event in events if event.type == "chunk")
    assert [summary(usage) for usage in recorded] == [CHAT]


@pytest.mark.parametrize("ending", ["drop", "close", "with"])
def test_an_abandoned_stream_without_usage_records_nothing_if_only_reports_count(
    original: Any, server: FakeProviders, recorded: Any, caplog: Any, ending: str
) -> None:
    client = wrap(original, record=recorded.append, on_partial="reported")
    server.script = chat_stream
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
    if ending == "with":
        with stream as entered:
            next(entered)
    else:
        next(stream)
        if ending == "close":
            stream.close()
        del stream
    assert eventually(lambda: "before the provider reported any usage" in caplog.text)
    assert recorded == []


@pytest.mark.parametrize("ending", ["unread", "drop", "close", "with", "manager"])
@pytest.mark.parametrize("path", ["chat", "responses"])
def test_the_prompt_of_an_abandoned_stream_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str, path: str
) -> None:
    prompt: Any = [{"role": "user", "content": "x" * 40}]
    if path == "chat":
        server.script = chat_stream
        resource, request = client.chat.completions, {"model": "gpt-4o-mini", "messages": prompt}
    else:
        server.script = sse_reply(wire.openai_response_events(), named=True)
        resource, request = client.responses, {"model": "gpt-5", "input": prompt}
    if ending == "manager":
        with resource.stream(**request) as stream:
            next(iter(stream))
    else:
        stream = resource.create(**request, stream=True)
        if ending == "with":
            with stream as entered:
                next(entered)
        elif ending != "unread":
            next(stream)
        if ending == "close":
            stream.close()
    del stream
    assert eventually(lambda: recorded)
    assert summary(recorded[0])[2:] == (10, 0, "partial")


def test_a_stream_that_the_provider_breaks_off_is_not_charged_for_its_prompt(
    client: Any, server: FakeProviders, recorded: list[Usage], caplog: Any
) -> None:
    error = {"error": {"message": "the model is overloaded", "type": "server_error"}}
    for broken in (
        sse_reply([*wire.openai_chat_chunks()[:2], error]),
        sse_reply(wire.openai_chat_chunks()[:2], cut=True),
    ):
        server.script = broken
        with contextlib.suppress(Exception):  # that of the library, or of its HTTP client
            list(client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True))
    assert recorded == []
    assert "before the provider reported any usage" in caplog.text


def test_a_whole_stream_without_usage_is_not_taken_for_an_abandoned_one(
    original: Any, server: FakeProviders, recorded: list[Usage], caplog: Any
) -> None:
    client = wrap(original, record=recorded.append, request_usage=False)
    server.script = chat_stream
    list(client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True))
    assert recorded == []
    assert "before the provider reported any usage" in caplog.text


@pytest.mark.parametrize("ending", ["drop", "close", "with", "manager"])
def test_an_abandoned_stream_can_be_estimated(
    original: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    client = wrap(original, record=recorded.append, on_partial="estimate")
    server.script = chat_stream
    request: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x" * 40}]}
    if ending == "manager":
        with client.chat.completions.stream(**request) as stream:
            next(event for event in stream if event.type == "content.delta" and event.delta)
    else:
        stream = client.chat.completions.create(**request, stream=True)
        take(stream, 2)
        if ending == "close":
            stream.close()
        elif ending == "with":
            with stream:
                pass
        del stream
    eventually(lambda: recorded)
    assert [summary(usage) for usage in recorded] == [("OPENAI", "gpt-4o-mini-2024-07-18", 10, 2, "estimated")]


def test_a_stream_read_again_after_a_break_is_one_call(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = chat_stream
    stream = client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
    assert len(take(stream, 1)) + len(list(stream)) == 4
    stream.close()
    del stream
    gc.collect()
    assert len(recorded) == 1


def test_a_connection_lost_half_way_raises_as_without_metering(
    client: Any, original: Any, server: FakeProviders, recorded: Any
) -> None:
    server.script = lambda request: sse_reply(wire.openai_chat_chunks()[:3], cut=True)
    request = {"model": "gpt-4o-mini", "messages": MESSAGES, "stream": True}
    with pytest.raises(Exception) as plain:
        list(original.chat.completions.create(**request))
    with pytest.raises(plain.type):
        list(client.chat.completions.create(**request))
    assert recorded == []


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "BadRequestError"), (401, "AuthenticationError"), (429, "RateLimitError"), (500, "InternalServerError")],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_errors_of_the_provider_pass_through(
    client: Any, server: FakeProviders, recorded: Any, status: int, error: str, streamed: bool
) -> None:
    server.script = json_reply({"error": {"message": "no", "type": "x"}}, status=status)
    with pytest.raises(getattr(openai, error)) as caught:
        client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=streamed)
    assert caught.value.status_code == status
    assert recorded == []


def test_responses_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.openai_response())
    assert client.responses.create(model="gpt-5", input="Hi").output_text == "Hello there"
    assert client.responses.parse(model="gpt-5", input="Hi").output_text == "Hello there"
    assert [summary(usage) for usage in recorded] == [RESPONSE, RESPONSE]
    assert recorded[0].details == wire.OPENAI_RESPONSE_DETAILS


@pytest.mark.parametrize("terminal", ["completed", "incomplete", "failed"])
def test_usage_of_streamed_responses_is_on_any_terminal_event(
    client: Any, server: FakeProviders, recorded: list[Usage], terminal: str
) -> None:
    server.script = sse_reply(wire.openai_response_events(terminal), named=True)
    events = list(client.responses.create(model="gpt-5", input="Hi", stream=True))
    assert events[-1].type == f"response.{terminal}"
    assert [summary(usage) for usage in recorded] == [RESPONSE]


def test_the_responses_stream_manager_is_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = sse_reply(wire.openai_response_events(), named=True)
    with client.responses.stream(model="gpt-5", input="Hi") as stream:
        assert stream.get_final_response().output_text == "Hello there"
    assert [summary(usage) for usage in recorded] == [RESPONSE]


def test_embeddings_and_images_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = [json_reply(wire.openai_embeddings()), json_reply(wire.openai_images())]
    client.embeddings.create(model="text-embedding-3-small", input="hi")
    client.images.generate(model="gpt-image-1", prompt="a boat", n=2)
    assert summary(recorded[0]) == ("OPENAI", "text-embedding-3-small", 7, 0, "exact")
    assert summary(recorded[1]) == ("OPENAI", "gpt-image-1", 50, 300, "exact")
    assert (recorded[1].image_count, recorded[1].image_quality) == (2, "high")


def test_edited_images_and_legacy_completions_are_metered(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_images())
    client.images.edit(model="gpt-image-1", image=("a.png", b"png"), prompt="a boat")
    client.images.create_variation(model="dall-e-2", image=("a.png", b"png"))
    completion = {**wire.openai_chat("davinci"), "object": "text_completion"}
    completion["choices"] = [{"index": 0, "text": "Hello", "finish_reason": "stop", "logprobs": None}]
    server.script = json_reply(completion)
    client.completions.create(model="davinci", prompt="Hi")
    assert [(usage.model, usage.image_count) for usage in recorded] == [
        ("gpt-image-1", 2),
        ("dall-e-2", 2),
        ("davinci", None),
    ]


def test_another_base_url_is_another_host(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.openai_chat())
    other = client.with_options(base_url=server.url.replace("127.0.0.1", "localhost") + "/v1")
    other.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)
    assert recorded[0].host == "localhost"


def test_streamed_images_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = sse_reply(wire.openai_image_events(), named=True)
    assert len(list(client.images.generate(model="gpt-image-1", prompt="a boat", stream=True))) == 2
    assert (recorded[0].image_count, recorded[0].model) == (1, "gpt-image-1")


def test_a_background_response_is_not_recorded(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply({**wire.openai_response("queued"), "usage": None})
    assert client.responses.create(model="gpt-5", input="Hi", background=True).status == "queued"
    assert recorded == []


def test_an_azure_deployment_can_be_mapped_to_its_model(server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.openai_chat("whatever-azure-says"))
    azure = openai.AzureOpenAI(
        api_key="k", api_version="2024-10-21", azure_endpoint=server.url, azure_deployment="my-deployment"
    )
    with wrap(azure, record=recorded.append, model={"my-deployment": "gpt-4o"}) as client:
        client.chat.completions.create(model="my-deployment", messages=MESSAGES)
        client.chat.completions.create(model="another", messages=MESSAGES)
    assert "/deployments/my-deployment/chat/completions" in server.requests[0].path
    assert [usage.model for usage in recorded] == ["gpt-4o", "whatever-azure-says"]


def test_a_failing_record_never_reaches_the_caller_and_is_logged_once_an_incident(
    original: Any, server: FakeProviders, caplog: Any
) -> None:
    failing = True

    def record(usage: Usage) -> None:
        if failing:
            raise RuntimeError("disk full")

    client = wrap(original, record=record)
    server.script = json_reply(wire.openai_chat())

    def call() -> int:
        assert client.chat.completions.create(model="m", messages=MESSAGES).id == "chatcmpl-1"
        return sum(entry.levelno == logging.WARNING for entry in caplog.records)

    assert [call(), call()] == [1, 1]
    failing = False
    call()
    failing = True
    assert [call(), call()] == [2, 2]
    assert "RuntimeError: disk full" in caplog.text


def test_an_unreadable_answer_reaches_the_caller_unmetered(client: Any, server: FakeProviders, caplog: Any) -> None:
    server.script = json_reply({"id": "x", "choices": [], "usage": {"prompt_tokens": "many"}})
    assert client.chat.completions.create(model="m", messages=MESSAGES).id == "x"
    assert "prompt_tokens is 'many'" in caplog.text


def test_asynchronous_calls_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with async_client(server, recorded) as client:
            assert isinstance(client, openai.AsyncOpenAI)
            server.script = json_reply(wire.openai_chat())
            assert (await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES)).id == "chatcmpl-1"
            raw = await client.chat.completions.with_raw_response.create(model="gpt-4o-mini", messages=MESSAGES)
            assert raw.parse().id == "chatcmpl-1"
            server.script = json_reply(wire.openai_response())
            await client.with_options(timeout=5).responses.create(model="gpt-5", input="Hi")

    run(calls())
    assert [summary(usage) for usage in recorded] == [CHAT, CHAT, RESPONSE]


def test_asynchronous_streams_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with async_client(server, recorded) as client:
            server.script = chat_stream
            stream = await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
            assert isinstance(stream, openai.AsyncStream)
            assert len(await collect(stream)) == 4
            async with client.chat.completions.stream(model="gpt-4o-mini", messages=MESSAGES) as managed:
                assert (await managed.get_final_completion()).choices[0].message.content == "Hello there"
            server.script = sse_reply(wire.openai_response_events(), named=True)
            async with client.responses.stream(model="gpt-5", input="Hi") as responses:
                assert (await responses.get_final_response()).output_text == "Hello there"

    run(calls())
    assert [summary(usage) for usage in recorded] == [CHAT, CHAT, RESPONSE]


@pytest.mark.parametrize("ending", ["close", "with", "manager", "drop"])
def test_an_abandoned_asynchronous_stream_can_be_estimated(
    server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    async def calls() -> None:
        async with async_client(server, recorded, on_partial="estimate") as client:
            server.script = chat_stream
            if ending == "manager":
                async with client.chat.completions.stream(model="gpt-4o-mini", messages=MESSAGES) as managed:
                    await managed.__anext__()
                return
            stream = await client.chat.completions.create(model="gpt-4o-mini", messages=MESSAGES, stream=True)
            await collect(stream, 2)
            if ending == "with":
                async with stream:
                    pass
            elif ending == "close":
                await stream.close()
            else:
                response = stream.response
                del stream
                await response.aclose()
            eventually(lambda: recorded)
            assert [usage.completeness for usage in recorded] == ["estimated"]

    run(calls())
    assert len(recorded) == 1


def test_asynchronous_errors_pass_through(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with async_client(server, recorded) as client:
            server.script = json_reply({"error": {"message": "no"}}, status=429)
            with pytest.raises(openai.RateLimitError):
                await client.chat.completions.create(model="m", messages=MESSAGES)
            server.script = lambda request: sse_reply(wire.openai_chat_chunks()[:2], cut=True)
            stream = await client.chat.completions.create(model="m", messages=MESSAGES, stream=True)
            with pytest.raises(Exception):  # noqa: B017
                await collect(stream)

    run(calls())
    assert recorded == []
