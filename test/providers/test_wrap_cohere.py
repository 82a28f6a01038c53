from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, run, summary, take

cohere = library("cohere")

pytestmark = library_warnings

EXACT = ("COHERE", "command-r-plus", 17, 12, "exact")
REQUEST: Any = {"model": "command-r-plus", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def client(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    with cohere.ClientV2(api_key="k", base_url=server.url) as original:
        yield wrap(original, record=recorded.append)


def test_a_chat_is_recorded_once_by_its_billed_units(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.cohere_chat())
    assert client.chat(**REQUEST).message.content[0].text == "Hello there"
    assert isinstance(client, cohere.ClientV2)
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert (recorded[0].response_id, recorded[0].host) == ("c-1", "127.0.0.1")
    assert recorded[0].details == wire.COHERE_DETAILS


def test_a_stream_has_its_usage_in_the_end_event(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = sse_reply(wire.cohere_events(), named=True)
    assert [event.type for event in client.chat_stream(**REQUEST)][-1] == "message-end"
    assert [summary(usage) for usage in recorded] == [EXACT]


@pytest.mark.parametrize("ending", ["drop", "close"])
def test_the_prompt_of_an_abandoned_stream_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = sse_reply(wire.cohere_events(), named=True)
    stream = client.chat_stream(**REQUEST)
    take(stream, 2)
    if ending == "close":
        stream.close()
    del stream
    assert eventually(lambda: recorded)
    assert (recorded[0].output_tokens, recorded[0].completeness) == (0, "partial")


def test_a_stream_that_is_never_asked_for_a_chunk_is_no_call(
    client: Any, server: FakeProviders, recorded: Any, caplog: Any
) -> None:
    stream = client.chat_stream(**REQUEST)  # the library makes the request with the first chunk
    stream.close()
    del stream
    gc.collect()
    assert server.requests == []
    assert (recorded, caplog.text) == ([], "")


def test_a_stream_that_the_provider_refuses_is_no_unmetered_call(
    client: Any, server: FakeProviders, caplog: Any
) -> None:
    server.script = json_reply({"message": "no"}, status=400)
    with pytest.raises(cohere.core.ApiError):
        list(client.chat_stream(**REQUEST, request_options={"max_retries": 0}))
    assert "not metered" not in caplog.text


def test_methods_keep_their_signatures(client: Any, server: FakeProviders) -> None:
    for name in ("chat", "chat_stream", "embed", "rerank"):
        assert inspect.signature(getattr(client, name)) == inspect.signature(
            getattr(cohere.ClientV2(api_key="k"), name)
        )
    wrapped = wrap(cohere.AsyncClientV2(api_key="k", base_url=server.url), record=print)
    assert inspect.iscoroutinefunction(wrapped.chat)
    assert inspect.iscoroutinefunction(wrapped.rerank)


def test_embeddings_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.cohere_embed())
    client.embed(model="embed-v4.0", texts=["hi"], input_type="search_query", embedding_types=["float"])
    assert [summary(usage) for usage in recorded] == [("COHERE", "embed-v4.0", 3, 0, "exact")]


def test_the_first_version_of_the_api_is_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    with cohere.Client(api_key="k", base_url=server.url) as original:
        client = wrap(original, record=recorded.append)
        server.script = json_reply(wire.cohere_v1_chat())
        assert client.chat(model="command-r-plus", message="Hi").text == "Hello there"
        server.script = json_reply(wire.cohere_chat())
        client.v2.chat(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT, EXACT]


@pytest.mark.parametrize("status", [400, 429])
def test_errors_of_the_provider_pass_through(client: Any, server: FakeProviders, recorded: Any, status: int) -> None:
    server.script = json_reply({"message": "no"}, status=status)
    options = {"request_options": {"max_retries": 0}}
    with pytest.raises(cohere.core.ApiError) as caught:
        client.chat(**REQUEST, **options)
    assert caught.value.status_code == status
    with pytest.raises(cohere.core.ApiError):
        list(client.chat_stream(**REQUEST, **options))
    assert recorded == []


def test_asynchronous_calls_and_streams_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with cohere.AsyncClientV2(api_key="k", base_url=server.url) as original:
            client = wrap(original, record=recorded.append)
            server.script = json_reply(wire.cohere_chat())
            await client.chat(**REQUEST)
            server.script = sse_reply(wire.cohere_events(), named=True)
            assert len(await collect(client.chat_stream(**REQUEST))) == 6
            abandoned = client.chat_stream(**REQUEST)
            await collect(abandoned, 2)
            await abandoned.aclose()
            await asyncio.sleep(0)

    run(calls())
    assert [summary(usage) for usage in recorded[:2]] == [EXACT, EXACT]
    assert [usage.completeness for usage in recorded[2:]] == ["partial"]
