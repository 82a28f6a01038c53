"""CrewAI, metered by its event bus: each call of a provider once."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from typing import Any

import pytest

os.environ.setdefault("CREWAI_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OTEL_SDK_DISABLED", "true")

pytest.importorskip("crewai.events")

from crewai import LLM, Agent, Crew, Task
from crewai.tools import tool

from openmonetize.integrations.crewai import metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, ToolCall

from .chains import ANSWER, FEATURE, USER, Program, printed_by, program

# Those of the framework say nothing of ours.
pytestmark = pytest.mark.filterwarnings("default")

ONE = [("gpt-4o", 100, 20)]


@pytest.fixture
def run(sandbox: Sandbox) -> Iterator[Program]:
    with program(sandbox) as running:
        yield running


def chat(run: Program, **settings: Any) -> Any:
    usual = {"model": "openai/gpt-4o", "base_url": run.fake.openai_url, "api_key": "k", "max_retries": 0}
    return LLM(**{**usual, **settings})


@pytest.mark.shows("CrewAI", "metered", "plain", "stream", "async")
@pytest.mark.shows("CrewAI", "once", "instrumented below")
@pytest.mark.parametrize("layers", ["alone", "twice", "instrumented"])
@pytest.mark.parametrize("way", ["call", "acall", "stream", "responses"])
def test_each_way_is_one_event(run: Program, way: str, layers: str) -> None:
    if layers == "instrumented":
        run.om.instrument("openai")
    model = chat(run, stream=way == "stream", **({"api": "responses"} if way == "responses" else {}))

    def ask() -> None:
        answer = asyncio.run(model.acall("Hi")) if way == "acall" else model.call("Hi")
        assert answer == "Hello there"

    with metering(run.om):
        if layers == "twice":
            with metering(run.om):
                ask()
        else:
            ask()
    (event,) = run.events()
    assert (event["provider"], event["model"]) == ("OPENAI", "gpt-4o")
    assert (event["input_tokens"], event["output_tokens"]) == (100, 20)
    assert (event["user_id"], event["feature_id"]) == (USER, FEATURE)
    assert event["metadata"]["gen_ai.usage.cache_read.input_tokens"] == 10
    assert event["metadata"]["gen_ai.usage.reasoning.output_tokens"] == 5
    assert run.unmetered == 0


@pytest.mark.parametrize("layers", ["alone", "instrumented"])
@pytest.mark.parametrize("stream", [False, True])
def test_anthropic(run: Program, stream: bool, layers: str) -> None:
    run.fake.script = Answer(input_tokens=100, output_tokens=20, cached_tokens=10, cache_write_tokens=20)
    if layers == "instrumented":
        run.om.instrument("anthropic")
    with metering(run.om):
        chat(run, model="anthropic/claude-sonnet-4-5", base_url=run.fake.anthropic_url, stream=stream).call("Hi")
    (event,) = run.events()
    assert (event["provider"], event["input_tokens"], event["output_tokens"]) == ("ANTHROPIC", 70, 20)
    assert event["metadata"]["gen_ai.usage.input_tokens"] == 100
    assert run.unmetered == 0


@pytest.mark.shows("CrewAI", "nothing", "error")
def test_a_call_that_the_provider_refuses_is_nothing(run: Program) -> None:
    run.fake.script = Failure(400)
    with metering(run.om), pytest.raises(Exception, match="told to fail"):
        chat(run).call("Hi")
    assert run.tokens() == []
    assert run.unmetered == 0


@pytest.mark.shows("CrewAI", "metered", "retry")
def test_retries(run: Program) -> None:
    run.fake.script = [Failure(500), ANSWER]
    with metering(run.om):
        chat(run, max_retries=2).call("Hi")
    assert run.tokens() == ONE


@pytest.mark.shows("CrewAI", "metered", "tools")
def test_a_crew_with_a_tool(run: Program) -> None:
    @tool
    def weather(place: str) -> str:
        """Return the weather of a place."""
        return f"sunny in {place}"

    run.fake.script = [
        Answer("", tool_calls=[ToolCall("weather", {"place": "Bern"})], input_tokens=50, output_tokens=7),
        Answer("Final Answer: sunny", input_tokens=100, output_tokens=20),
    ]
    agent = Agent(role="r", goal="g", backstory="b", llm=chat(run), tools=[weather])
    with metering(run.om):
        Crew(agents=[agent], tasks=[Task(description="d", expected_output="e", agent=agent)]).kickoff()
    assert len(run.fake.requests) == 2
    assert [tokens[1] for tokens in run.tokens()] == [50, 100]
    assert {event["user_id"] for event in run.events()} == {USER}


def test_a_provider_that_the_platform_does_not_take(run: Program) -> None:
    model = chat(run, model="gpt-4o", provider="deepseek")
    with metering(run.om):
        model.call("Hi")
    assert run.unmetered == 1
    with metering(run.om, providers={"deepseek": "OPENAI"}):
        model.call("Hi")
    assert run.tokens() == ONE


def test_a_block_ends(run: Program) -> None:
    with metering(run.om, user_id="acme-ada-lovelace", feature_id="draft"):
        chat(run).call("Hi")
    chat(run).call("Hi")
    (event,) = run.events()
    assert (event["user_id"], event["feature_id"]) == ("acme-ada-lovelace", "draft")


def test_the_example() -> None:
    assert printed_by("crewai_app").count("gpt-4o") == 1
