"""The sections of the guides whose libraries have environments of their own: where each runs, and what it bills.

`test_guides.py` runs them there. The tests of the guides, whose environment lacks these libraries, leave them out.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple

from openmonetize.testing.fake_providers import Answer, ToolCall

if TYPE_CHECKING:
    from docs.reader import Run

ADA, KATHERINE = "acme-ada-lovelace", "acme-katherine-johnson"
GPT, CLAUDE, GEMINI = "gpt-4o", "claude-4.5-sonnet", "gemini-2.5-pro"  # as the platform calls them


class Example(NamedTuple):
    """A section's example.

    Attributes:
        environment: the one that has its libraries (nox: ``frameworks``).
        events: user, feature, and model or unit of each event that it bills.
        around: run around it: what a reader has already, and does with it afterwards.
        answers: of the fake provider.
    """

    environment: str
    events: list[tuple[str, str, str]]
    around: Callable[[Run], AbstractContextManager[None]] = lambda run: nullcontext()
    answers: Sequence[Answer] = ()


def wait_for(run: Run, count: int) -> None:
    """Wait until so many events are delivered: some frameworks tell of calls on threads of their own, later."""
    until = time.monotonic() + 200
    while "om" not in run.names or not run.names["om"].flush() or run.names["om"].stats().accepted < count:
        assert time.monotonic() < until, "the events of the example do not come"
        time.sleep(0.05)


@contextmanager
def without_tracing(run: Run) -> Iterator[None]:
    """The framework would send its traces to OpenAI."""
    import agents

    agents.set_trace_processors([])
    yield


@contextmanager
def agent_of_tools(run: Run) -> Iterator[None]:
    """An agent calls both tools."""
    yield
    from mcp import Client

    async def call() -> None:
        async with Client(run.names["server"]) as agent:
            for tool in ("search", "render"):
                answer = await agent.call_tool(tool, {"query": "metering"})
                assert not answer.is_error, answer

    om = run.names["om"]
    om.credits.grant(user_id=ADA, amount=1000)
    with om.context(user_id=ADA):
        asyncio.run(call())


@contextmanager
def broker_with_a_message(run: Run) -> Iterator[None]:
    """A broker has a message, and when that is billed, the process is told to end."""
    from .kafka_broker import mock

    def end() -> None:
        wait_for(run, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    event = {"event_type": "TOKEN_USAGE", "provider": "openai", "model": GPT, "input_tokens": 100, "output_tokens": 20}
    with mock() as broker:
        broker.produce("usage", {**event, "user_id": ADA, "feature_id": "chat"})
        run.hosts["localhost:9092"] = broker.server
        thread = threading.Thread(target=end)
        thread.start()
        yield
        thread.join()


@contextmanager
def celery_worker(run: Run) -> Iterator[None]:
    """A worker runs the task that was sent."""
    yield
    from celery.contrib.testing.worker import start_worker

    with start_worker(run.names["app"], perform_ping_check=False):
        wait_for(run, 1)


def visit(run: Run, ask: Callable[[str], int]) -> None:
    """Visit an application as a user with credits and as one without any, by a function that returns the status."""
    run.names["om"].credits.grant(user_id=ADA, amount=1000)
    answered = ask("ada-lovelace"), ask("nobody")
    assert answered == (200, 402), answered


@contextmanager
def fastapi_visitors(run: Run) -> Iterator[None]:
    yield
    from fastapi.testclient import TestClient

    app, question = TestClient(run.names["app"]), {"question": "Why?"}
    visit(run, lambda user: int(app.post("/chat", params=question, headers={"X-User": user}).status_code))


@contextmanager
def flask_visitors(run: Run) -> Iterator[None]:
    yield
    app = run.names["app"].test_client()
    visit(run, lambda user: int(app.post("/chat?question=Why", headers={"X-User": user}).status_code))


@contextmanager
def django_visitors(run: Run) -> Iterator[None]:
    yield
    import django
    from django.conf import settings
    from django.test import Client
    from django.urls import path

    class Urls:
        urlpatterns = (path("chat", run.names["chat"]),)

    names = run.names
    middleware = [f"{__name__}.django_sign_in" if name is ... else name for name in names["MIDDLEWARE"]]
    settings.configure(
        MIDDLEWARE=middleware, OPENMONETIZE=names["OPENMONETIZE"], ROOT_URLCONF=Urls, ALLOWED_HOSTS=["*"]
    )
    django.setup()
    names["om"] = names["metering"].om
    visit(run, lambda user: Client().get("/chat", {"question": "Why?"}, headers={"X-User": user}).status_code)


def django_sign_in(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Do as Django's own middleware."""

    def middleware(request: Any) -> Any:
        request.user = SimpleNamespace(get_username=lambda: request.headers["X-User"])
        return get_response(request)

    return middleware


@contextmanager
def asgi_visitors(run: Run) -> Iterator[None]:
    yield
    from starlette.testclient import TestClient

    async def sign_in(scope: Any, receive: Any, send: Any) -> None:
        user = dict(scope["headers"])[b"x-user"].decode()
        await run.names["app"]({**scope, "user": SimpleNamespace(username=user)}, receive, send)

    visit(run, lambda user: int(TestClient(sign_in).get("/", headers={"X-User": user}).status_code))


# Pages whose sections build on each other, and that a test of their own runs: ``test_spark.py::test_the_guide_runs``.
WHOLE_PAGES = ("spark",)

EXAMPLES: dict[tuple[str, str], Example] = {  # by page and section
    ("frameworks", "LiteLLM"): Example("agents", [(ADA, "chat", CLAUDE)]),
    ("frameworks", "LangChain and LangGraph"): Example("chains", [(ADA, "chat", GPT)] * 2),
    ("frameworks", "LlamaIndex"): Example("chains", [(ADA, "search", GPT)]),
    ("frameworks", "CrewAI"): Example("chains", [(ADA, "research", GPT)]),
    ("frameworks", "instructor"): Example(
        "chains",
        [(ADA, "extract", GPT)] * 2,
        answers=[Answer("", tool_calls=[ToolCall("Person", {"age": age})]) for age in ("unknown", 36)],
    ),
    ("frameworks", "OpenAI Agents SDK"): Example("agents", [(KATHERINE, "chat", GPT)], without_tracing),
    ("frameworks", "Pydantic AI"): Example("agents", [(KATHERINE, "chat", GPT)]),
    ("frameworks", "Claude Agent SDK"): Example("agents", [(KATHERINE, "code", CLAUDE)]),
    ("frameworks", "Google ADK"): Example("agents", [(KATHERINE, "chat", GEMINI)]),
    ("opentelemetry", ""): Example("spans", [(ADA, "chat", GPT)]),
    ("mcp", "MCP: paid tools"): Example(
        "web", [(ADA, "mcp.search", "credits"), (ADA, "mcp.render", "credits")], agent_of_tools
    ),
    ("web", "FastAPI"): Example("web", [(ADA, "chat", GPT)], fastapi_visitors),
    ("web", "Flask"): Example("web", [(ADA, "chat", GPT)], flask_visitors),
    ("web", "Django"): Example("web", [(ADA, "chat", GPT)], django_visitors),
    ("web", "Celery"): Example("web", [(ADA, "reports", GPT)], celery_worker),
    ("web", "ASGI and WSGI"): Example("web", [(ADA, "chat", GPT)], asgi_visitors),
    ("kafka", ""): Example("web", [(ADA, "chat", GPT)], broker_with_a_message),
}
