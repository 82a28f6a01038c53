"""Metering of Django projects: whose usage a request's is, checks of views, 402 for what is denied.

    MIDDLEWARE = [..., "openmonetize.integrations.django.UsageContext"]
    OPENMONETIZE = {"client": "shop.metering.om", "user_id": lambda request: request.user.get_username()}

    @require("chat", on_outage="allow")
    def chat(request): ...

Needs the extra ``django``.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.http import FileResponse, HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.module_loading import import_string
from typing_extensions import Unpack

from openmonetize.gate import EntitlementDenied, Estimate, OnOutage
from openmonetize.integrations._denial import STATUS, denial
from openmonetize.integrations._request import RequestContext, RequestSettings, Requirement

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize

F = TypeVar("F", bound=Callable[..., Any])
_NAMES = ("client", "user_id", "feature_id", "metadata")
_KEY = "_openmonetize_context"


class UsageContext:
    """Middleware: what is recorded and checked in a request has its user, feature and metadata.

    They hold for views of both kinds, for the middlewares further inside, and for streamed bodies of both kinds, under
    WSGI and ASGI. An `EntitlementDenied` of a view is answered with 402 and JSON. Where it stands in ``MIDDLEWARE``
    does not matter for the user.

    The setting ``OPENMONETIZE`` is a dict of

        client: an `OpenMonetize`, or the dotted path of one.
        user_id: a function of the request, or the dotted path of one, that returns the user or None. It is called when
            an event is recorded or a check made. Before an async view it is called once in a thread where the database
            may be used, and what it returned then counts where it may not.
        feature_id: the feature, or a function of the request.
        metadata: facts to keep with every event; or a function of the request, or the dotted path of one, called as the
            request begins.

    All but the client may be left out.

    Args:
        get_response: the rest of the project.

    Raises:
        ImproperlyConfigured: the setting is missing or wrong.
        ApiTypeError, ApiValueError: a value cannot be sent.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self._get_response = get_response
        self._settings = _settings()
        self._async = iscoroutinefunction(get_response)
        if self._async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> Any:
        if self._async:
            return self._acall(request)
        context = self._context(request)
        with context.open():
            response = self._get_response(request)
        return _with_context(response, context)

    async def _acall(self, request: HttpRequest) -> HttpResponseBase:
        context = self._context(request)
        with context.open():
            response = await self._get_response(request)
        return _with_context(response, context)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], *_: Any) -> None:
        """Load the user before an async view, in which Django refuses to read the database."""
        if iscoroutinefunction(view):
            self._context(request).keep()

    def process_exception(self, request: HttpRequest, error: Exception) -> JsonResponse | None:
        """Answer a denial."""
        return JsonResponse(denial(error), status=STATUS) if isinstance(error, EntitlementDenied) else None

    def _context(self, request: HttpRequest) -> RequestContext:
        context = getattr(request, _KEY, None)
        if context is None:
            context = self._settings.context_of(request)
            setattr(request, _KEY, context)
        return context


def require(
    feature_id: str,
    *,
    user: str | Callable[[HttpRequest], str | None] | None = None,
    on_outage: OnOutage,
    **estimate: Unpack[Estimate],
) -> Callable[[F], F]:
    """Decorate a view, async or not, that runs only if its user may use a feature.

    User and feature become those of the request's context. A denial is answered with 402. Answers of the platform are
    cached for a few seconds; see `OpenMonetize.require`. For views that are classes, use Django's ``method_decorator``.

    Args:
        feature_id: the feature.
        user: the user's id, or a function of the request that returns it; by default the user of the context.
        on_outage: ``"allow"`` or ``"deny"``: the answer if the platform gives none.
        **estimate: what the use is expected to take: ``provider``, ``model``, ``input_tokens``, ``output_tokens``, ...
    """

    requirement = Requirement(None, feature_id, on_outage, estimate)  # settings may not be there yet

    def user_of(request: HttpRequest) -> str | None:
        return user(request) if callable(user) else user

    def decorate(view: F) -> F:
        if iscoroutinefunction(view):

            async def acheck(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                await requirement.acheck(getattr(request, _KEY, None), user_of(request))
                return await view(request, *args, **kwargs)

            return cast(F, functools.wraps(view)(acheck))

        def check(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            requirement.check(getattr(request, _KEY, None), user_of(request))
            return view(request, *args, **kwargs)

        return cast(F, functools.wraps(view)(check))

    return decorate


def _settings() -> RequestSettings:
    given = getattr(settings, "OPENMONETIZE", None)
    if not isinstance(given, dict) or "client" not in given or not set(_NAMES).issuperset(given):
        raise ImproperlyConfigured(f"the setting OPENMONETIZE must be a dict with a client, and may have {_NAMES[1:]}")
    om: OpenMonetize = _imported("client", given["client"])
    user_id, metadata = (_imported(name, given.get(name)) for name in ("user_id", "metadata"))
    return RequestSettings(om, user_id, given.get("feature_id"), metadata)


def _imported(name: str, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return import_string(value)
    except ImportError as error:
        raise ImproperlyConfigured(f"OPENMONETIZE[{name!r}]: {error}") from error


def _with_context(response: HttpResponseBase, context: RequestContext) -> HttpResponseBase:
    """Take the steps of a streamed body, and its end, in the context of the request, which is closed by then."""
    if isinstance(response, FileResponse) or not getattr(response, "streaming", False):
        return response
    streamed = cast(Any, response)
    context.keep()
    streamed.streaming_content = (_asteps if streamed.is_async else _steps)(streamed._iterator, context)
    close = response.close

    def close_in_context() -> None:
        with context.open():
            close()

    response.close = close_in_context
    return response


def _steps(body: Iterator[Any], context: RequestContext) -> Iterator[Any]:
    while True:
        with context.open():
            try:
                part = next(body)
            except StopIteration:
                return
        yield part


async def _asteps(body: AsyncIterator[Any], context: RequestContext) -> AsyncIterator[Any]:
    try:
        while True:
            with context.open():
                try:
                    part = await body.__anext__()
                except StopAsyncIteration:
                    return
            yield part
    finally:
        close = getattr(body, "aclose", None)
        if close is not None:
            with context.open():
                await close()
