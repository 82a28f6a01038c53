"""Visitors of metered web applications, and the servers that they visit."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

ROOT = Path(__file__).resolve().parents[2]
USERS = [f"acme-web-user-{number:06}" for number in range(1, 51)]
USER, POOR = USERS[0], "acme-web-nobody-000001"
MODEL = "gpt-4o-mini"


class Reply(NamedTuple):
    """What a visitor got."""

    status: int
    body: bytes
    type: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def ask(tokens: str | int) -> dict[str, Any]:
    """Return the arguments of a call of the fake provider that reads so many tokens: each visitor has a number."""
    return {"model": MODEL, "messages": [{"role": "user", "content": "word" * int(tokens)}]}


def async_openai(url: str) -> Any:
    """Return a client that keeps no connection, since the event loop of a test ends before it."""
    import httpx
    import openai

    keeps_none = httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0), timeout=60)
    return openai.AsyncOpenAI(base_url=url, api_key="unused", http_client=keeps_none)


def read(stream: Iterable[Any]) -> Iterator[bytes]:
    """Yield the texts of a streamed answer."""
    for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content.encode()


async def aread(stream: Any) -> Any:
    """Yield the texts of a streamed answer."""
    async for chunk in stream:
        if chunk.choices and chunk.choices[0].delta.content:
            yield chunk.choices[0].delta.content.encode()


def visit(url: str, path: str, user: str = USER, tokens: int = 7) -> Reply:
    """Get a page as a user, with a call of so many tokens."""
    connection = http.client.HTTPConnection(url.split("//")[1], timeout=60)
    try:
        connection.request("GET", f"{path}?tokens={tokens}", headers={"X-User": user})
        response = connection.getresponse()
        return Reply(response.status, response.read(), (response.getheader("content-type") or "").split(";")[0])
    finally:
        connection.close()


def visit_all(url: str, paths: Iterable[str]) -> set[tuple[str, int]]:
    """Visit the pages as fifty users at once. Return each user with the tokens of its call."""
    calls = [(path, user, number * 100 + at) for at, path in enumerate(paths) for number, user in enumerate(USERS, 1)]
    with ThreadPoolExecutor(len(USERS)) as visitors:
        replies = list(visitors.map(lambda call: visit(url, *call), calls))
    assert {reply.status for reply in replies} == {200}, replies
    return {(user, tokens) for _, user, tokens in calls}


def recorded(om: OpenMonetize, sandbox: Sandbox) -> list[tuple[str, str, int]]:
    """Deliver everything, and return user, feature and input tokens of all events."""
    assert om.flush(30)
    assert om.wait_billed(60)
    assert not om.warning_counts()["unmetered"]
    return stored(sandbox)


def stored(sandbox: Sandbox) -> list[tuple[str, str, int]]:
    """Return user, feature and input tokens of all events that the sandbox has."""
    return [(event["user_id"], event["feature_id"], event["input_tokens"]) for event in sandbox.events()]


def pays(om: OpenMonetize, *users: str) -> None:
    """Give users credits."""
    for user in users:
        om.credits.grant(user_id=user, amount=100_000)


def is_denial(reply: Reply, user: str = POOR) -> bool:
    """Return whether a reply is the answer to a user without a wallet."""
    body = reply.json
    assert (reply.status, reply.type) == (402, "application/json"), reply
    assert set(body) == {"detail", "user_id", "feature_id", "balance", "estimated_credits", "actions"}
    assert (body["user_id"], body["feature_id"]) == (user, "chat")
    assert body["detail"]
    assert body["actions"] and set(body["actions"][0]) == {"type", "label", "url"}
    return True


@contextlib.contextmanager
def uvicorn_of(app: Any) -> Iterator[str]:
    """Serve an ASGI application on this machine."""
    import uvicorn

    class Server(uvicorn.Server):
        started_event = threading.Event()

        async def startup(self, sockets: Any = None) -> None:
            await super().startup(sockets)
            self.started_event.set()

    server = Server(uvicorn.Config(app, port=0, log_level="error", lifespan="off", ws="none"))
    server.started_event = threading.Event()
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.started_event.wait(60)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(60)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


class _Pool(WSGIServer):
    """wsgiref with threads that serve one request after the other, as those of gunicorn do."""

    request_queue_size = 100

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.threads = ThreadPoolExecutor(8)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.threads.submit(self._serve, request, client_address)

    def _serve(self, request: Any, client_address: Any) -> None:
        try:
            self.finish_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
        finally:
            self.shutdown_request(request)


@contextlib.contextmanager
def wsgiref_of(app: Any) -> Iterator[str]:
    """Serve a WSGI application on this machine, with eight threads."""
    server = _Pool(("127.0.0.1", 0), _Quiet)
    server.set_app(app)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.threads.shutdown()
        server.server_close()


def environment(sandbox: Sandbox, fake: FakeProviders) -> dict[str, str]:
    """Return the environment of a program that uses both."""
    return {
        **os.environ,
        **fake.environment(),
        "OPENMONETIZE_BASE_URL": sandbox.url,
        "OPENMONETIZE_API_KEY": str(sandbox.key),
        "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "test"))),
    }


def run_example(name: str) -> str:
    """Run an example as its readers do, and return what it printed."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "examples" / "integrations" / name)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
