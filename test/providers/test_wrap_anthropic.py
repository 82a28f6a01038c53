from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.providers import Usage, wrap
from openmonetize.testing.fake_providers import FakeProviders
from openmonetize.testing.fake_providers.reply import aws_reply, json_reply, sse_reply

from . import wire
from .calls import collect, eventually, library, library_warnings, run, summary, take

anthropic = library("anthropic")

pytestmark = library_warnings

EXACT = ("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7, "exact")
REQUEST: Any = {"model": "claude-test", "max_tokens": 99, "messages": [{"role": "user", "content": "Hi"}]}


def stream_reply(**options: Any) -> Any:
    return sse_reply(wire.anthropic_events(), named=True, **options)


@pytest.fixture
def client(server: FakeProviders, recorded: list[Usage]) -> Iterator[Any]:
    with anthropic.Anthropic(api_key="sk-test", base_url=server.url, max_retries=0) as original:
        yield wrap(original, record=recorded.append)


def async_client(server: FakeProviders, recorded: list[Usage], **options: Any) -> Any:
    original = anthropic.AsyncAnthropic(api_key="sk-test", base_url=server.url, max_retries=0)
    return wrap(original, record=recorded.append, **options)


def test_a_message_is_recorded_once(client: Any, server: FakeProviders, recorded: list[Usage]) -> None:
    server.script = json_reply(wire.anthropic_message())
    assert client.messages.create(**REQUEST).content[0].text == "Hello there"
    assert isinstance(client, anthropic.Anthropic)
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].details == wire.ANTHROPIC_DETAILS
    assert (recorded[0].response_id, recorded[0].host) == ("msg_01", "127.0.0.1")


def test_beta_raw_and_reconfigured_calls_are_metered(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.anthropic_message())
    client.beta.messages.create(**REQUEST)
    client.with_options(timeout=9).messages.with_raw_response.create(**REQUEST).parse()
    client.with_raw_response.messages.create(**REQUEST)
    client.copy().with_options(max_retries=0).messages.create(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT] * 4


@pytest.mark.skipif(not hasattr(anthropic.Anthropic, "with_middleware"), reason="an older anthropic library")
def test_a_client_with_middleware_stays_metered(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = json_reply(wire.anthropic_message())
    client.with_middleware().messages.create(**REQUEST)
    assert [summary(usage) for usage in recorded] == [EXACT]


def test_a_tool_runner_records_each_of_its_calls(client: Any, server: FakeProviders, recorded: Any) -> None:
    @anthropic.beta_tool  # type: ignore[misc]
    def weather(city: str) -> str:
        """Weather of a city."""
        return f"rain in {city}"

    asking = wire.anthropic_message()
    asking["content"] = [{"type": "tool_use", "id": "t-1", "name": "weather", "input": {"city": "Oslo"}}]
    asking["stop_reason"] = "tool_use"
    server.script = [json_reply(asking), json_reply({**wire.anthropic_message(), "id": "msg_02"})]
    runner = client.beta.messages.tool_runner(**REQUEST, tools=[weather])
    assert runner.until_done().content[0].text == "Hello there"
    assert [usage.response_id for usage in recorded] == ["msg_01", "msg_02"]


def test_a_stream_takes_the_last_cumulative_counters(client: Any, server: FakeProviders, recorded: Any) -> None:
    server.script = stream_reply()
    stream = client.messages.create(**REQUEST, stream=True)
    assert stream.response.status_code == 200
    assert [event.type for event in stream][-1] == "message_stop"
    assert [summary(usage) for usage in recorded] == [EXACT]
    assert recorded[0].details == wire.ANTHROPIC_DETAILS


@pytest.mark.parametrize("beta", [False, True])
def test_the_stream_manager_is_metered(client: Any, server: FakeProviders, recorded: Any, beta: bool) -> None:
    server.script = stream_reply()
    messages = client.beta.messages if beta else client.messages
    with messages.stream(**REQUEST) as stream:
        assert "".join(stream.text_stream) == "Hello there"
        assert stream.get_final_message().usage.output_tokens == 7
    assert [summary(usage) for usage in recorded] == [EXACT]


@pytest.mark.parametrize("ending", ["drop", "close", "manager"])
def test_an_abandoned_stream_records_what_was_reported(
    client: Any, server: FakeProviders, recorded: list[Usage], ending: str
) -> None:
    server.script = stream_reply()
    if ending == "manager":
        with client.messages.stream(**REQUEST) as managed:
            next(managed.text_stream)
    else:
        stream = client.messages.create(**REQUEST, stream=True)
        take(stream, 3)
        if ending == "close":
            stream.close()
        del stream
    eventually(lambda: recorded)
    assert [summary(usage) for usage in recorded] == [("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 1, "partial")]


def test_a_connection_lost_half_way_records_what_was_reported_and_raises(
    client: Any, server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = sse_reply(wire.anthropic_events()[:4], named=True, cut=True)
    with pytest.raises(Exception):  # noqa: B017
        list(client.messages.create(**REQUEST, stream=True))
    assert [usage.completeness for usage in recorded] == ["partial"]


def test_an_error_event_in_a_stream_passes_through(client: Any, server: FakeProviders, recorded: Any) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    server.script = sse_reply([*wire.anthropic_events()[:4], error], named=True)
    with pytest.raises(anthropic.APIStatusError, match="Overloaded"):
        list(client.messages.create(**REQUEST, stream=True))
    assert [usage.completeness for usage in recorded] == ["partial"]


@pytest.mark.parametrize("status", [400, 529])
def test_errors_of_the_provider_pass_through(client: Any, server: FakeProviders, recorded: Any, status: int) -> None:
    server.script = json_reply({"type": "error", "error": {"type": "x", "message": "no"}}, status=status)
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(**REQUEST)
    assert caught.value.status_code == status
    with pytest.raises(anthropic.APIStatusError):
        client.messages.stream(**REQUEST).__enter__()
    assert recorded == []


def test_asynchronous_calls_and_streams_are_metered(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with async_client(server, recorded) as client:
            server.script = json_reply(wire.anthropic_message())
            await client.messages.create(**REQUEST)
            server.script = stream_reply()
            assert len(await collect(await client.messages.create(**REQUEST, stream=True))) == 8
            async with client.messages.stream(**REQUEST) as stream:
                assert "".join(await collect(stream.text_stream)) == "Hello there"

    run(calls())
    assert [summary(usage) for usage in recorded] == [EXACT] * 3


def test_an_abandoned_asynchronous_manager_can_be_estimated(server: FakeProviders, recorded: list[Usage]) -> None:
    async def calls() -> None:
        async with async_client(server, recorded, on_partial="estimate") as client:
            server.script = stream_reply()
            async with client.messages.stream(**REQUEST) as stream:
                await collect(stream.text_stream, 2)
            assert [usage.completeness for usage in recorded] == ["estimated"]

    run(calls())
    assert (recorded[0].input_tokens, recorded[0].output_tokens) == (5, 3)


def test_the_prompt_of_a_stream_that_is_never_read_can_be_estimated(
    server: FakeProviders, recorded: list[Usage]
) -> None:
    server.script = stream_reply()
    with anthropic.Anthropic(api_key="k", base_url=server.url, max_retries=0) as original:
        claude = wrap(original, record=recorded.append, on_partial="estimate")
        claude.messages.create(
            model="claude-test", max_tokens=9, messages=[{"role": "user", "content": "x" * 40}], stream=True
        ).close()
    assert [summary(usage) for usage in recorded] == [("ANTHROPIC", "claude-test", 10, 0, "estimated")]


@pytest.mark.parametrize("streamed", [False, True])
def test_claude_on_bedrock_is_metered(server: FakeProviders, recorded: list[Usage], streamed: bool) -> None:
    if not hasattr(anthropic, "AnthropicBedrock"):
        pytest.skip("this version has no AnthropicBedrock")
    library("boto3")
    original = anthropic.AnthropicBedrock(
        aws_access_key="k", aws_secret_key="s", aws_region="us-east-1", base_url=server.url, max_retries=0
    )
    request: Any = {"model": "anthropic.claude-v1", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    if streamed:
        events = [{"bytes": base64.b64encode(json.dumps(event).encode()).decode()} for event in wire.anthropic_events()]
        server.script = aws_reply([{"chunk": event} for event in events])
    else:
        server.script = json_reply(wire.anthropic_message())
    with wrap(original, record=recorded.append) as claude:
        answer = claude.messages.create(**request, stream=streamed)
        if streamed:
            assert list(answer)[-1].type == "message_stop"
    assert [summary(usage)[:4] for usage in recorded] == [("ANTHROPIC", "claude-sonnet-4-5-20250929", 5, 7)]
