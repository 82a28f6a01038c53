"""Responses that are read as they are: bytes, lines, text or JSON. They are recorded once, and not changed."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders, ProviderRequest, Reply
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, run, summary

openai = library("openai")
anthropic = library("anthropic")

pytestmark = library_warnings

CHAT = ("OPENAI", "gpt-4o-mini-2024-07-18", 21, 9, "exact")
MESSAGE = ("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7, "exact")
REQUEST: Any = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]}
CLAUDE: Any = {"model": "c", "max_tokens": 9, "messages": REQUEST["messages"]}


def chat_stream(request: ProviderRequest) -> Any:
    asked = (request.body.get("stream_options") or {}).get("include_usage", False)
    return sse_reply(wire.openai_chat_chunks(usage=asked), done=True)


@pytest.fixture
def original(server: FakeProviders) -> Iterator[Any]:
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def ai(original: Any, recorded: list[Usage]) -> Any:
    return wrap(original, record=recorded.append)


READINGS: dict[str, Callable[[Any], Any]] = {
    "read": lambda response: response.read(),
    "text": lambda response: response.text(),
    "bytes": lambda response: b"".join(response.iter_bytes()),
    "small bytes": lambda response: list(response.iter_bytes(7)),
    "texts": lambda response: "".join(response.iter_text()),
    "lines": lambda response: list(response.iter_lines()),
    "http": lambda response: list(response.http_response.iter_lines()),
    "twice": lambda response: [response.read(), response.text(), response.http_response.content],
}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize("reading", READINGS)
def test_a_streaming_response_is_recorded_once_and_reads_as_without_the_wrapper(
    ai: Any, original: Any, server: FakeProviders, recorded: list[Usage], reading: str, streamed: bool
) -> None:
    server.script = chat_stream if streamed else json_reply(wire.openai_chat())
    bodies = []
    for client in (original, ai):
        create = client.chat.completions.with_streaming_response.create
        with create(**REQUEST, stream=streamed) as response:
            bodies.append(READINGS[reading](response))
    assert bodies[0] == bodies[1]
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_a_streaming_response_read_as_json_is_recorded_once(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_chat())
    with ai.chat.completions.with_streaming_response.create(**REQUEST) as response:
        assert response.json()["id"] == "chatcmpl-1"
        assert response.parse().id == "chatcmpl-1"
    assert [summary(usage) for usage in recorded] == [CHAT]


@pytest.mark.parametrize("streamed", [False, True])
def test_a_raw_response_is_recorded_once_and_reads_as_without_the_wrapper(
    ai: Any, original: Any, server: FakeProviders, recorded: list[Usage], streamed: bool
) -> None:
    server.script = chat_stream if streamed else json_reply(wire.openai_chat())
    bodies = []
    for client in (original, ai):
        raw = client.chat.completions.with_raw_response.create(**REQUEST, stream=streamed)
        assert isinstance(raw.http_response, openai._legacy_response.httpx2.Response if HTTPX2 else httpx().Response)
        bodies.append(list(raw.http_response.iter_lines()) if streamed else raw.text)
        raw.http_response.close()
    assert bodies[0] == bodies[1]
    assert [summary(usage) for usage in recorded] == [CHAT]


HTTPX2 = hasattr(openai._legacy_response, "httpx2")


def httpx() -> Any:
    return library("httpx")


def test_a_raw_stream_that_is_parsed_is_recorded_once(ai: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = chat_stream
    raw = ai.chat.completions.with_raw_response.create(**REQUEST, stream=True)
    assert len(list(raw.parse())) == 4
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_what_a_caller_asked_for_is_in_the_raw_stream(ai: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = chat_stream
    create = ai.chat.completions.with_streaming_response.create
    with create(**REQUEST, stream=True, stream_options={"include_usage": True}) as response:
        chunks = [line for line in response.iter_lines() if line.startswith("data: {")]
    assert json.loads(chunks[-1][6:])["usage"]["prompt_tokens"] == 21
    assert [summary(usage) for usage in recorded] == [CHAT]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("size", [1, 5, 10_000])
def test_a_stream_in_any_pieces_and_with_any_line_ends_is_metered(
    ai: Any, server: FakeProviders, recorded: list[Usage], end: str, size: int
) -> None:
    lines = [
        ": hello",
        "",
        *(part for chunk in wire.openai_chat_chunks() for part in (f"data: {json.dumps(chunk)}", "")),
    ]
    body = end.join([*lines, "data: [DONE]", "", ""]).encode()
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    server.script = Reply(content_type="text/event-stream", parts=pieces)
    with ai.chat.completions.with_streaming_response.create(**REQUEST, stream=True) as response:
        read = response.read()
    usage_chunk = f"data: {json.dumps(wire.openai_chat_chunks()[-1])}{end}{end}".encode()
    assert read == body.replace(usage_chunk, b"")
    assert [summary(usage) for usage in recorded] == [CHAT]


@pytest.mark.parametrize("fault", ["split", "feed", "record"])
def test_a_fault_of_the_metering_changes_nothing_of_a_body(
    original: Any, server: FakeProviders, monkeypatch: Any, caplog: Any, fault: str
) -> None:
    server.script = sse_reply(wire.openai_chat_chunks(usage=False), done=True)
    pieces = 0

    def fail(*args: Any) -> Any:
        nonlocal pieces
        pieces += 1
        if pieces > 2 or fault != "split":
            raise RuntimeError("a fault of ours")
        return [args[1]]

    if fault == "split":
        monkeypatch.setattr("openmonetize.providers.server_sent_events.EventSplitter.split", fail)
    elif fault == "feed":
        monkeypatch.setattr("openmonetize.providers.extract.StreamMeter.feed", fail)
    client = wrap(original, record=fail if fault == "record" else print)
    bodies = []
    for each in (original, client):
        with each.chat.completions.with_streaming_response.create(**REQUEST, stream=True) as response:
            bodies.append(response.read())
    assert bodies[0] == bodies[1]
    assert len(list(client.chat.completions.create(**REQUEST, stream=True))) == 4
    assert "not metered" in caplog.text


def test_a_cut_connection_reads_as_without_the_wrapper(
    ai: Any, original: Any, server: FakeProviders, recorded: list[Usage], caplog: Any
) -> None:
    reply = sse_reply(wire.openai_chat_chunks()[:2], cut=True)
    server.script = Reply(content_type=reply.content_type, parts=[*reply.parts, b'data: {"half": "an ev'], cut=True)
    seen = []
    for client in (original, ai):
        pieces: list[bytes] = []
        create = client.chat.completions.with_streaming_response.create
        with create(**REQUEST, stream=True) as response, pytest.raises(Exception) as caught:
            pieces.extend(response.iter_bytes())
        seen.append((caught.type, b"".join(pieces)))
    assert seen[0] == seen[1]
    assert recorded == []
    assert caplog.text.count("not metered") == 1


@pytest.mark.parametrize("ending", ["closed", "dropped"])
def test_the_prompt_of_a_body_that_is_never_read_is_recorded(
    ai: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = chat_stream
    if ending == "closed":
        with ai.chat.completions.with_streaming_response.create(**REQUEST, stream=True):
            pass
    else:
        raw = ai.chat.completions.with_raw_response.create(**REQUEST, stream=True)
        del raw
        gc.collect()  # older versions leave a dropped response in a reference cycle
    assert eventually(lambda: recorded)
    assert (recorded[0].output_tokens, recorded[0].completeness) == (0, "partial")


def test_a_whole_body_that_is_read_half_is_counted(ai: Any, server: FakeProviders, recorded: Any, caplog: Any) -> None:
    text = json.dumps(wire.openai_chat()).encode()
    server.script = Reply(parts=[text[:40], text[40:]])
    with ai.chat.completions.with_streaming_response.create(**REQUEST) as response:
        next(response.iter_bytes(10))
    assert eventually(lambda: "not read to its end" in caplog.text)
    assert recorded == []


def test_the_prompt_of_a_stream_that_is_never_read_can_be_estimated(
    original: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = chat_stream
    client = wrap(original, record=recorded.append, on_partial="estimate")
    request = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "x" * 40}]}
    client.chat.completions.create(**request, stream=True).close()
    assert [summary(usage) for usage in recorded] == [("OPENAI", "gpt-4o-mini", 10, 0, "estimated")]


def test_images_read_as_they_are_have_the_size_of_the_request(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_images(tokens=False))
    create = ai.images.with_streaming_response.generate
    with create(model="dall-e-3", prompt="a boat", quality="hd", size="1792x1024") as response:
        response.read()
    assert (recorded[0].image_count, recorded[0].image_size, recorded[0].image_quality) == (2, "1792x1024", "hd")


@pytest.mark.parametrize("start", ["", ": a comment\n\n"])
def test_events_that_were_asked_for_as_one_body_are_metered(
    ai: Any, server: FakeProviders, recorded: list[Usage], start: str
) -> None:
    events = sse_reply(wire.openai_chat_chunks(), done=True)
    server.script = Reply(content_type="text/plain", parts=[start.encode(), *events.parts][not start :])
    ai.post("/chat/completions", cast_to=str, body={**REQUEST, "stream": True})
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_messages_are_recorded_once_however_they_are_read(server: FakeProviders, recorded: list[Usage]) -> None:
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as original:
        claude = wrap(original, record=recorded.append)
        server.script = json_reply(wire.anthropic_message())
        claude.messages.with_raw_response.create(**CLAUDE)
        with claude.messages.with_streaming_response.create(**CLAUDE) as response:
            response.json()
        server.script = sse_reply(wire.anthropic_events(), named=True)
        with claude.messages.with_streaming_response.create(**CLAUDE, stream=True) as response:
            lines = list(response.iter_lines())
    assert [line[6:] for line in lines if line.startswith("data:")] == [json.dumps(e) for e in wire.anthropic_events()]
    assert [summary(usage) for usage in recorded] == [MESSAGE] * 3


def test_asynchronous_bodies_are_recorded_once(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        original = openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)
        async with wrap(original, record=recorded.append) as client:
            create = client.chat.completions.with_streaming_response.create
            server.script = chat_stream
            async with create(**REQUEST, stream=True) as response:
                lines = await collect(response.iter_lines())
            assert sum(line.startswith("data: {") for line in lines) == 4
            async with create(**REQUEST, stream=True) as response:
                assert {len(piece) for piece in (await collect(response.iter_bytes(8)))[:-1]} == {8}
            server.script = json_reply(wire.openai_chat())
            async with create(**REQUEST) as response:
                assert (await response.json())["id"] == "chatcmpl-1"
            raw = await client.chat.completions.with_raw_response.create(**REQUEST)
            assert json.loads(raw.content)["id"] == "chatcmpl-1"

    run(calls())
    assert [summary(usage) for usage in recorded] == [CHAT] * 4
