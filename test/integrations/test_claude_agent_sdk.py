"""Runs of the Claude Agent SDK are metered from its messages: each call once, the rest as sums.

The messages are those that version 2.1 of the command was seen to send; a transport of the SDK plays them.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("claude_agent_sdk")

from claude_agent_sdk import ClaudeAgentOptions, ClaudeSDKClient, Transport

from openmonetize import OpenMonetize
from openmonetize.integrations.claude_agent_sdk import Metering
from openmonetize.sandbox import Sandbox

USER = "acme-corp-user-000001"
OWNER: dict[str, Any] = {"user_id": USER, "feature_id": "code"}
MODEL, SMALL = "claude-sonnet-5", "claude-haiku-5-5"
EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "claude_agent_sdk_example.py"
Lines = list[dict[str, Any]]


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


class Command(Transport):
    """Plays the messages of the ``claude`` command: those of the next turn for each prompt."""

    def __init__(self, *turns: Lines) -> None:
        self.turns = list(turns)
        self.lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()

    async def connect(self) -> None:
        pass

    def is_ready(self) -> bool:
        return True

    async def write(self, data: str) -> None:
        line = json.loads(data)
        if line["type"] == "control_request":
            response = {"subtype": "success", "request_id": line["request_id"], "response": {}}
            self.lines.put_nowait({"type": "control_response", "response": response})
        elif line["type"] == "user":
            for told in self.turns.pop(0):
                self.lines.put_nowait(told)

    async def end_input(self) -> None:
        self.lines.put_nowait(None)

    async def close(self) -> None:
        self.lines.put_nowait(None)

    async def read_messages(self) -> AsyncIterator[dict[str, Any]]:
        while (line := await self.lines.get()) is not None:
            yield line


def usage(read: int, written: int, cached: int = 0) -> dict[str, Any]:
    return {
        "input_tokens": read,
        "output_tokens": written,
        "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
    }


def call(
    number: int,
    read: int,
    written: int,
    cached: int = 0,
    *,
    stream: bool,
    model: str = MODEL,
    parent: str | None = None,
) -> Lines:
    """Return the messages of a call: a message for each block of the answer, and the raw stream if it was asked for."""
    begun = {"id": f"msg_{number}", "type": "message", "role": "assistant", "model": model, "content": []}
    begun["usage"] = usage(read, 1, cached)
    blocks: Lines = [{"type": "text", "text": "Hi"}, {"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]
    lines = [
        {
            "type": "assistant",
            "message": {**begun, "content": [block]},
            "parent_tool_use_id": parent,
            "session_id": "s",
            "uuid": f"u{number}{place}",
        }
        for place, block in enumerate(blocks)
    ]
    if not stream:
        return lines
    events: Lines = [
        {"type": "message_start", "message": begun},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": written}},
        {"type": "message_stop"},
    ]
    facts = {"type": "stream_event", "parent_tool_use_id": parent, "session_id": "s", "uuid": "e"}
    raw = [{**facts, "event": event} for event in events]
    return [raw[0], *lines, *raw[1:]]


def result(number: int, counts: dict[str, Any] | None, sums: dict[str, tuple[int, int, int]] | None) -> Lines:
    told = {
        model: {
            "inputTokens": read,
            "outputTokens": written,
            "cacheReadInputTokens": cached,
            "cacheCreationInputTokens": 0,
            "webSearchRequests": 0,
            "costUSD": 0.1,
            "contextWindow": 1,
            "maxOutputTokens": 1,
        }
        for model, (read, written, cached) in (sums or {}).items()
    }
    line = {"type": "result", "subtype": "success", "duration_ms": 1, "duration_api_ms": 1, "is_error": False}
    line.update(num_turns=2, session_id="s", usage=counts, result="Hi", uuid=f"r{number}")
    return [{**line, "modelUsage": told}] if sums is not None else [line]


def turn(stream: bool, sums: bool = True, number: int = 1) -> Lines:
    """Return a turn of two calls, of which the first has called a subagent that runs another model."""
    told = {MODEL: (700, 70, 1500), SMALL: (77, 7, 0)}
    calls = [*call(1, 400, 50, 600, stream=stream), *call(2, 300, 20, 900, stream=stream)]
    return [*calls, *result(number, usage(700, 70, 1500), told if sums else None)]


def run(om: OpenMonetize, *lines: Lines, options: ClaudeAgentOptions | None = None) -> int:
    """Run a query; return how many messages came through."""

    async def main() -> int:
        count = 0
        command = Command(*lines)
        async for _ in Metering(om, **OWNER).query(prompt="Hi", options=options, transport=command):
            count += 1
        return count

    return asyncio.run(main())


def billed(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[str, int, int]]:
    assert om.flush()
    return sorted((event["model"], event["input_tokens"], event["output_tokens"]) for event in sandbox.events())


@pytest.mark.shows("Claude Agent SDK", "metered", "plain", "stream", "async")
def test_with_partial_messages_each_call_is_an_event(om: OpenMonetize, sandbox: Sandbox) -> None:
    lines = turn(stream=True)
    assert run(om, lines) == len(lines)
    assert billed(om, sandbox) == [(SMALL, 77, 7), (MODEL, 300, 20), (MODEL, 400, 50)]
    for event in sandbox.events():
        assert (event["user_id"], event["feature_id"], event["provider"]) == (USER, "code", "ANTHROPIC")
        assert event["metadata"].get("sum_of_calls") == (True if event["model"] == SMALL else None)
    cached = {event["metadata"].get("gen_ai.usage.cache_read.input_tokens") for event in sandbox.events()}
    assert cached == {None, 600, 900}


def test_without_them_each_model_is(om: OpenMonetize, sandbox: Sandbox) -> None:
    run(om, turn(stream=False))
    assert billed(om, sandbox) == [(SMALL, 77, 7), (MODEL, 700, 70)]
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.parametrize("stream", [False, True])
def test_a_result_without_sums_by_model(om: OpenMonetize, sandbox: Sandbox, stream: bool) -> None:
    run(om, turn(stream, sums=False))
    assert billed(om, sandbox) == ([(MODEL, 300, 20), (MODEL, 400, 50)] if stream else [(MODEL, 700, 70)])


@pytest.mark.parametrize("stream", [False, True])
def test_the_sums_are_of_the_whole_session(om: OpenMonetize, sandbox: Sandbox, stream: bool) -> None:
    second = call(3, 300, 20, 900, stream=stream)
    second += result(2, usage(300, 20, 900), {MODEL: (1000, 90, 2400), SMALL: (177, 17, 0)})

    async def main() -> None:
        metering = Metering(om, **OWNER)
        async with ClaudeSDKClient(transport=Command(turn(stream), second)) as client:
            for _ in range(2):
                await client.query("Hi")
                async for _ in metering.receive_response(client):
                    pass

    asyncio.run(main())
    first = [(MODEL, 300, 20), (MODEL, 400, 50)] if stream else [(MODEL, 700, 70)]
    assert billed(om, sandbox) == sorted([(SMALL, 77, 7), (SMALL, 100, 10), (MODEL, 300, 20), *first])


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("option", [{"resume": "s"}, {"continue_conversation": True}])
def test_a_session_that_is_resumed(om: OpenMonetize, sandbox: Sandbox, stream: bool, option: dict[str, Any]) -> None:
    """Its sums contain what an earlier process has recorded: only the main agent's are known."""
    lines = call(3, 300, 20, 900, stream=stream)
    lines += result(2, usage(300, 20, 900), {MODEL: (1000, 90, 2400), SMALL: (77, 7, 0)})
    run(om, lines, options=ClaudeAgentOptions(**option))
    assert billed(om, sandbox) == [(MODEL, 300, 20)]


def test_names_that_differ(om: OpenMonetize, sandbox: Sandbox) -> None:
    """The sums are by the name that was asked for, the answer names the model with its date."""
    lines = call(1, 400, 50, stream=True, model=f"{SMALL}-20260901")
    run(om, [*lines, *result(1, usage(400, 50), {f"{SMALL}[1m]": (500, 60, 0)})])
    assert billed(om, sandbox) == [(SMALL, 100, 10), (f"{SMALL}-20260901", 400, 50)]


def test_names_that_have_nothing_in_common(om: OpenMonetize, sandbox: Sandbox) -> None:
    lines = call(1, 400, 50, stream=True)
    run(om, [*lines, *result(1, usage(400, 50), {"opusplan": (400, 50, 0)})])
    assert billed(om, sandbox) == [(MODEL, 400, 50)]


@pytest.mark.shows("Claude Agent SDK", "partial", "ended early")
@pytest.mark.parametrize("stream", [False, True])
def test_a_run_that_is_left_early(om: OpenMonetize, sandbox: Sandbox, stream: bool) -> None:
    lines = [*call(1, 400, 50, stream=stream), *call(2, 300, 20, stream=stream)[:2]]

    async def main() -> None:
        count = 0
        messages = Metering(om, **OWNER).query(prompt="Hi", transport=Command(lines))
        async with contextlib.aclosing(messages):
            async for _ in messages:
                count += 1
                if count == len(lines):
                    break

    asyncio.run(main())
    assert billed(om, sandbox) == [(MODEL, 300, 1), (MODEL, 400, 50 if stream else 1)]
    assert om.warning_counts()["partial_stream"] == (1 if stream else 2)


def test_an_exception_of_the_reader(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def main() -> None:
        async with contextlib.aclosing(
            Metering(om, **OWNER).query(prompt="Hi", transport=Command(turn(True)))
        ) as messages:
            async for message in messages:
                if type(message).__name__ == "ResultMessage":
                    raise KeyError("mine")

    with pytest.raises(KeyError):
        asyncio.run(main())
    assert len(billed(om, sandbox)) == 3


@pytest.mark.shows("Claude Agent SDK", "nothing", "error")
def test_a_result_that_failed_without_usage(om: OpenMonetize, sandbox: Sandbox) -> None:
    run(om, result(1, None, None))
    assert billed(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 1


def test_messages_that_look_strange_do_not_end_the_run(om: OpenMonetize, sandbox: Sandbox) -> None:
    facts = {"type": "stream_event", "parent_tool_use_id": None, "session_id": "s", "uuid": "e"}
    strange = [{**facts, "event": event} for event in ({"type": "message_start"}, {"type": "message_delta"}, {})]
    run(om, [*strange, *turn(True)])
    assert len(billed(om, sandbox)) == 3
    assert om.warning_counts()["unmetered"] == 1


def test_user_of_the_context(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def of_user(number: int) -> None:
        with om.context(user_id=f"acme-corp-user-00000{number}", feature_id="code"):
            async for _ in Metering(om).query(prompt="Hi", transport=Command(turn(False, False, number))):
                pass

    async def main() -> None:
        await asyncio.gather(*(of_user(number) for number in range(5)))

    asyncio.run(main())
    assert len(billed(om, sandbox)) == 5
    assert sorted(event["user_id"] for event in sandbox.events()) == [f"acme-corp-user-00000{n}" for n in range(5)]


def test_bad_arguments(om: OpenMonetize) -> None:
    with pytest.raises(TypeError):
        Metering(om, user_id=5)  # type: ignore[arg-type]


def test_the_example_runs() -> None:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "120 tokens" in done.stdout
