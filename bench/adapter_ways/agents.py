"""LiteLLM, and frameworks of agents. Each function returns the ways to make one call."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import wait
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from adapter_ways.common import (
    IDLE,
    MESSAGES,
    MODEL,
    OURS,
    QUESTION,
    WITHOUT,
    Loop,
    Servers,
    Way,
    Ways,
    for_user,
    for_user_async,
    new_client,
    repeated,
)
from openmonetize import OpenMonetize


def litellm(at: Servers) -> Ways:
    """Call ``litellm.completion``."""
    call, telling, metered = _litellm(at)
    om, ours = metered

    def ask() -> object:
        return call.completion(f"openai/{MODEL}", MESSAGES, api_base=at.openai, api_key="unused")

    submitted: list[Any] = []
    submit = call.utils.executor.submit

    def noted(*args: Any, **kwargs: Any) -> Any:
        submitted.append(submit(*args, **kwargs))
        return submitted[-1]

    def all_told() -> None:
        wait(submitted)
        submitted.clear()

    call.utils.executor.submit = noted  # LiteLLM tells of calls on these threads
    plain = repeated(ask, all_told)
    return {
        WITHOUT: Way(plain, around=lambda: telling()),
        OURS: Way(repeated(for_user(om, at, ask), all_told), om, lambda: telling(ours)),
        IDLE: Way(plain, around=lambda: telling(_idle_logger())),
    }


def litellm_async(at: Servers) -> Ways:
    """Call ``litellm.acompletion``."""
    call, telling, metered = _litellm(at)
    from litellm.litellm_core_utils.logging_worker import GLOBAL_LOGGING_WORKER

    loop, (om, ours) = Loop(), metered

    async def ask() -> object:
        return await call.acompletion(f"openai/{MODEL}", MESSAGES, api_base=at.openai, api_key="unused")

    async def all_told() -> None:
        await asyncio.sleep(0.05)  # the last call is put into the queue of what is told a moment later
        await GLOBAL_LOGGING_WORKER.flush()

    plain = loop.repeated(ask, all_told)
    return {
        WITHOUT: Way(plain, around=lambda: telling()),
        OURS: Way(loop.repeated(for_user_async(om, at, ask), all_told), om, lambda: telling(ours)),
        IDLE: Way(plain, around=lambda: telling(_idle_logger())),
    }


def _litellm(at: Servers) -> tuple[Any, Callable[..., AbstractContextManager[None]], tuple[OpenMonetize, Any]]:
    """Return the library, what sets its callbacks, and a client with the adapter."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # else its import asks the network
    import litellm

    from openmonetize.integrations.litellm import MeteringLogger

    om = new_client(at)
    kinds = ("input", "success", "failure")
    lists = ["callbacks", *(f"{kind}_callback" for kind in kinds), *(f"_async_{kind}_callback" for kind in kinds)]

    @contextmanager
    def telling(*callbacks: Any) -> Iterator[None]:
        for name in lists:  # LiteLLM copies those of the first to the others
            setattr(litellm, name, [])
        litellm.callbacks = list(callbacks)
        yield

    return litellm, telling, (om, MeteringLogger(om))


def _idle_logger() -> Any:
    from litellm.integrations.custom_logger import CustomLogger

    return CustomLogger()


def agents_hooks(at: Servers) -> Ways:
    """Run an agent of the OpenAI Agents SDK, with hooks."""
    agents, loop, agent = _openai_agents(at)
    from openmonetize.integrations.openai_agents import MeteringHooks

    om = new_client(at)
    agents.set_trace_processors([])

    def running(hooks: Any) -> Callable[[], Awaitable[object]]:
        return lambda: agents.Runner.run(agent, QUESTION, hooks=hooks)

    return {
        WITHOUT: Way(loop.repeated(running(None))),
        OURS: Way(loop.repeated(for_user_async(om, at, running(MeteringHooks(om)))), om),
        IDLE: Way(loop.repeated(running(agents.RunHooks()))),
    }


def agents_tracing(at: Servers) -> Ways:
    """Run an agent of the OpenAI Agents SDK, whose spans a processor gets."""
    agents, loop, agent = _openai_agents(at)
    from agents.tracing import TracingProcessor

    from openmonetize.integrations.openai_agents import MeteringProcessor

    om = new_client(at)

    class Idle(TracingProcessor):
        def on_trace_start(self, trace: Any) -> None:
            pass

        on_trace_end = on_span_start = on_span_end = on_trace_start

        def shutdown(self) -> None:
            pass

        force_flush = shutdown

    def told(*processors: Any) -> AbstractContextManager[None]:
        agents.set_trace_processors(list(processors))
        return nullcontext()

    def run() -> Awaitable[object]:
        return agents.Runner.run(agent, QUESTION)  # type: ignore[no-any-return]

    return {
        WITHOUT: Way(loop.repeated(run), around=told),
        OURS: Way(loop.repeated(for_user_async(om, at, run)), om, lambda: told(MeteringProcessor(om))),
        IDLE: Way(loop.repeated(run), around=lambda: told(Idle())),
    }


def _openai_agents(at: Servers) -> tuple[Any, Loop, Any]:
    import agents
    from openai import AsyncOpenAI

    agents.set_default_openai_client(AsyncOpenAI(base_url=at.openai, api_key="unused"), use_for_tracing=False)
    return agents, Loop(), agents.Agent("greeter", model=MODEL)


def pydantic_ai(at: Servers) -> Ways:
    """Run an agent of Pydantic AI."""
    from opentelemetry.sdk.trace import TracerProvider
    from pydantic_ai import Agent
    from pydantic_ai.capabilities import AbstractCapability, Instrumentation
    from pydantic_ai.models.instrumented import InstrumentationSettings
    from pydantic_ai.models.openai import OpenAIChatModel
    from pydantic_ai.providers.openai import OpenAIProvider

    from openmonetize.integrations.pydantic_ai import Metering

    om, loop = new_client(at), Loop()
    model = OpenAIChatModel(MODEL, provider=OpenAIProvider(base_url=at.openai, api_key="unused"))

    def running(*capabilities: Any) -> Callable[[], Awaitable[object]]:
        agent = Agent(model, capabilities=capabilities)
        return lambda: agent.run(QUESTION)

    class Idle(AbstractCapability[Any]):
        async def before_model_request(self, ctx: Any, request_context: Any) -> Any:
            return request_context

    spans = Instrumentation(settings=InstrumentationSettings(tracer_provider=TracerProvider()))
    return {
        WITHOUT: Way(loop.repeated(running())),
        OURS: Way(loop.repeated(for_user_async(om, at, running(Metering(om)))), om),
        "a capability that does nothing": Way(loop.repeated(running(Idle()))),
        "its own spans": Way(loop.repeated(running(spans))),
    }


def google_adk(at: Servers) -> Ways:
    """Run an agent of Google ADK, each time in a new session."""
    os.environ.update(GOOGLE_API_KEY="unused", GOOGLE_GEMINI_BASE_URL=at.google)
    from google.adk.agents import LlmAgent
    from google.adk.apps import App
    from google.adk.plugins.base_plugin import BasePlugin
    from google.adk.runners import InMemoryRunner
    from google.genai import types

    from openmonetize.integrations.google_adk import MeteringPlugin

    om, loop = new_client(at), Loop()
    message = types.Content(role="user", parts=[types.Part(text=QUESTION)])

    def running(*plugins: Any) -> Callable[[], Awaitable[object]]:
        agent = LlmAgent(name="greeter", model="gemini-2.5-pro")
        runner = InMemoryRunner(app=App(name="app", root_agent=agent, plugins=list(plugins)))

        async def run() -> None:
            session = await runner.session_service.create_session(app_name="app", user_id=at.user)
            async for _ in runner.run_async(user_id=at.user, session_id=session.id, new_message=message):
                pass
            await runner.session_service.delete_session(app_name="app", user_id=at.user, session_id=session.id)

        return run

    return {
        WITHOUT: Way(loop.repeated(running())),
        OURS: Way(loop.repeated(for_user_async(om, at, running(MeteringPlugin(om)))), om),
        "a plugin that does nothing": Way(loop.repeated(running(BasePlugin(name="idle")))),
    }
