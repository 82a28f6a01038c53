from __future__ import annotations

import contextlib
import gc
import inspect
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, mistral_library, run, summary, take

mistral = mistral_library()
pydantic = library("pydantic")

pytestmark = library_warnings

EXACT = ("MISTRAL", "mistral-large-latest", 16, 34, "exact")
REQUEST: Any = {"model": "mistral-large-latest", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.fixture
def client(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    # Only the wrapped client is kept: the library closes its connections when the original is collected.
    with wrap(mistral.Mistral(api_key="k", server_url=server.url), record=recorded.append) as metered:
        yield metered


def test_a_chat_is_recorded_once(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.mistral_chat())
    assert client.chat.complete(**REQUEST).choices[0].message.content == "Hello there"
    assert isinstance(client, mistral.Mistral)
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert (recorded[0].response_id, recorded[0].host, recorded[0].details) == ("d2f9c1", "127.0.0.1", {})


def test_parse_is_recorded_once(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    class Greeting(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        text: str

    answer = wire.mistral_chat()
    answer["choices"][0]["message"]["content"] = '{"text": "hi"}'
    server.script = json_reply(answer)
    assert client.chat.parse(Greeting, **REQUEST).choices[0].message.parsed.text == "hi"
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_a_fine_tuned_model_is_mistrals_too(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply({**wire.mistral_chat(), "model": "ft:open-mistral-7b:acme:x"})
    client.chat.complete(**REQUEST)
    assert recorded[0].provider == "MISTRAL"


def test_other_chats_and_embeddings_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.mistral_chat())
    client.fim.complete(model="codestral-latest", prompt="def f(")
    client.agents.complete(agent_id="a", messages=REQUEST["messages"])
    server.script = json_reply(wire.mistral_embeddings())
    client.embeddings.create(model="mistral-embed", inputs=["hi"])
    assert [usage.input_tokens for usage in recorded] == [16, 16, 6]


def test_an_answer_that_the_library_refuses_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply({**wire.mistral_chat(), "choices": "none"})
    with pytest.raises(Exception, match=r"(?i)validation"):
        client.chat.complete(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_responses_are_mistrals_whatever_the_model_is_called(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    if not hasattr(client, "responses"):
        pytest.skip("this version has no responses")
    server.script = json_reply({**wire.openai_response(), "model": "my-own"})
    with contextlib.suppress(Exception):  # the answer is one of OpenAI's
        client.responses.create(model="my-own", input="Hi")
    assert [summary(usage) for usage in recorded] == [("MISTRAL", "my-own", 40, 12, "exact")]


def test_a_caller_who_stops_at_the_last_chunk_has_the_whole_usage(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    chunks = wire.mistral_chunks()
    usage = chunks[-1].pop("usage")
    server.script = sse_reply([*chunks, {**chunks[-1], "choices": [], "usage": usage}], done=True)
    take(client.chat.stream(**REQUEST), 4)
    gc.collect()  # older versions leave a dropped response in a reference cycle
    eventually(lambda: recorded)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_methods_keep_their_signatures(client: Any, server: FakeProviders) -> None:
    bare = mistral.Mistral(api_key="k", server_url=server.url)
    for name in ("complete", "complete_async", "stream", "stream_async", "parse"):
        wrapped, original = getattr(client.chat, name), getattr(bare.chat, name)
        assert inspect.signature(wrapped) == inspect.signature(original)
        assert inspect.iscoroutinefunction(wrapped) == inspect.iscoroutinefunction(original)


def test_a_stream_has_its_usage_in_the_last_event(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = sse_reply(wire.mistral_chunks(), done=True)
    with client.chat.stream(**REQUEST) as stream:
        events = list(stream)
    assert "".join(event.data.choices[0].delta.content for event in events) == "Hello there"
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_other_streams_are_metered(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    class Greeting(pydantic.BaseModel):  # type: ignore[misc, name-defined]
        text: str

    server.script = sse_reply(wire.mistral_chunks(), done=True)
    list(client.fim.stream(model="codestral-latest", prompt="def f("))
    list(client.agents.stream(agent_id="a", messages=REQUEST["messages"]))
    list(client.chat.parse_stream(Greeting, **REQUEST))
    assert [summary(usage) for usage in recorded] == [EXACT] * 3


@pytest.mark.parametrize("ending", ["drop", "with"])
def test_the_prompt_of_an_abandoned_stream_is_recorded(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = sse_reply(wire.mistral_chunks(), done=True)
    if ending == "with":
        with client.chat.stream(**REQUEST) as stream:
            next(stream)
    else:
        take(client.chat.stream(**REQUEST), 1)
        gc.collect()  # older versions leave a dropped response in a reference cycle
    assert eventually(lambda: recorded)
    assert (recorded[0].output_tokens, recorded[0].completeness) == (0, "partial")


@pytest.mark.parametrize("status", [401, 422, 500])
def test_errors_of_the_provider_pass_through(client: Any, server: FakeProviders, recorded: Any, status: int) -> None:
    server.script = json_reply({"detail": []}, status=status)
    for call in (client.chat.complete, client.chat.stream):
        with pytest.raises(Exception) as caught:
            call(**REQUEST)
        assert caught.value.status_code == status
    assert recorded == []


def test_asynchronous_calls_and_streams_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with wrap(mistral.Mistral(api_key="k", server_url=server.url), record=recorded.append) as client:
            server.script = json_reply(wire.mistral_chat())
            await client.chat.complete_async(**REQUEST)
            server.script = sse_reply(wire.mistral_chunks(), done=True)
            stream = await client.chat.stream_async(**REQUEST)
            assert len(await collect(stream)) == 4
            async with await client.chat.stream_async(**REQUEST) as abandoned:
                await collect(abandoned, 1)

    run(calls())
    assert [summary(usage) for usage in recorded[:2]] == [EXACT, EXACT]
    assert [usage.completeness for usage in recorded[2:]] == ["partial"]
