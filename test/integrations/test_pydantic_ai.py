"""Agents and models of Pydantic AI are metered, each request once."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pydantic_ai")

from anthropic import AsyncAnthropic
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai import Agent, ModelAPIError, ModelHTTPError, UnexpectedModelBehavior
from pydantic_ai.direct import model_request
from pydantic_ai.messages import ModelRequest, ModelResponse, TextPart
from pydantic_ai.models.anthropic import AnthropicModel
from pydantic_ai.models.fallback import FallbackModel
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel, OpenAIResponsesModel
from pydantic_ai.models.wrapper import WrapperModel
from pydantic_ai.providers.anthropic import AnthropicProvider
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.usage import RequestUsage

from openmonetize import EntitlementDenied, OpenMonetize
from openmonetize.integrations.pydantic_ai import MeteredModel, Metering
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders, ToolCall

USER = "acme-corp-user-000001"
OWNER: dict[str, Any] = {"user_id": USER, "feature_id": "chat"}
ANSWER = Answer("Hello there", input_tokens=100, output_tokens=20)
EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "pydantic_ai_example.py"
MODELS = {"chat": "gpt-4o", "responses": "gpt-4o", "anthropic": "claude-sonnet-5", "google": "gemini-2.5-pro"}

every_kind = pytest.mark.parametrize("kind", list(MODELS))


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=ANSWER) as running:
        yield running


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


def run(
    fake: FakeProviders,
    kind: str,
    work: Callable[[Any], Awaitable[Any]],
    wrap: Callable[[Any], Any] = lambda client: client,
) -> Any:
    """Do something with a model of the framework on a new event loop."""

    async def main() -> Any:
        async with AsyncExitStack() as stack:
            if kind == "anthropic":
                anthropic = AsyncAnthropic(base_url=fake.anthropic_url, api_key="k", max_retries=1)
                await stack.enter_async_context(anthropic)
                provider = AnthropicProvider(anthropic_client=wrap(anthropic))
                return await work(AnthropicModel(MODELS[kind], provider=provider))
            if kind == "google":
                genai = pytest.importorskip("google.genai")
                from pydantic_ai.models.google import GoogleModel
                from pydantic_ai.providers.google import GoogleProvider

                google = genai.Client(api_key="k", http_options={"base_url": fake.google_url})
                stack.push_async_callback(google.aio.aclose)
                stack.callback(google.close)
                return await work(GoogleModel(MODELS[kind], provider=GoogleProvider(client=wrap(google))))
            openai = AsyncOpenAI(base_url=fake.openai_url, api_key="k", max_retries=1)
            await stack.enter_async_context(openai)
            model = OpenAIChatModel if kind == "chat" else OpenAIResponsesModel
            return await work(model("gpt-4o", provider=OpenAIProvider(openai_client=wrap(openai))))

    return asyncio.run(main())


def tokens(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[int, int]]:
    assert om.flush()
    return sorted((event["input_tokens"], event["output_tokens"]) for event in sandbox.events())


async def call(agent: Agent[Any, Any], stream: bool = False, text: str = "Hi") -> Any:
    if not stream:
        return (await agent.run(text)).output
    async with agent.run_stream(text) as result:
        return await result.get_output()


@pytest.mark.shows("Pydantic AI", "metered", "plain", "stream", "async")
@pytest.mark.shows("Pydantic AI", "once", "wrapped client below", "instrumented below")
@every_kind
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("below", ["client", "wrapped", "instrumented"])
def test_a_request_is_recorded_once(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, stream: bool, below: str
) -> None:
    library = {"anthropic": "anthropic", "google": "google-genai"}.get(kind, "openai")
    if below == "instrumented":
        om.instrument(library, **OWNER)

    async def work(model: Any) -> None:
        agent = Agent(model, capabilities=[Metering(om, metadata={"plan": "pro"}, **OWNER)])
        for _ in range(2):
            assert await call(agent, stream) == "Hello there"

    run(fake, kind, work, (lambda client: om.wrap(client, **OWNER)) if below == "wrapped" else lambda client: client)
    assert tokens(om, sandbox) == [(100, 20)] * 2
    event = sandbox.events()[0]
    vendor = {"anthropic": "ANTHROPIC", "google": "GOOGLE"}.get(kind, "OPENAI")
    assert (event["user_id"], event["feature_id"], event["provider"]) == (USER, "chat", vendor)
    assert below != "client" or event["metadata"]["plan"] == "pro"
    assert om.warning_counts()["unmetered"] == 0


@every_kind
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("wrapped", [False, True])
def test_caches_and_reasoning_cost_the_same_whoever_tells(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, stream: bool, wrapped: bool
) -> None:
    written = 10 if kind == "anthropic" else 0
    fake.script = Answer(
        input_tokens=100, output_tokens=20, cached_tokens=60, cache_write_tokens=written, reasoning_tokens=15
    )

    async def work(model: Any) -> None:
        await call(Agent(model, capabilities=[Metering(om, **OWNER)]), stream)

    run(fake, kind, work, (lambda client: om.wrap(client, **OWNER)) if wrapped else lambda client: client)
    expected = {"anthropic": (30, 20), "google": (100, 5)}.get(kind, (100, 20))
    assert tokens(om, sandbox) == [expected]
    facts = sandbox.events()[0]["metadata"]
    assert facts["gen_ai.usage.cache_read.input_tokens"] == 60
    assert facts.get("gen_ai.usage.cache_write.input_tokens", 0) == written
    if kind != "anthropic":
        assert facts["gen_ai.usage.reasoning.output_tokens"] == 15


@pytest.mark.shows("Pydantic AI", "metered", "tools", "structured output")
@every_kind
@pytest.mark.parametrize("stream", [False, True])
def test_tools_and_structured_output(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, stream: bool
) -> None:
    """An answer that does not fit is asked for again: both have cost something."""

    class City(BaseModel):
        name: str

    fake.script = [
        Answer("", input_tokens=10, output_tokens=1, tool_calls=[ToolCall("look_up", {"word": "a"})]),
        Answer("", input_tokens=20, output_tokens=2, tool_calls=[ToolCall("final_result", {"city": "Rome"})]),
        Answer("", input_tokens=30, output_tokens=3, tool_calls=[ToolCall("final_result", {"name": "Rome"})]),
    ]

    async def work(model: Any) -> None:
        agent = Agent(model, output_type=City, retries=2, capabilities=[Metering(om, **OWNER)])

        @agent.tool_plain
        def look_up(word: str) -> str:
            return "b"

        async def watch(context: Any, events: Any) -> None:
            async for _ in events:
                pass

        result = await agent.run("Hi", event_stream_handler=watch if stream else None)
        assert result.output == City(name="Rome")

    run(fake, kind, work)
    assert tokens(om, sandbox) == [(10, 1), (20, 2), (30, 3)]


@pytest.mark.shows("Pydantic AI", "metered", "retry")
@pytest.mark.shows("Pydantic AI", "nothing", "error")
@every_kind
def test_failures_and_retries_of_the_client(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str) -> None:
    fake.script = [Failure(400), Failure(500), ANSWER]

    async def work(model: Any) -> None:
        agent = Agent(model, capabilities=[Metering(om, **OWNER)])
        with pytest.raises(ModelHTTPError):
            await call(agent)
        if kind == "google":  # its client does not try again by itself
            with pytest.raises(ModelHTTPError):
                await call(agent)
        assert await call(agent) == "Hello there"

    run(fake, kind, work)
    assert tokens(om, sandbox) == [(100, 20)]
    assert om.warning_counts()["unmetered"] == 0


@pytest.mark.shows("Pydantic AI", "metered", "fallback")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("how", ["capability", "model", "inside"])
def test_the_attempts_of_a_fallback(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool, how: str
) -> None:
    """The provider's error costs nothing; an answer that is rejected costs as much as any other."""
    fake.script = [Failure(400), Answer("bad", input_tokens=10, output_tokens=1), ANSWER]

    def rejects(response: ModelResponse) -> bool:
        return response.text == "bad"

    async def work(model: Any) -> None:
        if how == "inside":
            model = MeteredModel(model, om, **OWNER)
        on: list[Any] = [ModelHTTPError] if stream else [ModelHTTPError, rejects]
        chain: Any = FallbackModel(model, model, model, fallback_on=on)
        if how == "model":
            chain = MeteredModel(chain, om, **OWNER)
        agent = Agent(chain, capabilities=[Metering(om, **OWNER)] if how != "model" else [])
        assert await call(agent, stream) == ("bad" if stream else "Hello there")

    run(fake, "chat", work)
    assert tokens(om, sandbox) == ([(10, 1)] if stream else [(10, 1), (100, 20)])


def test_a_capability_that_falls_back(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    capabilities = pytest.importorskip("pydantic_ai.capabilities")
    if not hasattr(capabilities, "ModelFallback"):
        pytest.skip("this version has none")
    fake.script = [Failure(503), Failure(503), ANSWER]  # the client tries twice

    async def work(model: Any) -> None:
        other = OpenAIChatModel("gpt-4.1", provider=model.provider)
        parts = [capabilities.ModelFallback(other), Metering(om, **OWNER)]
        assert await call(Agent(model, capabilities=parts)) == "Hello there"

    run(fake, "chat", work)
    assert tokens(om, sandbox) == [(100, 20)]


def test_two_that_meter_one_model(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    async def work(model: Any) -> None:
        metered = MeteredModel(model, om, **OWNER)
        capabilities = [Metering(om, **OWNER), Metering(om, **OWNER)]
        for used in (model, metered, WrapperModel(metered), MeteredModel(metered, om)):
            await call(Agent(used, capabilities=capabilities))

    run(fake, "chat", work)
    assert tokens(om, sandbox) == [(100, 20)] * 4


@pytest.mark.shows("Pydantic AI", "nothing", "cache hit")
@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_from_a_cache_is_not_recorded(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool
) -> None:
    """A cache belongs around the model that is metered."""

    class Cache(WrapperModel):
        kept: Any = None

        async def request(self, *arguments: Any) -> ModelResponse:
            self.kept = self.kept or await super().request(*arguments)
            return self.kept

    async def work(model: Any) -> None:
        agent = Agent(Cache(MeteredModel(model, om, **OWNER)))
        assert [await call(agent) for _ in range(3)] == ["Hello there"] * 3

    run(fake, "chat", work)
    assert tokens(om, sandbox) == [(100, 20)]


@every_kind
@pytest.mark.parametrize("wrapped", [False, True])
def test_a_stream_that_is_left_early(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, wrapped: bool
) -> None:
    fake.script = Answer("word " * 3000, input_tokens=100, output_tokens=3000)

    async def work(model: Any) -> None:
        async with Agent(model, capabilities=[Metering(om, **OWNER)]).run_stream("Hi") as result:
            async for _ in result.stream_text(delta=True, debounce_by=None):
                break

    run(fake, kind, work, (lambda client: om.wrap(client, **OWNER)) if wrapped else lambda client: client)
    events = tokens(om, sandbox)
    assert len(events) <= 1
    if kind == "anthropic" or wrapped:
        assert len(events) == 1
    else:
        assert len(events) + om.warning_counts()["unmetered"] == 1


@pytest.mark.shows("Pydantic AI", "partial", "ended early")
def test_a_stream_that_is_cut(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    """What the provider had told before is recorded, as a part."""
    fake.script = Answer(input_tokens=100, output_tokens=20, cut=True)

    async def work(model: Any) -> None:
        with pytest.raises((ModelAPIError, UnexpectedModelBehavior)):
            await call(Agent(model, capabilities=[Metering(om, **OWNER)]), stream=True)

    run(fake, "chat", work)
    assert tokens(om, sandbox) == [(100, 20)]
    assert om.warning_counts()["partial_stream"] == 1


@pytest.mark.parametrize("stream", [False, True])
def test_user_and_feature_of_the_context(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool) -> None:
    async def work(model: Any) -> None:
        agent = Agent(model, capabilities=[Metering(om)])

        async def of_user(number: int) -> None:
            with om.context(user_id=f"acme-corp-user-00000{number}", feature_id="chat"):
                await call(agent, stream)

        await asyncio.gather(*(of_user(number) for number in range(5)))

    run(fake, "chat", work)
    assert tokens(om, sandbox) == [(100, 20)] * 5
    assert sorted(event["user_id"] for event in sandbox.events()) == [f"acme-corp-user-00000{n}" for n in range(5)]


@pytest.mark.shows("Pydantic AI", "metered", "threads")
def test_threads(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    def of_user(number: int) -> None:
        async def work(model: Any) -> None:
            with om.context(user_id=f"acme-corp-user-00000{number}", feature_id="chat"):
                await call(Agent(model, capabilities=[Metering(om)]))

        run(fake, "chat", work, lambda client: om.wrap(client))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(of_user, range(8)))
    assert tokens(om, sandbox) == [(100, 20)] * 8
    assert sorted(event["user_id"] for event in sandbox.events()) == [f"acme-corp-user-00000{n}" for n in range(8)]


def answering(usage: RequestUsage, **values: Any) -> FunctionModel:
    """Return a model that answers with this usage, as those of other providers do."""

    def answer(messages: Any, info: Any) -> ModelResponse:
        return ModelResponse([TextPart("Hi")], usage=usage, **values)

    return FunctionModel(answer)


class Named(WrapperModel):
    """A model that says which provider has answered."""

    def __init__(self, wrapped: Any, **names: Any) -> None:
        super().__init__(wrapped)
        self.names = names

    async def request(self, *arguments: Any) -> ModelResponse:
        response = await super().request(*arguments)
        vars(response).update(self.names)
        return response


@pytest.mark.parametrize(
    ("names", "provider", "expected"),
    [
        ({"provider_name": "azure", "model_name": "gpt-4o"}, None, ("OPENAI", "gpt-4o")),
        ({"provider_name": "google-cloud", "model_name": "gemini-2.5-pro"}, None, ("GOOGLE", "gemini-2.5-pro")),
        ({"provider_name": "openrouter", "model_name": "mistral/m"}, None, ("MISTRAL", "m")),
        ({"provider_name": "bedrock", "model_name": "claude-x"}, "anthropic", ("ANTHROPIC", "claude-x")),
        ({"provider_name": "groq", "model_name": "llama"}, None, None),
    ],
)
def test_the_vendor(
    om: OpenMonetize, sandbox: Sandbox, names: dict[str, Any], provider: str | None, expected: Any
) -> None:
    model = Named(answering(RequestUsage(input_tokens=10, output_tokens=1)), **names)
    agent = Agent(model, capabilities=[Metering(om, provider=provider, **OWNER)])
    asyncio.run(call(agent))
    om.flush()
    found = [(event["provider"], event["model"]) for event in sandbox.events()]
    assert found == ([expected] if expected else [])
    assert om.warning_counts()["unmetered"] == (0 if expected else 1)


def test_an_answer_without_usage_is_unknown(om: OpenMonetize, sandbox: Sandbox) -> None:
    for usage in (RequestUsage(), RequestUsage(unmeasured_requests=1, input_tokens=5)):
        model = Named(answering(usage), provider_name="openai", model_name="gpt-4o", usage=usage)
        for state in ("complete", "suspended"):
            model.names["state"] = state
            request = model_request(MeteredModel(model, om, **OWNER), [ModelRequest.user_text_prompt("Hi")])
            asyncio.run(request)
    assert tokens(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 2


def test_a_user_without_credits_is_denied_before_the_request(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders
) -> None:
    metering = Metering(om, user_id="acme-corp-user-without-wallet", feature_id="chat", require="deny")

    async def work(model: Any) -> None:
        for stream in (False, True):
            with pytest.raises(EntitlementDenied):
                await call(Agent(FallbackModel(model, model), capabilities=[metering]), stream)

    run(fake, "chat", work)
    assert not fake.requests
    assert tokens(om, sandbox) == []


def test_errors_of_metering_do_not_reach_the_run(om: OpenMonetize, fake: FakeProviders) -> None:
    """Nobody has named a user and a feature."""

    async def work(model: Any) -> Any:
        return await call(Agent(model, capabilities=[Metering(om)]))

    assert run(fake, "chat", work) == "Hello there"
    assert om.warning_counts()["unmetered"] == 1


def test_bad_arguments(om: OpenMonetize) -> None:
    for make in (Metering, lambda om, **values: MeteredModel("test", om, **values)):
        with pytest.raises(ValueError):
            make(om, provider="acme")
        with pytest.raises(TypeError):
            make(om, user_id=5)


def test_the_example_runs() -> None:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "120 tokens" in done.stdout
