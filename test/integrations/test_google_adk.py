"""Agents of Google ADK are metered by a plugin, each call of a model once."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("google.adk")

from google.adk.agents import LlmAgent
from google.adk.agents.run_config import RunConfig, StreamingMode
from google.adk.apps import App
from google.adk.models.base_llm import BaseLlm
from google.adk.models.google_llm import Gemini
from google.adk.models.llm_response import LlmResponse
from google.adk.plugins.base_plugin import BasePlugin
from google.adk.runners import InMemoryRunner
from google.adk.tools.agent_tool import AgentTool
from google.genai import Client, types
from pydantic import BaseModel

from openmonetize import EntitlementDenied, OpenMonetize
from openmonetize.integrations.google_adk import MeteringPlugin
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import Answer, Failure, FakeProviders, ToolCall

# The framework warns of its own parts, and leaves clients of google-genai open.
pytestmark = [pytest.mark.filterwarnings("ignore"), pytest.mark.usefixtures("at_the_fake")]

USER = "acme-corp-user-000001"
OWNER: dict[str, Any] = {"user_id": USER, "feature_id": "chat"}
MODEL = "gemini-2.5-pro"
ANSWER = Answer("Hello there", input_tokens=100, output_tokens=20)
EXAMPLE = Path(__file__).parents[2] / "examples" / "integrations" / "google_adk.py"

streamed = pytest.mark.parametrize("stream", [False, True])


@pytest.fixture
def fake() -> Iterator[FakeProviders]:
    with FakeProviders(script=ANSWER) as running:
        yield running


@pytest.fixture
def at_the_fake(fake: FakeProviders, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_API_KEY", "k")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", fake.google_url)


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as running:
        yield running


async def ask(
    agent: Any, *plugins: Any, stream: bool = False, user: str = "u", leave: int | None = None, runner: Any = None
) -> str:
    """Run an agent, and return the text of its last event; leave its events early, if wanted."""
    runner = runner or InMemoryRunner(app=App(name="app", root_agent=agent, plugins=list(plugins)))
    session = await runner.session_service.create_session(app_name="app", user_id=user)
    message = types.Content(role="user", parts=[types.Part(text="Hi")])
    config = RunConfig(streaming_mode=StreamingMode.SSE if stream else StreamingMode.NONE)
    text = ""
    events = runner.run_async(user_id=user, session_id=session.id, new_message=message, run_config=config)
    async with contextlib.aclosing(events):
        count = 0
        async for event in events:
            count += 1
            if count == leave:
                break
            parts = (event.content and event.content.parts) or []
            text = "".join(part.text or "" for part in parts) or text
    return text


def agent(model: Any = MODEL, **settings: Any) -> LlmAgent:
    return LlmAgent(name=settings.pop("name", "greeter"), model=model, **settings)


def billed(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[str, int, int]]:
    assert om.flush()
    return sorted((event["model"], event["input_tokens"], event["output_tokens"]) for event in sandbox.events())


@contextmanager
def metered_below(om: OpenMonetize, below: str) -> Iterator[Any]:
    """Give a model whose client is metered, or not."""
    if below == "instrumented":
        om.instrument("google-genai", **OWNER)
    model = Gemini(model=MODEL)
    if below == "wrapped":
        vars(model)["api_client"] = om.wrap(Client(), **OWNER)
    yield model


@pytest.mark.shows("Google ADK", "metered", "plain", "stream", "async")
@pytest.mark.shows("Google ADK", "once", "wrapped client below", "instrumented below")
@streamed
@pytest.mark.parametrize("below", ["client", "wrapped", "instrumented"])
def test_a_call_is_recorded_once(om: OpenMonetize, sandbox: Sandbox, stream: bool, below: str) -> None:
    with metered_below(om, below) as model:

        async def work() -> None:
            for _ in range(2):
                plugin = MeteringPlugin(om, metadata={"plan": "pro"}, **OWNER)
                assert await ask(agent(model), plugin, stream=stream) == "Hello there"

        asyncio.run(work())
    assert billed(om, sandbox) == [(MODEL, 100, 20)] * 2
    event = sandbox.events()[0]
    assert (event["user_id"], event["feature_id"], event["provider"]) == (USER, "chat", "GOOGLE")
    if below == "client":
        assert (event["metadata"]["plan"], event["metadata"]["agent"]) == ("pro", "greeter")
    assert om.warning_counts()["unmetered"] == 0


@streamed
@pytest.mark.parametrize("below", ["client", "wrapped"])
def test_caches_and_thoughts(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool, below: str) -> None:
    fake.script = Answer(input_tokens=100, output_tokens=20, cached_tokens=60, reasoning_tokens=15)
    with metered_below(om, below) as model:
        asyncio.run(ask(agent(model), MeteringPlugin(om, **OWNER), stream=stream))
    assert billed(om, sandbox) == [(MODEL, 100, 5)]
    facts = sandbox.events()[0]["metadata"]
    assert facts["gen_ai.usage.cache_read.input_tokens"] == 60
    assert facts["gen_ai.usage.reasoning.output_tokens"] == 15


@pytest.mark.shows("Google ADK", "metered", "tools")
@streamed
def test_tools_subagents_and_agents_as_tools(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool
) -> None:
    def look_up(word: str) -> str:
        """Look a word up."""
        return "b"

    fake.script = [
        Answer("", input_tokens=10, output_tokens=1, tool_calls=[ToolCall("look_up", {"word": "a"})]),
        Answer("", input_tokens=20, output_tokens=2, tool_calls=[ToolCall("expert", {"request": "a"})]),
        Answer("c", input_tokens=30, output_tokens=3),
        Answer("", input_tokens=40, output_tokens=4, tool_calls=[ToolCall("transfer_to_agent", {"agent_name": "sub"})]),
        Answer("d", input_tokens=50, output_tokens=5),
    ]
    root = agent(tools=[look_up, AgentTool(agent(name="expert"))], sub_agents=[agent(name="sub", description="x")])
    assert asyncio.run(ask(root, MeteringPlugin(om, **OWNER), stream=stream)) == "d"
    assert billed(om, sandbox) == [(MODEL, number * 10, number) for number in range(1, 6)]
    names = {event["input_tokens"]: event["metadata"]["agent"] for event in sandbox.events()}
    assert names == {10: "greeter", 20: "greeter", 30: "expert", 40: "greeter", 50: "sub"}


@pytest.mark.shows("Google ADK", "metered", "structured output")
def test_structured_output(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    class City(BaseModel):
        name: str

    fake.script = Answer('{"name": "Rome"}', input_tokens=100, output_tokens=20)
    assert asyncio.run(ask(agent(output_schema=City), MeteringPlugin(om, **OWNER))) == '{"name": "Rome"}'
    assert billed(om, sandbox) == [(MODEL, 100, 20)]


@pytest.mark.shows("Google ADK", "metered", "retry")
@pytest.mark.shows("Google ADK", "nothing", "error")
@streamed
def test_failures_and_retries(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, stream: bool) -> None:
    fake.script = [Failure(503), ANSWER, Failure(400)]
    retry = types.HttpRetryOptions(attempts=2, initial_delay=0.01, max_delay=0.01)
    plugin = MeteringPlugin(om, **OWNER)

    async def work() -> None:
        model = Gemini(model=MODEL, retry_options=retry)
        assert await ask(agent(model), plugin, stream=stream) == "Hello there"
        with pytest.raises(Exception, match="400"):
            await ask(agent(model), plugin, stream=stream)

    asyncio.run(work())
    assert billed(om, sandbox) == [(MODEL, 100, 20)]
    assert om.warning_counts()["unmetered"] == 0
    assert not plugin._calls


@pytest.mark.shows("Google ADK", "nothing", "cache hit")
def test_an_answer_that_a_plugin_gives_is_not_recorded(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    class Cache(BasePlugin):
        async def before_model_callback(self, **_: Any) -> LlmResponse:
            part = types.Part(text="kept")
            told = types.GenerateContentResponseUsageMetadata(prompt_token_count=100, candidates_token_count=20)
            return LlmResponse(content=types.Content(role="model", parts=[part]), usage_metadata=told)

    for plugins in ([Cache("cache"), MeteringPlugin(om, **OWNER)], [MeteringPlugin(om, **OWNER), Cache("cache")]):
        assert asyncio.run(ask(agent(), *plugins)) == "kept"
    assert not fake.requests
    assert billed(om, sandbox) == []


@pytest.mark.shows("Google ADK", "not told", "ended early")
@pytest.mark.parametrize("below", ["client", "wrapped"])
def test_a_stream_that_is_left_early(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, below: str) -> None:
    """Its end has the usage: only a wrapped client records what was told before. With aiohttp the library reads on."""
    fake.script = Answer("word " * 500, input_tokens=100, output_tokens=500)
    with metered_below(om, below) as model:
        asyncio.run(ask(agent(model), MeteringPlugin(om, **OWNER), stream=True, leave=1))
    assert len(billed(om, sandbox)) in ((0, 1) if below == "client" else (1,))


@streamed
def test_user_of_the_session_or_the_context(om: OpenMonetize, sandbox: Sandbox, stream: bool) -> None:
    users = [f"acme-corp-user-00000{number}" for number in range(6)]

    async def work() -> None:
        plugin = MeteringPlugin(om, feature_id="chat", session_user=True)
        await asyncio.gather(*(ask(agent(), plugin, stream=stream, user=user) for user in users[:3]))

        async def in_context(user: str) -> None:
            with om.context(user_id=user, feature_id="chat"):
                await ask(agent(), MeteringPlugin(om), stream=stream)

        await asyncio.gather(*(in_context(user) for user in users[3:]))

    asyncio.run(work())
    assert billed(om, sandbox) == [(MODEL, 100, 20)] * 6
    assert sorted(event["user_id"] for event in sandbox.events()) == users


def test_runner_run_needs_arguments(om: OpenMonetize, sandbox: Sandbox) -> None:
    """It runs on another thread, which knows nothing of the context."""
    runner = InMemoryRunner(app=App(name="app", root_agent=agent(), plugins=[MeteringPlugin(om, **OWNER)]))
    session = asyncio.run(runner.session_service.create_session(app_name="app", user_id="u"))
    message = types.Content(role="user", parts=[types.Part(text="Hi")])
    assert list(runner.run(user_id="u", session_id=session.id, new_message=message))
    assert billed(om, sandbox) == [(MODEL, 100, 20)]


class Other(BaseLlm):
    """A model of another vendor, as the framework's classes give its usage."""

    told: Any = None
    answers_as: Any = None

    async def generate_content_async(self, llm_request: Any, stream: bool = False) -> Any:
        content = types.Content(role="model", parts=[types.Part(text="Hi")])
        yield LlmResponse(content=content, usage_metadata=self.told, model_version=self.answers_as)


@pytest.mark.parametrize(
    ("model", "provider", "expected"),
    [
        ("openai/gpt-4o", None, ("OPENAI", "gpt-4o", 100, 20)),
        ("claude-sonnet-5", None, ("ANTHROPIC", "claude-sonnet-5", 40, 20)),
        ("gemini/gemini-2.5-pro", None, ("GOOGLE", "gemini-2.5-pro", 100, 15)),
        ("groq/llama", "openai", ("OPENAI", "llama", 100, 20)),
        ("groq/llama", None, None),
    ],
)
@pytest.mark.parametrize("inclusive", [False, True])
def test_other_vendors(
    om: OpenMonetize, sandbox: Sandbox, model: str, provider: str | None, expected: Any, inclusive: bool
) -> None:
    told = types.GenerateContentResponseUsageMetadata(
        prompt_token_count=100,
        cached_content_token_count=60,
        candidates_token_count=20 if inclusive else 15,
        thoughts_token_count=5,
        total_token_count=120,
    )
    asyncio.run(ask(agent(Other(model=model, told=told)), MeteringPlugin(om, provider=provider, **OWNER)))
    om.flush()
    found = [(e["provider"], e["model"], e["input_tokens"], e["output_tokens"]) for e in sandbox.events()]
    assert found == ([expected] if expected else [])
    assert om.warning_counts()["unmetered"] == (0 if expected else 1)


def test_a_model_that_answers_in_place_of_another(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    fallback = pytest.importorskip("google.adk.models._fallback_model").FallbackModel
    told = types.GenerateContentResponseUsageMetadata(prompt_token_count=100, candidates_token_count=20)
    fake.script = Failure(503)
    chain = fallback(models=[MODEL, Other(model="claude-sonnet-5", told=told, answers_as="claude-sonnet-5")])
    asyncio.run(ask(agent(chain), MeteringPlugin(om, **OWNER)))
    assert billed(om, sandbox) == [("claude-sonnet-5", 100, 20)]
    assert sandbox.events()[0]["provider"] == "ANTHROPIC"


def test_an_answer_without_usage_is_unknown(om: OpenMonetize, sandbox: Sandbox) -> None:
    for told in (None, types.GenerateContentResponseUsageMetadata()):
        asyncio.run(ask(agent(Other(model=MODEL, told=told)), MeteringPlugin(om, **OWNER)))
    assert billed(om, sandbox) == []
    assert om.warning_counts()["unmetered"] == 2


def test_a_user_without_credits_is_denied_before_the_call(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders
) -> None:
    plugin = MeteringPlugin(om, feature_id="chat", session_user=True, require="deny")
    with pytest.raises((EntitlementDenied, RuntimeError)) as raised:
        asyncio.run(ask(agent(), plugin, user="acme-corp-user-without-wallet"))
    causes = [raised.value, raised.value.__cause__, raised.value.__context__]
    assert any(isinstance(cause, EntitlementDenied) for cause in causes)
    assert not fake.requests


def test_errors_of_metering_do_not_reach_the_run(om: OpenMonetize) -> None:
    assert asyncio.run(ask(agent(), MeteringPlugin(om))) == "Hello there"
    assert om.warning_counts()["unmetered"] == 1


def test_bad_arguments(om: OpenMonetize) -> None:
    with pytest.raises(ValueError):
        MeteringPlugin(om, provider="acme")
    with pytest.raises(TypeError):
        MeteringPlugin(om, user_id=5)  # type: ignore[arg-type]


def test_the_example_runs() -> None:
    environment = {**os.environ, "PYTHONPATH": str(EXAMPLE.parents[2])}
    done = subprocess.run(
        [sys.executable, str(EXAMPLE)], env=environment, capture_output=True, text=True, timeout=200, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "120 tokens" in done.stdout
