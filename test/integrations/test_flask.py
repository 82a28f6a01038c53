"""Flask behind threads and gunicorn: users and features of events in every kind of view, and 402."""

from __future__ import annotations

import logging
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("flask")
pytest.importorskip("openai")

import openai
from flask import Flask, Response, g, request, stream_with_context

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize
from openmonetize.integrations.flask import install, require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from . import web
from .web import POOR, USER, USERS, ask, is_denial, pays, read, recorded, visit, visit_all, wsgiref_of


def application(om: OpenMonetize, openai_url: str) -> Flask:
    """Return an application with a view of each kind."""
    app = Flask("shop")
    install(app, om, user_id=lambda: g.user, metadata=lambda: {"path": request.path})
    client = om.wrap(openai.OpenAI(base_url=openai_url, api_key="unused"))
    chat = require(om, "chat", on_outage="deny")

    @app.before_request
    def authenticate() -> None:
        g.user = request.headers["X-User"]

    @app.get("/plain")
    @chat
    def plain() -> str:
        client.chat.completions.create(**ask(request.args["tokens"]))
        return "done"

    @app.get("/async")
    @chat
    async def in_loop() -> str:
        async with openai.AsyncOpenAI(base_url=openai_url, api_key="unused") as opened:
            await om.wrap(opened).chat.completions.create(**ask(request.args["tokens"]))
        return "done"

    @app.get("/stream")
    @chat
    def stream() -> Response:
        def body() -> Iterator[bytes]:
            yield from read(client.chat.completions.create(stream=True, **ask(request.args["tokens"])))

        return Response(stream_with_context(body()))

    @app.get("/bare-stream")
    @chat
    def bare_stream() -> Response:
        return Response(read(client.chat.completions.create(stream=True, **ask(request.args["tokens"]))))

    @app.get("/given")
    @require(om, "chat", user=lambda: request.headers["X-User"], on_outage="deny")
    def given() -> str:
        g.user = "somebody-else-000001"
        client.chat.completions.create(**ask(request.args["tokens"]))
        return "done"

    return app


KINDS = ("plain", "async", "stream", "bare-stream", "given")


@pytest.mark.parametrize("kind", KINDS)
def test_users_and_denials(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str) -> None:
    pays(om, USER)
    with wsgiref_of(application(om, fake.openai_url)) as url:
        reply = visit(url, f"/{kind}")
        assert (reply.status, reply.body) == (200, b"Hello there" if "stream" in kind else b"done")
        assert is_denial(visit(url, f"/{kind}", POOR))
    assert recorded(om, sandbox) == [(USER, "chat", 7)]
    assert sandbox.events()[0]["metadata"]["path"] == f"/{kind}"
    assert len(fake.requests) == 1


def test_fifty_users_at_once(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    pays(om, *USERS)
    with wsgiref_of(application(om, fake.openai_url)) as url:
        made = visit_all(url, [f"/{kind}" for kind in KINDS])
    found = recorded(om, sandbox)
    assert len(found) == len(made)
    assert {(user, tokens) for user, _, tokens in found} == made


def test_a_body_that_is_left_early(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    pays(om, USER)
    app = application(om, fake.openai_url)
    for path in ("/stream", "/bare-stream"):
        response = app.test_client().get(f"{path}?tokens=7", headers={"X-User": USER}, buffered=False)
        assert next(iter(response.response))
        response.close()
    found = recorded(om, sandbox)
    assert [(user, feature) for user, feature, _ in found] == [(USER, "chat")] * 2
    assert om._scope.get() is None


def test_denials_of_the_view_itself(om: OpenMonetize) -> None:
    app = Flask("shop")
    install(app, om, user_id=lambda: request.headers["X-User"], feature_id="chat")

    @app.get("/sync")
    def sync() -> str:
        om.require(on_outage="deny")
        return ""

    @app.get("/async")
    async def in_loop() -> str:
        await om.arequire(on_outage="deny")
        return ""

    @app.get("/body")
    def body() -> Response:
        def steps() -> Iterator[str]:
            om.require(on_outage="deny")
            yield "never"

        return Response(stream_with_context(steps()))

    with wsgiref_of(app) as url:
        for path in ("/sync", "/async"):
            assert is_denial(visit(url, path, POOR))
        # Flask takes the first step of the body before its response begins, or leaves it to the middleware.
        assert is_denial(visit(url, "/body", POOR))


def test_errors_of_functions_do_not_break_requests(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, caplog: pytest.LogCaptureFixture
) -> None:
    app = Flask("shop")
    install(app, om, user_id=lambda: g.nobody, feature_id="chat", metadata=lambda: {"path": object()})
    client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))

    @app.get("/chat")
    def chat() -> str:
        client.chat.completions.create(**ask(1))
        return "done"

    with caplog.at_level(logging.ERROR):
        assert app.test_client().get("/chat").status_code == 200
    assert om.warning_counts()["unmetered"] == 1
    assert "metadata of a request" in caplog.text


def test_mistakes_are_errors_at_once(om: OpenMonetize) -> None:
    with pytest.raises(ApiValueError):
        require(om, "", on_outage="deny")
    with pytest.raises(ApiTypeError):
        install(Flask("shop"), om, user_id=7)  # type: ignore[arg-type]


def test_without_install_the_first_request_says_so(om: OpenMonetize) -> None:
    app = Flask("shop")
    app.testing = True
    app.add_url_rule("/chat", view_func=require(om, "chat", on_outage="deny")(lambda: ""), endpoint="chat")
    with pytest.raises(RuntimeError, match="install"):
        app.test_client().get("/chat")


GUNICORN = """
from openmonetize import OpenMonetize
from integrations.test_flask import application
import os

om = OpenMonetize()
app = application(om, os.environ["OPENAI_BASE_URL"])
"""


def test_gunicorn_with_threads(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, tmp_path: Path) -> None:
    settings = pytest.importorskip("gunicorn.config").make_settings()
    pays(om, *USERS)
    (tmp_path / "shop.py").write_text(GUNICORN)
    listening = socket.create_server(("127.0.0.1", 0), backlog=200)
    command = [sys.executable, "-m", "gunicorn", "--workers", "2", "--threads", "4"]
    command += ["--bind", f"fd://{listening.fileno()}", "--worker-tmp-dir", str(tmp_path)]
    command += ["--no-control-socket"] * ("control_socket" in settings)
    with (tmp_path / "log").open("wb") as log, listening:
        process = subprocess.Popen(
            [*command, "shop:app"],
            cwd=tmp_path,
            env=web.environment(sandbox, fake),
            stdout=log,
            stderr=log,
            pass_fds=[listening.fileno()],
        )
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        made = visit_all(url, [f"/{kind}" for kind in KINDS])
    finally:
        process.terminate()
        process.wait(60)
    found: list[Any] = web.stored(sandbox)
    assert len(found) == len(made), (tmp_path / "log").read_text()
    assert {(user, tokens) for user, _, tokens in found} == made


def test_the_example() -> None:
    assert "402" in web.run_example("flask_app.py")
