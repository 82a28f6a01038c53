"""Metering of ASGI applications: whose usage a request's is, and 402 for what is denied.

    app = UsageContext(app, om, user_id=lambda scope: scope["user"].username)

Works with every ASGI framework: Starlette, Litestar, Quart, ...; for FastAPI see `openmonetize.integrations.fastapi`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from openmonetize.gate import EntitlementDenied
from openmonetize.integrations._denial import STATUS, denial_json
from openmonetize.integrations._request import RequestFacts, RequestId, RequestSettings

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]


class UsageContext:
    """Middleware: what is recorded and checked in a request or websocket has its user, feature and metadata.

    They hold for the endpoint, for a streamed body, for background tasks, and for threads and tasks that are started
    with a copy of the context, as `asyncio` does. An `EntitlementDenied` that leaves the application before it has
    begun its response is answered with 402 and JSON; a websocket is closed with 1008 then, or refused with 402 where
    the server can do so. The middleware inside another one of the same ``om`` adds to it.

    Args:
        app: the application.
        om: records the usage.
        user_id: the user, or a function of the ASGI scope that returns the user or None. It is called when an event is
            recorded or a check made, after the application's own authentication, and maybe on another thread.
        feature_id: the feature, or such a function.
        metadata: facts to keep with every event, or a function of the scope, called as the request begins.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    def __init__(
        self,
        app: App,
        om: OpenMonetize,
        *,
        user_id: RequestId = None,
        feature_id: RequestId = None,
        metadata: RequestFacts = None,
    ) -> None:
        self._app = app
        self._settings = RequestSettings(om, user_id, feature_id, metadata)

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):  # such as lifespan
            await self._app(scope, receive, send)
            return
        context = self._settings.context_within(scope)
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with context.open():
            try:
                await self._app(scope, receive, noting)
            except EntitlementDenied as error:
                if begun:
                    raise
                await _refuse(scope, error, send)


async def _refuse(scope: Message, error: EntitlementDenied, send: Send) -> None:
    kind, body = "http", denial_json(error)
    if scope["type"] == "websocket":
        if "websocket.http.response" not in (scope.get("extensions") or {}):
            await send({"type": "websocket.close", "code": 1008, "reason": error.check.reason or "denied"})
            return
        kind = "websocket.http"
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": f"{kind}.response.start", "status": STATUS, "headers": headers})
    await send({"type": f"{kind}.response.body", "body": body})
