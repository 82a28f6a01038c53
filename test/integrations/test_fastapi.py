"""FastAPI under uvicorn: users and features of events in every kind of endpoint, and 402."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("fastapi")
pytest.importorskip("uvicorn")
pytest.importorskip("openai")

import httpx
import openai
from fastapi import BackgroundTasks, Depends, FastAPI, Header, HTTPException, Request, WebSocket
from fastapi.responses import StreamingResponse
from starlette.testclient import TestClient

from openmonetize import ApiTypeError, ApiValueError, EntitlementDenied, OpenMonetize
from openmonetize.integrations.fastapi import DENIED, install, require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from . import web
from .web import (
    POOR,
    USER,
    USERS,
    aread,
    ask,
    async_openai,
    is_denial,
    pays,
    read,
    recorded,
    uvicorn_of,
    visit,
    visit_all,
)


def sync_user(x_user: str = Header()) -> str:
    if x_user == "unknown":
        raise HTTPException(401)
    return x_user


async def async_user(x_user: str = Header()) -> str:
    return x_user


def application(om: OpenMonetize, fake: FakeProviders, **settings: Any) -> FastAPI:
    """Return an application with an endpoint of each kind, for each kind of dependency."""
    app = FastAPI()
    install(app, om, metadata=lambda connection: {"path": connection.url.path}, **settings)
    sync_client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))
    client = om.wrap(async_openai(fake.openai_url))
    for name, user in (("sync", sync_user), ("async", async_user)):
        gate = {"dependencies": [Depends(require(om, "chat", user=user, on_outage="deny"))], "responses": DENIED}
        _endpoints(app, f"/{name}", gate, client, sync_client)
    return app


def _endpoints(app: FastAPI, prefix: str, gate: dict[str, Any], client: Any, sync_client: Any) -> None:
    @app.get(f"{prefix}/plain", **gate)
    async def plain(tokens: int) -> str:
        await asyncio.sleep(0)
        await client.chat.completions.create(**ask(tokens))
        return "done"

    @app.get(f"{prefix}/thread", **gate)
    def thread(tokens: int) -> str:
        sync_client.chat.completions.create(**ask(tokens))
        return "done"

    @app.get(f"{prefix}/stream", **gate)
    async def stream(tokens: int) -> StreamingResponse:
        async def body() -> Any:
            async for part in aread(await client.chat.completions.create(stream=True, **ask(tokens))):
                yield part

        return StreamingResponse(body())

    @app.get(f"{prefix}/thread-stream", **gate)
    def thread_stream(tokens: int) -> StreamingResponse:
        def body() -> Iterator[bytes]:
            yield from read(sync_client.chat.completions.create(stream=True, **ask(tokens)))

        return StreamingResponse(body())

    @app.get(f"{prefix}/background", **gate)
    async def background(tokens: int, tasks: BackgroundTasks) -> str:
        async def work() -> None:
            await client.chat.completions.create(**ask(tokens))

        tasks.add_task(work)
        return "done"

    @app.get(f"{prefix}/thread-background", **gate)
    def thread_background(tokens: int, tasks: BackgroundTasks) -> str:
        tasks.add_task(sync_client.chat.completions.create, **ask(tokens))
        return "done"

    @app.get(f"{prefix}/task", **gate)
    async def task(tokens: int) -> str:
        await asyncio.create_task(client.chat.completions.create(**ask(tokens)))
        return "done"


KINDS = ("plain", "thread", "stream", "thread-stream", "background", "thread-background", "task")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("user", ["sync", "async"])
def test_the_user_of_a_dependency(
    om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, user: str
) -> None:
    pays(om, USER)
    with uvicorn_of(application(om, fake)) as url:
        reply = visit(url, f"/{user}/{kind}")
        assert reply.status == 200
        assert reply.body == (b"Hello there" if "stream" in kind else b'"done"')
        assert is_denial(visit(url, f"/{user}/{kind}", POOR))
    assert recorded(om, sandbox) == [(USER, "chat", 7)]
    assert sandbox.events()[0]["metadata"]["path"] == f"/{user}/{kind}"
    assert len(fake.requests) == 1


def test_fifty_users_at_once(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    pays(om, *USERS)
    with uvicorn_of(application(om, fake)) as url:
        made = visit_all(url, [f"/sync/{kind}" for kind in KINDS])
    found = recorded(om, sandbox)
    assert len(found) == len(made)
    assert {(user, tokens) for user, _, tokens in found} == made


def test_users_of_install_are_asked_for_late(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    app = FastAPI()
    install(app, om, user_id=lambda connection: connection.state.user, feature_id="chat")
    client = om.wrap(async_openai(fake.openai_url))

    def authenticated(request: Request) -> None:  # in a thread
        request.state.user = request.headers["x-user"]

    @app.get("/chat", dependencies=[Depends(authenticated), Depends(require(om, "chat", on_outage="deny"))])
    async def chat(tokens: int) -> str:
        await client.chat.completions.create(**ask(tokens))
        return "done"

    pays(om, USER)
    with uvicorn_of(app) as url:
        assert visit(url, "/chat").status == 200
        assert is_denial(visit(url, "/chat", POOR))
    assert recorded(om, sandbox) == [(USER, "chat", 7)]


def test_denials_of_the_endpoint_itself(om: OpenMonetize) -> None:
    app = FastAPI()
    install(app, om, user_id=lambda connection: connection.headers["x-user"])
    sub = FastAPI()
    app.mount("/sub", sub)
    install(sub, om, feature_id="chat")

    @app.get("/async")
    async def in_loop() -> None:
        await om.arequire("chat", on_outage="deny")

    @app.get("/sync")
    def in_thread() -> None:
        om.require("chat", on_outage="deny")

    @sub.get("/async")
    async def in_sub() -> None:
        await om.arequire(on_outage="deny")

    with uvicorn_of(app) as url:
        for path in ("/async", "/sync", "/sub/async"):
            assert is_denial(visit(url, path, POOR))


def test_a_denial_within_a_streamed_body_breaks_it_off(om: OpenMonetize) -> None:
    app = FastAPI()
    install(app, om, user_id=POOR)

    @app.get("/chat")
    async def chat() -> StreamingResponse:
        async def body() -> Any:
            yield b"first"
            await om.arequire("chat", on_outage="deny")

        return StreamingResponse(body())

    with TestClient(app) as client, pytest.raises(Exception) as caught:
        client.get("/chat")
    # Starlette wraps it: in a RuntimeError of its own, or the older ones in a group.
    assert any(isinstance(error, EntitlementDenied) for error in _parts(caught.value))


def _parts(error: BaseException) -> list[BaseException]:
    parts = [*getattr(error, "exceptions", ()), *([error.__cause__] if error.__cause__ else ())]
    return [error, *(inner for part in parts for inner in _parts(part))]


def test_websockets(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    app = FastAPI()
    install(app, om)
    client = om.wrap(async_openai(fake.openai_url))

    checked = Depends(require(om, "chat", user=sync_user, on_outage="deny"))

    @app.websocket("/chat")
    async def chat(socket: WebSocket, check: Any = checked) -> None:
        await socket.accept()
        await client.chat.completions.create(**ask(await socket.receive_text()))
        await socket.send_text(check.source)
        await socket.close()

    pays(om, USER)
    with TestClient(app) as visitor:
        with visitor.websocket_connect("/chat", headers={"X-User": USER}) as socket:
            socket.send_text("7")
            assert socket.receive_text() == "platform"
        with pytest.raises(Exception) as caught, visitor.websocket_connect("/chat", headers={"X-User": POOR}):
            pass
    refused: Any = caught.value
    assert getattr(refused, "code", None) == 1008 or refused.status_code == 402
    assert recorded(om, sandbox) == [(USER, "chat", 7)]


def test_nothing_of_a_request_stays(om: OpenMonetize) -> None:
    """Some servers, and httpx here, run several requests in one task."""
    app = FastAPI()
    install(app, om, feature_id="chat")

    @app.get("/chat", dependencies=[Depends(require(om, "chat", user=sync_user, on_outage="deny"))])
    async def chat() -> str:
        return "done"

    @app.get("/open")
    async def open_to_all() -> Any:
        scope = om._scope.get()
        assert scope is not None
        return scope.fill(None, None, None)[0]

    async def visits() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app.example") as client:
            with om.context(user_id="outer-user-1"):
                assert (await client.get("/chat", headers={"X-User": USER})).status_code == 200
                assert (await client.get("/open")).json() == "outer-user-1"
            assert (await client.get("/open")).json() is None
            assert om._scope.get() is None

    pays(om, USER)
    asyncio.run(visits())


def test_the_event_loop_goes_on_during_a_check(om: OpenMonetize, sandbox: Sandbox) -> None:
    app = FastAPI()
    install(app, om)
    threads: list[threading.Thread] = []

    @app.get("/chat", dependencies=[Depends(require(om, "chat", user=sync_user, on_outage="allow"))])
    async def chat() -> str:
        threads.append(threading.current_thread())
        return "done"

    with uvicorn_of(app) as url:
        sandbox.stop()  # no answer: the policy decides
        assert visit(url, "/chat").status == 200


def test_authentication_comes_first(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    with uvicorn_of(application(om, fake)) as url:
        assert visit(url, "/sync/plain", "unknown").status == 401
    assert not [request for request in sandbox.requests if "check" in request["target"]]


def test_openapi_tells_of_402(om: OpenMonetize, fake: FakeProviders) -> None:
    document = application(om, fake).openapi()
    answer = document["paths"]["/sync/plain"]["get"]["responses"]["402"]
    assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Denied"}
    assert set(document["components"]["schemas"]["Denied"]["properties"]) >= {"detail", "balance", "actions"}


def test_mistakes_are_errors_at_once(om: OpenMonetize) -> None:
    with pytest.raises(ApiValueError):
        require(om, "", on_outage="deny")
    with pytest.raises(ApiValueError):
        require(om, "chat", on_outage="perhaps")  # type: ignore[arg-type]
    with pytest.raises(ApiTypeError):
        install(FastAPI(), om, user_id=7)  # type: ignore[arg-type]


def test_without_install_the_first_request_says_so(om: OpenMonetize) -> None:
    app = FastAPI()

    @app.get("/chat", dependencies=[Depends(require(om, "chat", user=sync_user, on_outage="deny"))])
    async def chat() -> None: ...

    with TestClient(app) as client, pytest.raises(RuntimeError, match="install"):
        client.get("/chat", headers={"X-User": USER})


def test_dependencies_can_be_overridden_as_ever(om: OpenMonetize, fake: FakeProviders) -> None:
    app = application(om, fake)
    app.dependency_overrides[sync_user] = lambda: POOR
    with TestClient(app) as client:
        assert client.get("/sync/plain?tokens=1").json()["user_id"] == POOR


def test_the_example() -> None:
    assert "402" in web.run_example("fastapi_app.py")
