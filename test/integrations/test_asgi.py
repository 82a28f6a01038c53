"""The ASGI middleware by itself, around applications without a framework."""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

import pytest

pytest.importorskip("uvicorn")

from openmonetize import ApiTypeError, EntitlementDenied, OpenMonetize
from openmonetize.integrations.asgi import UsageContext
from openmonetize.sandbox import Sandbox

from .web import POOR, USERS, is_denial, recorded, uvicorn_of, visit, visit_all


def user_of(scope: Any) -> Any:
    return dict(scope["headers"])[b"x-user"].decode()


def tokens_of(scope: Any) -> int:
    return int(scope["query_string"].decode().split("=")[1])


async def start(send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})


async def part(send: Any, body: bytes, more: bool) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


class Run:
    """Calls an application as a server does, and keeps what it sends."""

    def __init__(self, app: Any, **scope: Any) -> None:
        self._app = app
        self.scope = {"type": "http", "headers": [(b"x-user", POOR.encode())], **scope}
        self.sent: list[Any] = []

    def __call__(self) -> list[Any]:
        async def receive() -> Any:
            return {"type": "http.request"}

        async def send(message: Any) -> None:
            self.sent.append(message)

        asyncio.run(self._app(self.scope, receive, send))
        return self.sent


def test_fifty_users_at_once(om: OpenMonetize, sandbox: Sandbox) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        for _ in range(3):
            await part(send, b"part", True)
            await asyncio.sleep(0)
        om.track_token_usage(provider="openai", model="gpt-4o", input_tokens=tokens_of(scope), output_tokens=1)
        await part(send, b"", False)

    with uvicorn_of(UsageContext(application, om, user_id=user_of, feature_id=lambda scope: scope["path"][1:])) as url:
        made = visit_all(url, ["/chat", "/reports"])
    found = recorded(om, sandbox)
    assert {(user, tokens) for user, _, tokens in found} == made
    assert sorted({feature for _, feature, _ in found}) == ["chat", "reports"]
    assert len(found) == 2 * len(USERS)


def test_a_denial_becomes_402(om: OpenMonetize) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await om.arequire("chat", on_outage="deny")

    with uvicorn_of(UsageContext(application, om, user_id=user_of)) as url:
        assert is_denial(visit(url, "/chat", POOR))


def test_a_denial_after_the_response_has_begun_is_the_servers(om: OpenMonetize) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await start(send)
        await om.arequire("chat", on_outage="deny")

    run = Run(UsageContext(application, om, user_id=user_of))
    with pytest.raises(EntitlementDenied):
        run()
    assert [message["type"] for message in run.sent] == ["http.response.start"]


@pytest.mark.parametrize("can_refuse", [False, True])
def test_a_denied_websocket(om: OpenMonetize, can_refuse: bool) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        await om.arequire("chat", on_outage="deny")

    extensions = {"websocket.http.response": {}} if can_refuse else None
    sent = Run(UsageContext(application, om, user_id=user_of), type="websocket", extensions=extensions)()
    if can_refuse:
        assert (sent[0]["type"], sent[0]["status"]) == ("websocket.http.response.start", 402)
        assert json.loads(sent[1]["body"])["user_id"] == POOR
    else:
        assert (sent[0]["type"], sent[0]["code"]) == ("websocket.close", 1008)


def test_the_lifespan_passes_through(om: OpenMonetize) -> None:
    async def application(scope: Any, receive: Any, send: Any) -> None:
        assert om._scope.get() is None
        await send({"type": "lifespan.startup.complete"})

    run = Run(UsageContext(application, om, user_id=user_of), type="lifespan")
    assert run() == [{"type": "lifespan.startup.complete"}]
    assert set(run.scope) == {"type", "headers"}


def test_functions_are_called_when_they_are_needed(om: OpenMonetize, caplog: pytest.LogCaptureFixture) -> None:
    """The user is not known before the application's own authentication."""
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        scope["user"] = "acme-ada-lovelace"
        current = om._scope.get()
        assert current is not None
        seen.append(current.fill(None, None, None))
        await start(send)

    app = UsageContext(
        application, om, user_id=lambda scope: scope["user"], feature_id="chat", metadata=lambda scope: scope["nothing"]
    )
    with caplog.at_level(logging.ERROR):
        Run(app)()
    assert seen == [("acme-ada-lovelace", "chat", None)]
    assert "metadata of a request" in caplog.text


def test_nested_middlewares(om: OpenMonetize) -> None:
    seen: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        current = om._scope.get()
        assert current is not None
        seen.append(current.fill(None, None, None))

    inner = UsageContext(application, om, feature_id="inner")
    Run(UsageContext(inner, om, user_id=user_of, feature_id="outer"))()
    assert seen[0][:2] == (POOR, "inner")


def test_mistakes_are_errors_at_once(om: OpenMonetize) -> None:
    async def application(*_: Any) -> None: ...

    with pytest.raises(ApiTypeError):
        UsageContext(application, om, user_id=7)  # type: ignore[arg-type]
    with pytest.raises(ApiTypeError):
        UsageContext(application, om, metadata="path")  # type: ignore[arg-type]
