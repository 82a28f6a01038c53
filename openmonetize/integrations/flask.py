"""Metering of Flask applications: whose usage a request's is, checks of views, 402 for what is denied.

    install(app, om, user_id=lambda: g.user)

    @app.post("/chat")
    @require(om, "chat", on_outage="allow")
    def chat(): ...

Needs the extra ``flask``; ``flask[async]`` for async views.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Optional, TypeVar, Union, cast

from flask import Flask, Response, current_app, jsonify, request
from typing_extensions import Unpack

from openmonetize.gate import EntitlementDenied, Estimate, OnOutage
from openmonetize.integrations._denial import STATUS, denial
from openmonetize.integrations._request import Requirement, context_in
from openmonetize.integrations.wsgi import UsageContext

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

F = TypeVar("F", bound=Callable[..., Any])
Id = Union[str, Callable[[], Optional[str]], None]
Facts = Union[Mapping[str, Any], Callable[[], Optional[Mapping[str, Any]]], None]


def install(app: Flask, om: OpenMonetize, *, user_id: Id = None, feature_id: Id = None, metadata: Facts = None) -> None:
    """Give the requests of an application their context, and answer `EntitlementDenied` with 402 and JSON.

    What is recorded and checked in a request has its user, feature and metadata: in views of both kinds, and in
    streamed bodies. Threads that a view starts have them only if it copies the context (`contextvars.copy_context`),
    and the functions only within ``flask.copy_current_request_context``.

    Args:
        app: the application.
        om: records the usage.
        user_id: the user, or a function without arguments that returns the user or None. It is called when an event is
            recorded or a check made, and may use ``flask.g``, ``flask.request`` and ``current_user``. In a body that
            is streamed without ``stream_with_context``, where Flask has ended those, it is what it was after the view.
        feature_id: the feature, or such a function.
        metadata: facts to keep with every event, or a function without arguments. It is called as the request begins,
            with ``flask.request`` of that moment.

    Raises:
        ApiTypeError, ApiValueError: a value cannot be sent.
    """
    wsgi_app = app.wsgi_app
    app.wsgi_app = UsageContext(
        wsgi_app,
        om,
        user_id=_of_environ(user_id),
        feature_id=_of_environ(feature_id),
        metadata=_in_request(app, metadata),
    )

    def keep(response: Response) -> Response:
        context = context_in(request.environ, om)
        if response.is_streamed and context is not None:
            context.keep()
        return response

    app.after_request(keep)
    app.register_error_handler(EntitlementDenied, _answer)


def require(
    om: OpenMonetize,
    feature_id: str,
    *,
    user: Id = None,
    on_outage: OnOutage,
    **estimate: Unpack[Estimate],
) -> Callable[[F], F]:
    """Decorate a view, async or not, that runs only if its user may use a feature.

    User and feature become those of the request's context. A denial is answered with 402. Answers of the platform are
    cached for a few seconds; see `OpenMonetize.require`.

    Args:
        om: is asked. The application needs ``install(app, om)``.
        feature_id: the feature.
        user: the user's id, or a function without arguments that returns it; by default the user of the context.
        on_outage: ``"allow"`` or ``"deny"``: the answer if the platform gives none.
        **estimate: what the use is expected to take: ``provider``, ``model``, ``input_tokens``, ``output_tokens``, ...

    Raises:
        ApiTypeError, ApiValueError: the question is wrong.
    """
    requirement = Requirement(om, feature_id, on_outage, estimate)

    def decorate(view: F) -> F:
        if inspect.iscoroutinefunction(view):

            async def acheck(*args: Any, **kwargs: Any) -> Any:
                await requirement.acheck(context_in(request.environ, om), user() if callable(user) else user)
                return await view(*args, **kwargs)

            return cast(F, functools.wraps(view)(acheck))

        def check(*args: Any, **kwargs: Any) -> Any:
            requirement.check(context_in(request.environ, om), user() if callable(user) else user)
            return current_app.ensure_sync(view)(*args, **kwargs)

        return cast(F, functools.wraps(view)(check))

    return decorate


def _answer(error: EntitlementDenied) -> tuple[Response, int]:
    return jsonify(denial(error)), STATUS


def _of_environ(value: Any) -> Any:
    return (lambda _: value()) if callable(value) else value


def _in_request(app: Flask, metadata: Any) -> Any:
    def facts(environ: Any) -> Any:
        with app.request_context(environ):
            return metadata()

    return facts if callable(metadata) else metadata
