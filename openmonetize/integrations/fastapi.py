"""Metering of FastAPI applications: whose usage a request's is, checks as dependencies, 402 for what is denied.

    install(app, om)

    @app.post("/chat", responses=DENIED, dependencies=[Depends(require(om, "chat", user=user_id, on_outage="allow"))])
    async def chat(): ...

Needs the extra ``fastapi``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Optional

from fastapi import Depends, FastAPI
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection
from typing_extensions import Unpack

from openmonetize.gate import CheckResult, EntitlementDenied, Estimate, OnOutage
from openmonetize.integrations._denial import STATUS, denial
from openmonetize.integrations._request import RequestFacts, RequestId, RequestSettings, Requirement, context_in
from openmonetize.integrations.asgi import UsageContext

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize


class DeniedAction(BaseModel):
    """Something that the user can do about a denial."""

    type: Optional[str] = Field(description="create_wallet, purchase or upgrade")
    label: Optional[str] = Field(description="text for a button")
    url: Optional[str] = Field(description="path of a page of the platform's dashboard")


class Denied(BaseModel):
    """The body of an answer 402."""

    detail: str = Field(description="why the user may not go ahead")
    user_id: str
    feature_id: str
    balance: Optional[int] = Field(description="credits in the user's wallet; null without one")
    estimated_credits: Optional[int] = Field(description="expected cost in credits")
    actions: list[DeniedAction]


# For ``responses=`` of an endpoint, a router or the application.
DENIED: dict[int | str, dict[str, Any]] = {
    STATUS: {"model": Denied, "description": "The user may not use this feature now: too few credits, or a limit."}
}


def install(
    app: FastAPI,
    om: OpenMonetize,
    *,
    user_id: RequestId = None,
    feature_id: RequestId = None,
    metadata: RequestFacts = None,
) -> None:
    """Give the requests and websockets of an application their context, and answer `EntitlementDenied` with 402.

    What is recorded and checked in a request has its user, feature and metadata: in async and other endpoints, in
    dependencies, streamed bodies and background tasks. Applications that are mounted within this one are included;
    call it for those that use :func:`require` too, since each handles its own exceptions.

    Args:
        app: the application.
        om: records the usage.
        user_id: the user, or a function of the `HTTPConnection` (of which `Request` is a kind) that returns the user or
            None. It is called when an event is recorded or a check made, maybe on another thread. The ``user`` of
            :func:`require` comes before it.
        feature_id: the feature, or such a function. The feature of :func:`require` comes before it.
        metadata: facts to keep with every event, or a function of the connection, called as the request begins.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """
    RequestSettings(om, user_id, feature_id, metadata)  # a mistake is an error of this line, not of the first request
    app.add_middleware(
        UsageContext,
        om=om,
        user_id=_of_connection(user_id),
        feature_id=_of_connection(feature_id),
        metadata=_of_connection(metadata),
    )
    app.add_exception_handler(EntitlementDenied, _answer)


def require(
    om: OpenMonetize,
    feature_id: str,
    *,
    user: Callable[..., Any] | None = None,
    on_outage: OnOutage,
    **estimate: Unpack[Estimate],
) -> Callable[..., Awaitable[CheckResult]]:
    """Return a dependency, for ``Depends(...)``, that lets a request pass if its user may use a feature.

    User and feature become those of the request's context. A denial is answered with 402. The platform is asked on a
    thread, while the event loop goes on, and answers are cached for a few seconds; see `OpenMonetize.require`.

    Args:
        om: is asked. The application needs ``install(app, om)``.
        feature_id: the feature.
        user: another dependency, async or not, that returns the user's id; by default the user of the context.
        on_outage: ``"allow"`` or ``"deny"``: the answer if the platform gives none.
        **estimate: what the use is expected to take: ``provider``, ``model``, ``input_tokens``, ``output_tokens``, ...

    Returns:
        The dependency. Its value is the `CheckResult`.

    Raises:
        ApiTypeError, ApiValueError: the question is wrong.
    """
    requirement = Requirement(om, feature_id, on_outage, estimate)

    async def check(connection: HTTPConnection, user_id: Any = Depends(user or _of_context)) -> CheckResult:  # noqa: B008
        return await requirement.acheck(context_in(connection.scope, om), user_id)

    return check


async def _of_context() -> None:
    """Leave the user to the context."""


async def _answer(connection: Any, error: Exception) -> JSONResponse:
    if not isinstance(error, EntitlementDenied) or connection.scope["type"] == "websocket":
        raise error  # to the middleware, which can refuse a websocket
    return JSONResponse(denial(error), STATUS)


def _of_connection(value: Any) -> Any:
    return (lambda scope: value(HTTPConnection(scope))) if callable(value) else value
