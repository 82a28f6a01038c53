"""Servers that refuse to be asked for the usage of a stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders, ProviderRequest
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, library, library_warnings, run

openai = library("openai")

pytestmark = library_warnings

REQUEST: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "stream": True}


def refusing(status: int, message: str) -> Callable[[ProviderRequest], Any]:
    """Return a server's script that takes no ``stream_options``."""

    def reply(request: ProviderRequest) -> Any:
        if "stream_options" in request.body:
            return json_reply({"error": {"message": message}}, status=status)
        return sse_reply(wire.openai_chat_chunks(usage=False), done=True)

    return reply


@pytest.fixture
def original(server: FakeProviders) -> Iterator[Any]:
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def client(original: Any, recorded: list[Usage]) -> Any:
    return wrap(original, record=recorded.append)


def asked(server: FakeProviders) -> list[bool]:
    return ["stream_options" in request.body for request in server.requests]


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("message", ["Unrecognized request argument: stream_options", "bad request"])
def test_a_server_that_refuses_the_option_is_asked_without_it_and_remembered(
    client: Any, server: FakeProviders, recorded: list[Usage], caplog: Any, status: int, message: str
) -> None:
    server.script = refusing(status, message)
    for _ in range(2):
        assert len(list(client.chat.completions.create(**REQUEST))) == 4
    copied = client.with_options(timeout=9)
    assert len(list(copied.chat.completions.create(**REQUEST))) == 4
    assert asked(server) == [True, False, False, False]
    assert recorded == []
    assert "before the provider reported any usage" in caplog.text


def test_another_error_is_raised_as_it_is_and_not_asked_twice_for_ever(client: Any, server: FakeProviders) -> None:
    server.script = json_reply({"error": {"message": "no such model"}}, status=400)
    for _ in range(3):
        with pytest.raises(openai.BadRequestError, match="no such model"):
            client.chat.completions.create(**REQUEST)
    assert asked(server) == [True, False, True, True]


def test_a_server_that_has_taken_the_option_is_not_asked_without_it(client: Any, server: FakeProviders) -> None:
    server.script = sse_reply(wire.openai_chat_chunks(), done=True)
    list(client.chat.completions.create(**REQUEST))
    server.script = json_reply({"error": {"message": "no such model"}}, status=400)
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**REQUEST)
    assert asked(server) == [True, True]


def test_what_the_caller_asked_for_is_never_taken_back(client: Any, server: FakeProviders) -> None:
    server.script = refusing(400, "stream_options?")
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(**REQUEST, stream_options={"include_usage": True})
    assert asked(server) == [True]


def test_an_asynchronous_client_remembers_too(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        original = openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)
        async with wrap(original, record=recorded.append) as client:
            for _ in range(2):
                assert len(await collect(await client.chat.completions.create(**REQUEST))) == 4

    server.script = refusing(400, "stream_options?")
    run(calls())
    assert asked(server) == [True, False, False]
