"""Web frameworks, tools and tasks. Each function returns the ways to make one call."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from adapter_ways.common import (
    FEATURE,
    MESSAGES,
    MODEL,
    OURS,
    WITHOUT,
    Loop,
    Servers,
    Way,
    Ways,
    for_user,
    new_client,
    repeated,
)
from openmonetize import OpenMonetize

# Applications are called as servers call them.

_NOTHING = "a middleware that does nothing"


def _wsgi_call(app: Any, at: Servers) -> Callable[[], None]:
    """Return a function that visits a WSGI application."""
    usual = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/chat",
        "QUERY_STRING": "",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "HTTP_HOST": "localhost",
        "HTTP_X_USER": at.user,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }

    def start_response(status: str, headers: Any, error: Any = None) -> None:
        assert status.startswith("200 "), status

    def call() -> None:
        body = app({**usual, "wsgi.input": io.BytesIO()}, start_response)
        assert b"".join(body)
        getattr(body, "close", int)()

    return call


def _asgi_call(app: Any, at: Servers) -> Callable[[], Awaitable[None]]:
    """Return a function that visits an ASGI application."""
    usual = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/chat",
        "raw_path": b"/chat",
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-user", at.user.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        assert message.get("status", 200) == 200, message

    async def call() -> None:
        await app({**usual, "state": {}}, receive, send)

    return call


def _answers(at: Servers) -> tuple[OpenMonetize, Callable[[], str], Callable[[], str]]:
    """Return a client of ours, and functions that ask a model, with an openai client and with a wrapped one."""
    import openai

    om, client = new_client(at), openai.OpenAI(base_url=at.openai, api_key="unused")
    ours = om.wrap(client, feature_id=FEATURE)

    def asking(client: Any) -> Callable[[], str]:
        return lambda: client.chat.completions.create(model=MODEL, messages=MESSAGES).choices[0].message.content

    return om, asking(client), asking(ours)


def _says_hello() -> str:
    return "Hello there"


def flask(at: Servers) -> Ways:
    """Visit an endpoint that answers at once."""
    om = new_client(at)
    return {
        WITHOUT: Way(repeated(_wsgi_call(_flask_app(_says_hello), at))),
        OURS: Way(repeated(_wsgi_call(_flask_app(_says_hello, om), at))),
    }


def flask_asking(at: Servers) -> Ways:
    """Visit an endpoint that asks a model."""
    om, plain, ours = _answers(at)
    return {
        WITHOUT: Way(repeated(_wsgi_call(_flask_app(plain), at))),
        OURS: Way(repeated(_wsgi_call(_flask_app(ours, om), at)), om),
    }


def _flask_app(answer: Callable[[], str], om: OpenMonetize | None = None) -> Any:
    from flask import Flask, request

    from openmonetize.integrations.flask import install

    app = Flask("measured")
    app.get("/chat")(answer)
    if om is not None:
        install(app, om, user_id=lambda: request.headers["X-User"])
    return app


def django(at: Servers) -> Ways:
    """Visit a view that answers at once."""
    om = new_client(at)
    return {
        WITHOUT: Way(repeated(_wsgi_call(_django_app(_says_hello), at))),
        OURS: Way(repeated(_wsgi_call(_django_app(_says_hello, om), at))),
    }


def django_asking(at: Servers) -> Ways:
    """Visit a view that asks a model."""
    om, plain, ours = _answers(at)
    return {
        WITHOUT: Way(repeated(_wsgi_call(_django_app(plain), at))),
        OURS: Way(repeated(_wsgi_call(_django_app(ours, om), at)), om),
    }


def _django_app(answer: Callable[[], str], om: OpenMonetize | None = None) -> Any:
    """Return a project of its own: Django reads the settings when it is made, and the views with the first request."""
    import types

    import django
    from django.conf import settings
    from django.core.handlers.wsgi import WSGIHandler
    from django.http import HttpResponse
    from django.urls import path

    if not settings.configured:
        settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF="")
        django.setup()
    number = sum(name.startswith("measured_urls_") for name in sys.modules)
    urls = types.ModuleType(f"measured_urls_{number}")
    urls.urlpatterns = [path("chat", lambda request: HttpResponse(answer()))]  # type: ignore[attr-defined]
    sys.modules[urls.__name__] = urls
    settings.MIDDLEWARE = [f"{__name__}._UsesUrls"]
    _UsesUrls.next_urls = urls.__name__
    if om is not None:
        settings.MIDDLEWARE.append("openmonetize.integrations.django.UsageContext")
        settings.OPENMONETIZE = {"client": om, "user_id": lambda request: request.headers["X-User"]}
    return WSGIHandler()


class _UsesUrls:
    """A middleware of both projects, as one process has one setting."""

    next_urls = ""

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        self._get_response, self._urls = get_response, self.next_urls

    def __call__(self, request: Any) -> Any:
        request.urlconf = self._urls
        return self._get_response(request)


def fastapi(at: Servers) -> Ways:
    """Visit an endpoint that answers at once."""
    om, loop = new_client(at), Loop()

    async def answer() -> str:
        return _says_hello()

    return {
        WITHOUT: Way(loop.repeated(_asgi_call(_fastapi_app(answer), at))),
        OURS: Way(loop.repeated(_asgi_call(_fastapi_app(answer, om), at))),
        _NOTHING: Way(loop.repeated(_asgi_call(_fastapi_app(answer, idle=True), at))),
    }


def fastapi_asking(at: Servers) -> Ways:
    """Visit an endpoint that asks a model."""
    import openai

    om, loop = new_client(at), Loop()
    client = openai.AsyncOpenAI(base_url=at.openai, api_key="unused")

    def asking(client: Any) -> Callable[[], Awaitable[str]]:
        async def answer() -> str:
            answer = await client.chat.completions.create(model=MODEL, messages=MESSAGES)
            return str(answer.choices[0].message.content)

        return answer

    ours = asking(om.wrap(client, feature_id=FEATURE))
    return {
        WITHOUT: Way(loop.repeated(_asgi_call(_fastapi_app(asking(client)), at))),
        OURS: Way(loop.repeated(_asgi_call(_fastapi_app(ours, om), at)), om),
    }


def _fastapi_app(answer: Callable[[], Awaitable[str]], om: OpenMonetize | None = None, idle: bool = False) -> Any:
    from fastapi import FastAPI

    from openmonetize.integrations.fastapi import install

    class Idle:
        def __init__(self, app: Any) -> None:
            self._app = app

        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await self._app(scope, receive, send)

    app = FastAPI()
    app.get("/chat")(answer)
    if idle:
        app.add_middleware(Idle)
    if om is not None:
        install(app, om, user_id=lambda request: request.headers["X-User"])
    return app


# Tools and tasks

_OPEN = ExitStack()  # what stays until the process ends


def mcp(at: Servers) -> Ways:
    """Call a tool of an MCP server in the same process, over one connection for a turn."""
    from mcp import Client
    from mcp.server.mcpserver import MCPServer

    from openmonetize.integrations.mcp import PaidTools

    om, loop = new_client(at), Loop()

    async def pass_on(ctx: Any, call_next: Callable[[Any], Awaitable[Any]]) -> Any:
        return await call_next(ctx)

    def calling(*middleware: Any) -> Callable[[int], object]:
        server = MCPServer("measured", middleware=list(middleware))

        @server.tool()
        def search(query: str) -> str:
            return f"3 papers about {query}"

        async def calls(count: int) -> None:
            async with Client(server) as agent:
                for _ in range(count):
                    answer = await agent.call_tool("search", {"query": "metering"})
                    assert not answer.is_error, answer

        return lambda count: loop.run(calls(count))

    return {
        WITHOUT: Way(calling()),
        OURS: Way(calling(PaidTools(om, {"search": 5}, user_id=at.user)), om),
        _NOTHING: Way(calling(pass_on)),
    }


def celery(at: Servers) -> Ways:
    """Send a task to a worker in the same process, which does nothing."""
    from celery import Celery, signals
    from celery.contrib.testing.worker import start_worker

    from openmonetize.integrations.celery import install

    om = new_client(at)
    app = Celery("measured", broker="memory://", backend="cache+memory://")
    app.conf.broker_transport_options = {"polling_interval": 0.001}  # seconds; else it looks once a second
    carried: list[bool] = []
    done = threading.Semaphore(0)

    @app.task(ignore_result=True)
    def work() -> None:
        carried.append(om._scope.get() is not None)
        done.release()

    _OPEN.enter_context(start_worker(app, pool="solo", perform_ping_check=False))
    used = (signals.before_task_publish, signals.task_prerun, signals.task_postrun)

    @contextmanager
    def listening(listen: Callable[[], object]) -> Iterator[None]:
        before = [list(signal.receivers) for signal in used]
        listen()
        try:
            yield
        finally:
            for signal, receivers in zip(used, before):
                signal.receivers = receivers

    def sending(send: Callable[[], object], scoped: bool) -> Callable[[int], object]:
        def calls(count: int) -> None:
            carried.clear()
            for _ in range(count):
                send()
            for _ in range(count):
                done.acquire()
            assert carried == [scoped] * count

        return calls

    def do_nothing(**_: Any) -> None:
        pass

    return {
        WITHOUT: Way(sending(work.delay, False)),
        OURS: Way(sending(for_user(om, at, work.delay), True), around=lambda: listening(lambda: install(app, om))),
        "receivers that do nothing": Way(
            sending(work.delay, False),
            around=lambda: listening(lambda: [signal.connect(do_nothing, weak=False) for signal in used]),
        ),
    }
