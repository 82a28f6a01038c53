"""Metering of WSGI applications: whose usage a request's is, and 402 for what is denied.

    application = UsageContext(application, om, user_id=lambda environ: environ.get("REMOTE_USER"))

Works with every WSGI framework: Pyramid, Bottle, Falcon, ...; for Flask see `openmonetize.integrations.flask`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from openmonetize.gate import EntitlementDenied
from openmonetize.integrations._denial import denial_json
from openmonetize.integrations._request import RequestContext, RequestFacts, RequestId, RequestSettings

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

Environ = dict[str, Any]
App = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class UsageContext:
    """Middleware: what is recorded and checked in a request has its user, feature and metadata.

    They hold for the application's call, for each step of its body, and for the body's end. Between those the worker's
    thread is free of them, so that nothing of a request gets into the next. Threads that the application starts have
    them only if it copies the context (`contextvars.copy_context`). An `EntitlementDenied` that leaves the application
    before any part of the body is answered with 402 and JSON. The middleware inside another one of the same ``om`` adds
    to it.

    Args:
        app: the application.
        om: records the usage.
        user_id: the user, or a function of the WSGI environ that returns the user or None. It is called when an event
            is recorded or a check made, after the application's own authentication.
        feature_id: the feature, or such a function.
        metadata: facts to keep with every event, or a function of the environ, called as the request begins.

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

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        context = self._settings.context_within(environ)
        try:
            with context.open():
                body = self._app(environ, start_response)
        except EntitlementDenied as error:
            return [_refuse(error, start_response)]
        file_wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(body, (list, tuple)) or (isinstance(file_wrapper, type) and isinstance(body, file_wrapper)):
            return body  # no code of the application runs any more, and servers treat these in their own ways
        return _Body(body, context, start_response)


class _Body:
    """A body whose every step is taken in the context of its request."""

    def __init__(self, body: Iterable[bytes], context: RequestContext, start_response: Callable[..., Any]) -> None:
        self._body = body
        self._steps: Iterator[bytes] | None = None
        self._context = context
        self._start_response = start_response
        self._begun = False

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        try:
            with self._context.open():
                if self._steps is None:
                    self._steps = iter(self._body)
                part = next(self._steps)
        except EntitlementDenied as error:
            if self._begun:
                raise
            self._begun, self._steps = True, iter(())
            return _refuse(error, self._start_response)
        self._begun = self._begun or bool(part)  # a server sends the headers with the first part that is not empty
        return part

    def close(self) -> None:
        close = getattr(self._body, "close", None)
        if close is not None:
            with self._context.open():
                close()


def _refuse(error: EntitlementDenied, start_response: Callable[..., Any]) -> bytes:
    body = denial_json(error)
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    # The third argument replaces what the application has said to begin with, and is raised if that was sent already.
    start_response("402 Payment Required", headers, sys.exc_info())
    return body
