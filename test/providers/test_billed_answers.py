"""An answer that the provider has billed is recorded, whatever the library or the caller does with it afterwards."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders, ProviderRequest
from openmonetize.testing.fake_providers.reply import json_reply, sse_reply

from . import wire
from .calls import eventually, library, library_warnings, run, summary

openai = library("openai")
anthropic = library("anthropic")
pydantic = library("pydantic")

pytestmark = library_warnings

CHAT = ("OPENAI", "gpt-4o-mini-2024-07-18", 21, 9, "exact")
RESPONSE = ("OPENAI", "gpt-5-2025-08-07", 40, 12, "exact")
MESSAGE = ("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7, "exact")
MESSAGES: Any = [{"role": "user", "content": "Hi"}]


class Answer(pydantic.BaseModel):  # type: ignore[misc, name-defined]
    number: int


@pytest.fixture
def ai(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    with openai.OpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0) as original:
        yield wrap(original, record=recorded.append)


@pytest.fixture
def claude(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as original:
        yield wrap(original, record=recorded.append)


def chat(content: str, finish: str) -> Any:
    answer = wire.openai_chat()
    answer["choices"][0].update(finish_reason=finish)
    answer["choices"][0]["message"]["content"] = content
    return answer


def chat_events(request: ProviderRequest, content: str = '{"num', finish: str = "length") -> Any:
    asked = (request.body.get("stream_options") or {}).get("include_usage", False)
    chunks = wire.openai_chat_chunks(usage=asked)
    chunks[1]["choices"][0]["delta"]["content"] = content
    chunks[2]["choices"][0]["delta"]["content"] = ""
    chunks[3]["choices"][0]["finish_reason"] = finish
    return sse_reply(chunks, done=True)


def response_events(text: str) -> Any:
    return [json.loads(json.dumps(event).replace("Hello there", text)) for event in wire.openai_response_events()]


@pytest.mark.parametrize(
    ("content", "finish", "error"),
    [
        ('{"num', "length", "LengthFinishReasonError"),
        ("", "content_filter", "ContentFilterFinishReasonError"),
        ("no json", "stop", "ValidationError"),
        ('{"number": "many"}', "stop", "ValidationError"),
    ],
)
def test_a_chat_that_cannot_be_parsed_is_recorded_before_it_raises(
    ai: Any, server: FakeProviders, recorded: list[Usage], content: str, finish: str, error: str
) -> None:
    server.script = json_reply(chat(content, finish))
    with pytest.raises(Exception) as caught:
        ai.chat.completions.parse(model="gpt-4o-mini", messages=MESSAGES, response_format=Answer)
    assert type(caught.value).__name__ == error
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_a_response_that_cannot_be_parsed_is_recorded_before_it_raises(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_response())
    with pytest.raises(pydantic.ValidationError):
        ai.responses.parse(model="gpt-5", input="Hi", text_format=Answer)
    assert [summary(usage) for usage in recorded] == [RESPONSE]


def test_a_message_that_cannot_be_parsed_is_recorded_before_it_raises(
    claude: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    if not hasattr(anthropic.resources.Messages, "parse"):
        pytest.skip("this version has no parse")
    server.script = json_reply(wire.anthropic_message())
    with pytest.raises(pydantic.ValidationError):
        claude.messages.parse(model="c", max_tokens=9, messages=MESSAGES, output_format=Answer)
    assert [summary(usage) for usage in recorded] == [MESSAGE]


def test_an_answer_that_a_strict_client_refuses_is_recorded(server: FakeProviders, recorded: list[Usage]) -> None:
    answer = wire.openai_chat()
    answer["choices"] = "none"
    server.script = json_reply(answer)
    strict = openai.OpenAI(api_key="k", base_url=server.url, max_retries=0, _strict_response_validation=True)
    with strict as original, pytest.raises(openai.APIResponseValidationError):
        wrap(original, record=recorded.append).chat.completions.create(model="m", messages=MESSAGES)
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_an_asynchronous_answer_that_cannot_be_parsed_is_recorded(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        original = openai.AsyncOpenAI(api_key="k", base_url=f"{server.url}/v1", max_retries=0)
        async with wrap(original, record=recorded.append) as client:
            server.script = json_reply(chat('{"num', "length"))
            with pytest.raises(openai.LengthFinishReasonError):
                await client.chat.completions.parse(model="m", messages=MESSAGES, response_format=Answer)
            server.script = chat_events
            with pytest.raises(openai.LengthFinishReasonError):
                async with client.chat.completions.stream(
                    model="m", messages=MESSAGES, response_format=Answer
                ) as stream:
                    await stream.get_final_completion()

    run(calls())
    assert [summary(usage) for usage in recorded] == [CHAT, CHAT]


@pytest.mark.parametrize("finish", ["length", "content_filter"])
def test_a_stream_whose_end_cannot_be_parsed_is_recorded(
    ai: Any, server: FakeProviders, recorded: list[Usage], finish: str
) -> None:
    server.script = lambda request: chat_events(request, finish=finish)
    stream = ai.chat.completions.stream(model="m", messages=MESSAGES, response_format=Answer)
    with pytest.raises(openai.OpenAIError), stream as events:
        list(events)
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_a_streamed_response_whose_text_cannot_be_parsed_is_recorded(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = sse_reply(response_events("no json"), named=True)
    stream = ai.responses.stream(model="gpt-5", input="Hi", text_format=Answer)
    with pytest.raises(pydantic.ValidationError), stream as events:
        list(events)
    assert [summary(usage) for usage in recorded] == [RESPONSE]


def test_a_streamed_message_whose_text_cannot_be_parsed_is_recorded(
    claude: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    if not hasattr(anthropic.resources.Messages, "parse"):
        pytest.skip("this version has no structured output")
    server.script = sse_reply(wire.anthropic_events(), named=True)
    stream = claude.messages.stream(model="c", max_tokens=9, messages=MESSAGES, output_format=Answer)
    with pytest.raises(pydantic.ValidationError), stream as events:
        list(events)
    assert [summary(usage) for usage in recorded] == [MESSAGE]


def test_a_caller_who_stops_at_the_finish_reason_has_the_whole_usage(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = chat_events
    for chunk in ai.chat.completions.create(model="m", messages=MESSAGES, stream=True):
        if chunk.choices[0].finish_reason:
            break
    eventually(lambda: recorded)
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_a_stream_of_several_choices_arrives_as_it_was_sent(
    ai: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    chunks = wire.openai_chat_chunks()
    other = json.loads(json.dumps(chunks[:4]))
    for chunk in other:
        chunk["choices"][0]["index"] = 1
    server.script = sse_reply([*chunks[:4], *other, chunks[4]], done=True)
    seen = list(ai.chat.completions.create(model="m", messages=MESSAGES, stream=True, n=2))
    assert [chunk.choices[0].index for chunk in seen] == [0] * 4 + [1] * 4
    assert [summary(usage) for usage in recorded] == [CHAT]


@pytest.mark.parametrize("error", ["before", "after"])
def test_what_the_metering_does_never_breaks_a_request(
    ai: Any, server: FakeProviders, recorded: list[Usage], monkeypatch: Any, caplog: Any, error: str
) -> None:
    from openmonetize.providers import openai_anthropic, openai_anthropic_call

    def fail(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("a fault of ours")

    place = openai_anthropic if error == "before" else openai_anthropic_call
    monkeypatch.setattr(place, "path_of" if error == "before" else "meter_response", fail)
    server.script = json_reply(wire.openai_chat())
    assert ai.chat.completions.create(model="m", messages=MESSAGES).id == "chatcmpl-1"
    assert "a fault of ours" in caplog.text
    assert recorded == []


def test_a_client_whose_own_post_is_replaced_is_metered_by_its_results(
    server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = json_reply(wire.openai_chat())
    with openai.OpenAI(api_key="k", base_url=server.url, max_retries=0) as original:
        post = original.post
        original.post = lambda path, **options: post(path, **options)
        client = wrap(original, record=recorded.append)
        client.chat.completions.create(model="m", messages=MESSAGES)
    assert [summary(usage) for usage in recorded] == [CHAT]


def test_requests_of_the_clients_own_are_metered(ai: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.openai_chat())
    body = {"model": "m", "messages": MESSAGES}
    ai.post("/chat/completions", cast_to=object, body=body)
    ai.post(f"{server.url}/v1/chat/completions", cast_to=str, body=body)
    options = openai._models.FinalRequestOptions.construct(method="post", url="chat/completions", json_data=body)
    ai.request(object, options)
    assert [summary(usage) for usage in recorded] == [CHAT] * 3


def test_what_middleware_answers_itself_is_no_call(server: FakeProviders, recorded: list[Usage]) -> None:
    if "middleware" not in anthropic.Anthropic.__init__.__annotations__:
        pytest.skip("this version has no middleware")
    seen: list[str] = []
    cached: Any = None

    def middleware(request: Any, call_next: Any) -> Any:
        seen.append(request.options.url)
        return cached if cached is not None else call_next(request)

    server.script = json_reply(wire.anthropic_message())
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0, middleware=[middleware]) as original:
        claude = wrap(original, record=recorded.append)
        request: Any = {"model": "c", "max_tokens": 9, "messages": MESSAGES}
        cached = claude.messages.create(**request)
        assert claude.messages.create(**request) is cached
    assert len(seen) == 2
    assert [summary(usage) for usage in recorded] == [MESSAGE]
