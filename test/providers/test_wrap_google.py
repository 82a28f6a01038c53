from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, run, summary, take

genai = library("google.genai")

pytestmark = library_warnings

EXACT = ("GOOGLE", "gemini-2.5-flash", 50, 7, "exact")
REQUEST: Any = {"model": "gemini-2.5-flash", "contents": "Hi"}


@pytest.fixture
def original(server: FakeProviders) -> Iterator[Any]:
    with genai.Client(api_key="k", http_options={"base_url": server.url}) as client:
        yield client


@pytest.fixture
def client(original: Any, recorded: list[Usage]) -> Any:
    return wrap(original, record=recorded.append)


def weather(city: str) -> str:
    """Weather of a city."""
    return f"rain in {city}"


def test_generated_content_is_recorded_once(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.google_content())
    assert client.models.generate_content(**REQUEST).text == "Hello there"
    assert isinstance(client, genai.Client)
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].details == wire.GOOGLE_DETAILS
    assert (recorded[0].response_id, recorded[0].host) == ("g-1", "127.0.0.1")


def test_the_original_client_is_left_alone(client: Any, original: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.google_content())
    original.models.generate_content(**REQUEST)
    assert recorded == []


def test_the_requested_model_is_used_where_the_answer_names_none(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    content = wire.google_content()
    del content["modelVersion"]
    server.script = json_reply(content)
    client.models.generate_content(**REQUEST)
    assert recorded[0].model == "gemini-2.5-flash"


def test_a_stream_merges_repeated_metadata(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = sse_reply(wire.google_chunks())
    chunks = list(client.models.generate_content_stream(**REQUEST))
    assert "".join(chunk.text or "" for chunk in chunks) == "Hello there"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].details == wire.GOOGLE_DETAILS


def test_every_request_of_automatic_function_calling_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage], recwarn: Any
) -> None:
    server.script = [json_reply(wire.google_function_call()), json_reply(wire.google_content())]
    answer = client.models.generate_content(**REQUEST, config={"tools": [weather]})
    assert answer.text == "Hello there"
    assert [(usage.response_id, usage.input_tokens) for usage in recorded] == [("g-0", 30), ("g-1", 50)]


def test_every_request_of_streamed_function_calling_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = [sse_reply([wire.google_function_call()]), sse_reply(wire.google_chunks())]
    list(client.models.generate_content_stream(**REQUEST, config={"tools": [weather]}))
    assert [(usage.response_id, usage.completeness) for usage in recorded] == [("g-0", "exact"), ("g-1", "exact")]


def test_an_answer_that_the_library_refuses_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply({**wire.google_content(), "candidates": [{"index": "many"}]})
    with pytest.raises(Exception):  # noqa: B017
        client.models.generate_content(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_an_answer_that_is_asked_for_as_it_is_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.google_content())
    config = {"should_return_http_response": True}
    answer = client.models.generate_content(**REQUEST, config=genai.types.GenerateContentConfig(**config))
    assert "Hello there" in answer.sdk_http_response.body
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_methods_are_the_librarys_own(client: Any, original: Any) -> None:
    for name in ("generate_content", "generate_content_stream", "embed_content"):
        assert inspect.signature(getattr(client.models, name)) == inspect.signature(getattr(original.models, name))
    assert inspect.iscoroutinefunction(client.aio.models.generate_content)
    assert client.models.vertexai == original.models.vertexai


def test_a_stream_that_is_never_asked_for_a_chunk_is_no_call(
    client: Any, server: FakeProviders, recorded: list[Usage], caplog: Any
) -> None:
    client.models.generate_content_stream(**REQUEST).close()
    assert server.requests == []
    assert (recorded, caplog.text) == ([], "")


def test_chats_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.google_content())
    chat = client.chats.create(model="gemini-2.5-flash")
    chat.send_message("Hi")
    server.script = sse_reply(wire.google_chunks())
    list(chat.send_message_stream("Again"))
    assert [summary(usage) for usage in recorded] == [EXACT, EXACT]


@pytest.mark.parametrize("ending", ["drop", "close"])
def test_an_abandoned_stream_records_what_was_reported(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = sse_reply(wire.google_chunks())
    stream = client.models.generate_content_stream(**REQUEST)
    take(stream, 1)
    if ending == "close":
        stream.close()
    del stream
    eventually(lambda: recorded)
    assert [summary(usage) for usage in recorded] == [("GOOGLE", "gemini-2.5-flash", 50, 2, "partial")]


@pytest.mark.parametrize("status", [400, 500])
def test_errors_of_the_provider_pass_through(client: Any, server: FakeProviders, recorded: Any, status: int) -> None:
    server.script = json_reply({"error": {"code": status, "message": "no", "status": "X"}}, status=status)
    with pytest.raises(genai.errors.APIError) as caught:
        client.models.generate_content(**REQUEST)
    assert caught.value.code == status
    with pytest.raises(genai.errors.APIError):
        list(client.models.generate_content_stream(**REQUEST))
    assert recorded == []


def test_a_stream_lost_half_way_records_what_was_reported_and_raises(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = [sse_reply(wire.google_chunks()[:2], cut=True)]
    with pytest.raises(Exception):  # noqa: B017
        list(client.models.generate_content_stream(**REQUEST))
    assert {usage.completeness for usage in recorded} == {"partial"}


@pytest.mark.parametrize("through", ["client", "aio"])
def test_asynchronous_calls_and_streams_are_metered(server: FakeProviders, recorded: list[Usage], through: str) -> None:
    async def calls() -> None:
        original = genai.Client(api_key="k", http_options={"base_url": server.url})
        if through == "client":
            aio = wrap(original, record=recorded.append).aio
        else:
            aio = wrap(original.aio, record=recorded.append)
        server.script = json_reply(wire.google_content())
        await aio.models.generate_content(**REQUEST)
        await aio.chats.create(model="gemini-2.5-flash").send_message("Hi")
        server.script = sse_reply(wire.google_chunks())
        assert len(await collect(await aio.models.generate_content_stream(**REQUEST))) == 3
        await aio.aclose()
        original.close()

    run(calls())
    assert [summary(usage) for usage in recorded] == [EXACT] * 3


def test_vertex_is_metered_under_its_own_host(server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.google_content())
    http_options = {"base_url": server.url, "headers": {"Authorization": "Bearer t"}}
    with genai.Client(vertexai=True, api_key="k", http_options=http_options) as original:
        wrap(original, record=recorded.append).models.generate_content(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]
