"""Each pair of layers that may see one call, and all at once: the call is one event, and each layer has told of it."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, FakeProviders

openai = pytest.importorskip("openai")

USER = "acme-corp-user-000001"
MESSAGES: Any = [{"role": "user", "content": "Hi"}]
CALLS = 3


class Program:
    """A program that makes calls, with some layers switched on.

    Attributes:
        wrap: whether its clients are wrapped.
        hooks: of runs of the OpenAI Agents SDK.
        capabilities: of agents of Pydantic AI.
        has_told: whether a layer that tells later has told of the last call.
    """

    def __init__(self, om: OpenMonetize, fake: FakeProviders, stack: ExitStack) -> None:
        self.om = om
        self.fake = fake
        self.stack = stack
        self.wrap = False
        self.hooks: Any = None
        self.has_told: Callable[[], bool] = lambda: True
        self.capabilities: list[Any] = []

    def client(self, kind: Any = openai.OpenAI) -> Any:
        made = kind(base_url=self.fake.openai_url, api_key="k", max_retries=0)
        if kind is openai.OpenAI:
            self.stack.callback(made.close)
        return self.om.wrap(made) if self.wrap else made


# Layers: what switches each on. Wrapped and instrumented clients are one layer, which tells of a call once.


def wrapped(program: Program) -> str:
    program.wrap = True
    return "client"


def instrumented(program: Program) -> str:
    program.om.instrument("openai")
    return "client"


def spans(program: Program) -> str:
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import ALWAYS_ON

    from openmonetize.integrations.opentelemetry import install

    provider = TracerProvider(sampler=ALWAYS_ON)
    install(provider, program.om)
    OpenAIInstrumentor().instrument(tracer_provider=provider, skip_dep_check=True)
    program.stack.callback(OpenAIInstrumentor().uninstrument)
    return "spans of opentelemetry.instrumentation.openai.v1"


def litellm_callback(program: Program) -> str:
    import litellm

    from openmonetize.integrations.litellm import MeteringLogger

    from .litellm_callbacks import forget_callbacks

    forget_callbacks()
    litellm.callbacks = [MeteringLogger(program.om)]
    program.stack.callback(litellm.in_memory_llm_clients_cache.flush_cache)
    program.stack.callback(forget_callbacks)
    calls = program.om._recording.make_sightings()._calls
    program.has_told = lambda: bool(calls) and "litellm" in calls[-1].layers
    return "litellm"


def langchain_handler(program: Program) -> str:
    from openmonetize.integrations.langchain import metering

    program.stack.enter_context(metering(program.om))
    return "langchain"


def agents_hooks(program: Program) -> str:
    from openmonetize.integrations.openai_agents import MeteringHooks

    program.hooks = MeteringHooks(program.om)
    return "openai-agents"


def pydantic_capability(program: Program) -> str:
    from openmonetize.integrations.pydantic_ai import Metering

    program.capabilities = [Metering(program.om)]
    return "pydantic-ai"


# Ways to make one call


def by_openai(program: Program, stream: bool) -> None:
    create = program.client().chat.completions.create
    if stream:
        list(create(model="gpt-4o", messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    else:
        create(model="gpt-4o", messages=MESSAGES)


def by_litellm(program: Program, stream: bool) -> None:
    import litellm

    given: Any = {"client": program.client()} if program.wrap else {}
    if stream:
        given.update(stream=True, stream_options={"include_usage": True})
    url = program.fake.openai_url
    answer = litellm.completion(model="openai/gpt-4o", messages=MESSAGES, api_base=url, api_key="k", **given)
    if stream:
        list(answer)


def by_langchain(program: Program, stream: bool) -> None:
    from langchain_openai import ChatOpenAI

    given: Any = {}
    if program.wrap:
        client, asynchronous = program.client(), program.client(openai.AsyncOpenAI)
        given = {"client": client.chat.completions, "async_client": asynchronous.chat.completions}
        given.update(root_client=client, root_async_client=asynchronous)
    model = ChatOpenAI(model="gpt-4o", base_url=program.fake.openai_url, api_key="k", stream_usage=True, **given)
    if stream:
        list(model.stream("Hi"))
    else:
        model.invoke("Hi")


def by_agents(program: Program, stream: bool) -> None:
    from agents import OpenAIChatCompletionsModel

    _run_agent(program, stream, OpenAIChatCompletionsModel("gpt-4o", program.client(openai.AsyncOpenAI)))


def by_agents_over_litellm(program: Program, stream: bool) -> None:
    from agents.extensions.models.litellm_model import LitellmModel

    _run_agent(program, stream, LitellmModel("openai/gpt-4o", base_url=program.fake.openai_url, api_key="k"))


def _run_agent(program: Program, stream: bool, model: Any) -> None:
    from agents import Agent, ModelSettings, RunConfig, Runner

    agent = Agent(name="greeter", model=model, model_settings=ModelSettings(include_usage=True))
    config = RunConfig(tracing_disabled=True)

    async def run() -> None:
        if not stream:
            await Runner.run(agent, "Hi", hooks=program.hooks, run_config=config)
        else:
            async for _ in Runner.run_streamed(agent, "Hi", hooks=program.hooks, run_config=config).stream_events():
                pass
        end = time.monotonic() + 5
        while not program.has_told() and time.monotonic() < end:
            await asyncio.sleep(0.02)  # LiteLLM tells of it in a task, which ends with the loop

    asyncio.run(run())


def by_pydantic_ai(program: Program, stream: bool) -> None:
    from pydantic_ai import Agent
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    provider = OpenAIProvider(openai_client=program.client(openai.AsyncOpenAI))
    agent: Any = Agent(OpenAIChatModel("gpt-4o", provider=provider), capabilities=program.capabilities)

    async def run() -> None:
        if not stream:
            await agent.run("Hi")
            return
        async with agent.run_stream("Hi") as result:
            async for _ in result.stream_text(delta=True):
                pass

    asyncio.run(run())


CLIENT = {"wrapped": wrapped, "instrumented": instrumented, "spans": spans}
# OpenLLMetry does not trace the raw responses that LiteLLM asks for.
RAW = {"wrapped": wrapped, "instrumented": instrumented}
LITELLM = {"litellm": litellm_callback}
AGENTS = {"agents": agents_hooks}
WAYS: dict[str, tuple[str, Any, dict[str, Callable[[Program], str]]]] = {
    "openai": ("openai", by_openai, CLIENT),
    "litellm": ("litellm", by_litellm, {**RAW, **LITELLM}),
    "langchain": ("langchain_openai", by_langchain, {**CLIENT, "langchain": langchain_handler}),
    "agents": ("agents", by_agents, {**CLIENT, **AGENTS}),
    "agents over litellm": ("agents", by_agents_over_litellm, {"instrumented": instrumented, **LITELLM, **AGENTS}),
    "pydantic-ai": ("pydantic_ai", by_pydantic_ai, {**CLIENT, "pydantic-ai": pydantic_capability}),
}


def cases() -> Iterator[Any]:
    """Yield each way with each pair of the layers that are there, and with all of them."""
    for name, (module, _, layers) in WAYS.items():
        if not _is_there(module) or ("litellm" in name and not _is_there("litellm")):
            continue
        there = [layer for layer in layers if layer != "spans" or _is_there("opentelemetry.instrumentation.openai")]
        chosen = [*itertools.combinations(there, 2), tuple(there)]
        for pair in dict.fromkeys(chosen):
            yield pytest.param(name, pair, id=f"{name}: {' + '.join(pair)}")


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # its package
        return False


@pytest.mark.usefixtures("unpatched")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*ReadOnly:UserWarning")
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("way", "layers"), list(cases()))
def test_one_call_is_one_event(
    om: OpenMonetize,
    sandbox: Sandbox,
    fake: FakeProviders,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
    layers: tuple[str, ...],
    stream: bool,
) -> None:
    monkeypatch.delenv("OTEL_SDK_DISABLED", raising=False)  # which the tests of CrewAI set
    _, call, known = WAYS[way]
    sightings = om._recording.make_sightings()
    fake.script = Answer("Hello there", input_tokens=100, output_tokens=20)
    with ExitStack() as stack:
        program = Program(om, fake, stack)
        names = {known[layer](program) for layer in layers}
        with om.context(user_id=USER, feature_id="chat"):
            for _ in range(CALLS):
                call(program, stream)
        # LiteLLM tells of calls later, on a thread.
        end = time.monotonic() + 10
        while [one.layers for one in sightings._calls] != [names] * CALLS:
            assert time.monotonic() < end, [one.layers for one in sightings._calls]
            time.sleep(0.02)
    om.flush()
    assert [(event["input_tokens"], event["output_tokens"]) for event in sandbox.events()] == [(100, 20)] * CALLS
    assert om.warning_counts()["unmetered"] == 0
