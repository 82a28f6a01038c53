"""Runs of the OpenAI Agents SDK are metered by its hooks, by its tracing, or by both, each call once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("agents")

import agents
from agents import (
    Agent,
    GuardrailFunctionOutput,
    InputGuardrailTripwireTriggered,
    ModelBehaviorError,
    ModelSettings,
    OpenAIChatCompletionsModel,
    OpenAIResponsesModel,
    RunConfig,
    Runner,
)
from openai import APIStatusError, AsyncOpenAI
from pydantic import BaseModel

from openmonetize import EntitlementDenied, OpenMonetize
from openmonetize.integrations.openai_agents import MeteringHooks, MeteringProcessor
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders, ToolCall

USER = "acme-corp-user-000001"
CHAT, RESPONSES = "chat", "responses"
HOOKS, PROCESSOR, BOTH = "hooks", "processor", "both"
ANSWER = Answer("Hello there", input_tokens=100, output_tokens=20)
EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "openai_agents.py"

every_way = pytest.mark.parametrize("way", [HOOKS, PROCESSOR, BOTH])
every_api = pytest.mark.parametrize("api", [CHAT, RESPONSES])


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=ANSWER) as running:
        yield running


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


class Case:
    """One way to meter runs, and an agent whose calls are answered by the fake provider."""

    def __init__(self, om: OpenMonetize, fake: FakeProviders, api: str, way: str, **settings: Any) -> None:
        self.om = om
        self.fake = fake
        self.api = api
        settings = {"user_id": USER, "feature_id": "chat", **settings}
        self.hooks = MeteringHooks(om, **settings) if way != PROCESSOR else None
        settings.pop("require", None)
        self.processor = MeteringProcessor(om, **settings) if way != HOOKS else None

    @contextmanager
    def tracing(self) -> Iterator[None]:
        """Send the traces to the processor, and nowhere else."""
        agents.set_trace_processors([self.processor] if self.processor else [])
        try:
            yield
        finally:
            agents.set_trace_processors([])

    def run(self, work: Callable[[Any], Awaitable[Any]], wrap: bool = False) -> Any:
        """Do something with a model on a new event loop."""

        async def main() -> Any:
            async with AsyncOpenAI(base_url=self.fake.openai_url, api_key="k", max_retries=1) as client:
                used = self.om.wrap(client, user_id=USER, feature_id="chat") if wrap else client
                kind = OpenAIChatCompletionsModel if self.api == CHAT else OpenAIResponsesModel
                return await work(kind("gpt-4o", used))

        with self.tracing():
            return asyncio.run(main())

    async def call(self, agent: Agent[Any], text: str = "Hi", stream: bool = False, **settings: Any) -> Any:
        if not stream:
            return (await Runner.run(agent, text, hooks=self.hooks, **settings)).final_output
        result = Runner.run_streamed(agent, text, hooks=self.hooks, **settings)
        async for _ in result.stream_events():
            pass
        return result.final_output


def billed(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[Any, ...]]:
    assert om.flush()
    return sorted((event["model"], event["input_tokens"], event["output_tokens"]) for event in sandbox.events())


@pytest.mark.shows("OpenAI Agents SDK", "metered", "plain", "stream", "async")
@pytest.mark.shows("OpenAI Agents SDK", "once", "wrapped client below", "instrumented below")
@every_way
@every_api
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("below", ["client", "wrapped", "instrumented"])
def test_a_call_is_recorded_once(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str, stream: bool, below: str
) -> None:
    case = Case(om, fake, api, way, metadata={"plan": "pro"})
    if below == "instrumented":
        om.instrument("openai", user_id=USER, feature_id="chat")

    async def work(model: Any) -> None:
        for _ in range(2):
            agent = Agent("greeter", model=model, model_settings=ModelSettings(include_usage=True))
            assert await case.call(agent, stream=stream) == "Hello there"

    case.run(work, wrap=below == "wrapped")
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)] * 2
    event = sandbox.events()[0]
    assert (event["user_id"], event["feature_id"], event["provider"]) == (USER, "chat", "OPENAI")
    if below == "client":
        assert event["metadata"]["plan"] == "pro"
        assert event["metadata"].get("agent") == ("greeter" if way == HOOKS else None)
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.shows("OpenAI Agents SDK", "not known", "stream without usage")
@every_way
def test_a_chat_stream_without_usage_is_unknown_unless_the_client_asked(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str
) -> None:
    case = Case(om, fake, CHAT, way)

    async def work(model: Any) -> None:
        await case.call(Agent("greeter", model=model), stream=True)

    case.run(work, wrap=True)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    assert om.warning_counts()["unmetered"] == 0
    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    assert om.warning_counts()["unmetered"] >= 1


@every_way
@every_api
def test_caches_and_reasoning(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str) -> None:
    fake.script = Answer(input_tokens=100, output_tokens=20, cached_tokens=60, reasoning_tokens=15)
    case = Case(om, fake, api, way)
    case.run(lambda model: case.call(Agent("greeter", model=model)))
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    facts = sandbox.events()[0]["metadata"]
    assert facts["gen_ai.usage.cache_read.input_tokens"] == 60
    assert facts["gen_ai.usage.reasoning.output_tokens"] == 15


@pytest.mark.shows("OpenAI Agents SDK", "metered", "tools")
@every_way
@every_api
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_handoffs(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str, stream: bool
) -> None:
    fake.script = [
        Answer(input_tokens=10, output_tokens=1, tool_calls=[ToolCall("transfer_to_second")]),
        Answer(input_tokens=20, output_tokens=2, tool_calls=[ToolCall("look_up", {"word": "a"})]),
        Answer("It is b", input_tokens=30, output_tokens=3),
    ]
    case = Case(om, fake, api, way)

    @agents.function_tool
    def look_up(word: str) -> str:
        """Look a word up."""
        return "b"

    async def work(model: Any) -> None:
        settings = ModelSettings(include_usage=True)
        second = Agent("second", model=model, tools=[look_up], model_settings=settings)
        first = Agent("first", model=model, handoffs=[second], model_settings=settings)
        assert await case.call(first, stream=stream) == "It is b"

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 10, 1), ("gpt-4o", 20, 2), ("gpt-4o", 30, 3)]


@pytest.mark.shows("OpenAI Agents SDK", "metered", "structured output")
@every_way
@every_api
def test_structured_output_and_what_does_not_fit_it(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str
) -> None:
    class City(BaseModel):
        name: str

    fake.script = [
        Answer('{"name": "Rome"}', input_tokens=10, output_tokens=1),
        Answer("not JSON", input_tokens=20, output_tokens=2),
    ]
    case = Case(om, fake, api, way)

    async def work(model: Any) -> None:
        agent = Agent("geographer", model=model, output_type=City)
        assert await case.call(agent) == City(name="Rome")
        with pytest.raises(ModelBehaviorError):
            await case.call(agent)

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 10, 1), ("gpt-4o", 20, 2)]


@pytest.mark.shows("OpenAI Agents SDK", "metered", "retry")
@pytest.mark.shows("OpenAI Agents SDK", "nothing", "error")
@every_way
@every_api
def test_retries_and_failures(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str) -> None:
    fake.script = [Failure(500), ANSWER, Failure(400)]
    case = Case(om, fake, api, way)

    async def work(model: Any) -> None:
        assert await case.call(Agent("greeter", model=model)) == "Hello there"
        with pytest.raises(APIStatusError):
            await case.call(Agent("greeter", model=model))

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    assert om.warning_counts()["unmetered"] == 0


@every_way
def test_retries_of_the_framework(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str) -> None:
    """Its attempts that failed are entries of zeros in the usage."""
    retries = pytest.importorskip("agents.retry")
    fake.script = [Failure(503), Failure(503), ANSWER]
    case = Case(om, fake, RESPONSES, way)
    retry = retries.ModelRetrySettings(
        max_retries=2,
        backoff={"initial_delay": 0.0, "max_delay": 0.0},
        policy=retries.retry_policies.http_status([503]),
    )

    async def work(model: Any) -> None:
        assert (
            await case.call(Agent("greeter", model=model, model_settings=ModelSettings(retry=retry))) == "Hello there"
        )

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.shows("OpenAI Agents SDK", "not told", "ended early")
@every_way
@every_api
def test_a_stream_that_is_ended_early(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str
) -> None:
    """The framework tells nothing of it; a wrapped client below records what it has seen."""
    fake.script = Answer("word " * 2000, input_tokens=100, output_tokens=2000)
    case = Case(om, fake, api, way)

    async def work(model: Any) -> None:
        agent = Agent("greeter", model=model, model_settings=ModelSettings(include_usage=True))
        result = Runner.run_streamed(agent, "Hi", hooks=case.hooks)
        async for event in result.stream_events():
            if event.type == "raw_response_event" and event.data.type == "response.output_text.delta":
                result.cancel()
                break
        await asyncio.gather(result.run_loop_task, return_exceptions=True)

    case.run(work)
    assert billed(om, sandbox) == []
    case.run(work, wrap=True)
    assert len(billed(om, sandbox)) == 1


def test_guardrails_and_agents_as_tools_are_seen_by_the_processor(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders
) -> None:
    fake.script = lambda request: Answer(
        "No" if "guard" in str(request.body) else "Yes", input_tokens=7 if "guard" in str(request.body) else 8
    )
    case = Case(om, fake, RESPONSES, BOTH)

    async def work(model: Any) -> None:
        guard = Agent("guard", instructions="guard", model=model)

        @agents.input_guardrail(run_in_parallel=False)
        async def check(context: Any, agent: Any, text: Any) -> GuardrailFunctionOutput:
            result = await Runner.run(guard, "May they?")
            return GuardrailFunctionOutput(None, tripwire_triggered=result.final_output == "No")

        with pytest.raises(InputGuardrailTripwireTriggered):
            await case.call(Agent("greeter", model=model, input_guardrails=[check]))

    case.run(work)
    assert [(model, read) for model, read, _ in billed(om, sandbox)] == [("gpt-4o", 7)]


@every_way
def test_an_answer_that_is_thrown_away(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str) -> None:
    """The framework may raise for an empty answer before it calls the hooks; the span has its usage all the same."""
    fake.script = Answer("", input_tokens=100, output_tokens=20, finish="length")
    case = Case(om, fake, CHAT, way)

    async def thrown_away(model: Any) -> bool:
        try:
            await case.call(Agent("greeter", model=model))
        except ModelBehaviorError:
            return True
        return False  # version 0.20 goes on with it

    unseen = case.run(thrown_away) and way == HOOKS
    assert billed(om, sandbox) == ([] if unseen else [("gpt-4o", 100, 20)])


@every_way
@every_api
@pytest.mark.parametrize("stream", [False, True])
def test_user_and_feature_of_the_context(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, api: str, stream: bool
) -> None:
    case = Case(om, fake, api, way, user_id=None, feature_id=None)

    async def work(model: Any) -> None:
        async def of_user(number: int) -> None:
            agent = Agent("greeter", model=model, model_settings=ModelSettings(include_usage=True))
            with om.context(user_id=f"acme-corp-user-00000{number}", feature_id="chat"):
                await case.call(agent, stream=stream)

        await asyncio.gather(*(of_user(number) for number in range(5)))

    case.run(work)
    assert len(billed(om, sandbox)) == 5
    assert sorted(event["user_id"] for event in sandbox.events()) == [f"acme-corp-user-00000{n}" for n in range(5)]


@pytest.mark.shows("OpenAI Agents SDK", "metered", "threads")
@every_way
def test_threads(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str) -> None:
    case = Case(om, fake, CHAT, way)

    def call(number: int) -> None:
        async def main() -> None:
            async with AsyncOpenAI(base_url=fake.openai_url, api_key="k") as client:
                model = OpenAIChatCompletionsModel("gpt-4o", om.wrap(client, user_id=USER, feature_id="chat"))
                await case.call(Agent("greeter", model=model))

        asyncio.run(main())

    with case.tracing(), ThreadPoolExecutor(4) as pool:
        list(pool.map(call, range(12)))
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)] * 12


@every_api
def test_a_model_of_the_run(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, api: str) -> None:
    """Hooks are not told of the run's model: a chat model's answer names it, others need the argument."""
    case = Case(om, fake, api, HOOKS, model="gpt-4o" if api == RESPONSES else None)

    async def work(model: Any) -> None:
        await case.call(Agent("greeter", model="gpt-5"), run_config=RunConfig(model=model))

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]


@every_api
def test_spans_without_sensitive_data(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, api: str) -> None:
    case = Case(om, fake, api, PROCESSOR, model="gpt-4o")
    config = RunConfig(trace_include_sensitive_data=False)
    case.run(lambda model: case.call(Agent("greeter", model=model), run_config=config))
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]


def test_a_span_without_a_model_is_unknown(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    case = Case(om, fake, RESPONSES, PROCESSOR)
    config = RunConfig(trace_include_sensitive_data=False)
    case.run(lambda model: case.call(Agent("greeter", model=model), run_config=config))
    assert billed(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 1


@pytest.mark.parametrize(
    ("name", "vendor"), [("gpt-4o", "OPENAI"), ("litellm/anthropic/gpt-4o", "ANTHROPIC"), ("any/gpt-4o", "MISTRAL")]
)
@every_way
def test_the_vendor_is_in_the_models_name(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, way: str, name: str, vendor: str
) -> None:
    case = Case(om, fake, CHAT, way, provider="mistral" if vendor == "MISTRAL" else "openai")

    async def work(model: Any) -> None:
        model.model = name
        await case.call(Agent("greeter", model=model))

    case.run(work)
    assert billed(om, sandbox) == [("gpt-4o", 100, 20)]
    assert sandbox.events()[0]["provider"] == vendor


@every_api
def test_a_user_without_credits_is_denied_before_the_call(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, api: str
) -> None:
    case = Case(om, fake, api, HOOKS, require="deny", user_id="acme-corp-user-without-wallet")

    async def work(model: Any) -> None:
        for stream in (False, True):
            with pytest.raises(EntitlementDenied):
                await case.call(Agent("greeter", model=model), stream=stream)

    case.run(work)
    assert not fake.requests
    assert billed(om, sandbox) == []


def test_errors_of_metering_do_not_reach_the_run(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    case = Case(om, fake, CHAT, BOTH, user_id=None, feature_id=None)
    assert case.run(lambda model: case.call(Agent("greeter", model=model))) == "Hello there"
    assert om.warning_counts()["unmetered"] >= 1


def test_bad_arguments(om: OpenMonetize) -> None:
    for kind in (MeteringHooks, MeteringProcessor):
        with pytest.raises(ValueError):
            kind(om, provider="acme")
        with pytest.raises(TypeError):
            kind(om, user_id=5)  # type: ignore[arg-type]


def test_the_example_runs() -> None:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "120 tokens" in done.stdout
