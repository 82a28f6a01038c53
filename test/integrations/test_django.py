"""Django under WSGI and ASGI: users and features of events in every kind of view, and 402."""

from __future__ import annotations

import asyncio
import contextlib
import types
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest

pytest.importorskip("django")
pytest.importorskip("uvicorn")
pytest.importorskip("openai")

import django
import openai
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, SynchronousOnlyOperation
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import path
from django.utils.decorators import method_decorator
from django.utils.functional import SimpleLazyObject
from django.views import View

from openmonetize import ApiValueError, OpenMonetize
from openmonetize.integrations.django import UsageContext, require
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from . import web
from .web import POOR, USER, USERS, aread, ask, is_denial, pays, read, recorded, visit, visit_all

ours = types.SimpleNamespace()  # the clients of the running test


def user_of(request: Any) -> Any:
    return request.user.name


def facts_of(request: HttpRequest) -> dict[str, str]:
    return {"path": request.path}


def authentication(get_response: Any) -> Any:
    """Do as Django's own middleware: the user is read from the database when it is needed, and only in a thread."""

    def load(request: HttpRequest) -> Any:
        with contextlib.suppress(RuntimeError):
            asyncio.get_running_loop()
            raise SynchronousOnlyOperation("the database")
        return types.SimpleNamespace(name=request.headers["X-User"])

    def middleware(request: Any) -> Any:
        request.user = SimpleLazyObject(lambda: load(request))
        return get_response(request)

    return middleware


if not settings.configured:
    settings.configure(
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=__name__,
        DEBUG_PROPAGATE_EXCEPTIONS=False,
        LOGGING_CONFIG=None,
        MIDDLEWARE=["openmonetize.integrations.django.UsageContext", f"{__name__}.authentication"],
    )
    django.setup()

chat = require("chat", on_outage="deny")


async def acall(request: HttpRequest) -> None:
    """Call the provider. Under WSGI each async view has an event loop of its own, which connections cannot outlive."""
    async with openai.AsyncOpenAI(base_url=ours.openai_url, api_key="unused") as opened:
        await ours.om.wrap(opened).chat.completions.create(**ask(request.GET["tokens"]))


@chat
def plain(request: HttpRequest) -> HttpResponse:
    ours.client.chat.completions.create(**ask(request.GET["tokens"]))
    return HttpResponse("done")


@chat
async def in_loop(request: HttpRequest) -> HttpResponse:
    await acall(request)
    return HttpResponse("done")


@chat
def stream(request: HttpRequest) -> StreamingHttpResponse:
    def body() -> Iterator[bytes]:
        yield from read(ours.client.chat.completions.create(stream=True, **ask(request.GET["tokens"])))

    return StreamingHttpResponse(body())


@chat
async def async_stream(request: HttpRequest) -> StreamingHttpResponse:
    async def body() -> AsyncIterator[bytes]:
        async with openai.AsyncOpenAI(base_url=ours.openai_url, api_key="unused") as opened:
            stream = await ours.om.wrap(opened).chat.completions.create(stream=True, **ask(request.GET["tokens"]))
            async for part in aread(stream):
                yield part

    return StreamingHttpResponse(body())


@require("chat", user=lambda request: request.headers["X-User"], on_outage="deny")
def given(request: Any) -> HttpResponse:
    request.user = types.SimpleNamespace(name="somebody-else-000001")
    return plain(request)


@require("chat", user=lambda request: request.headers["X-User"], on_outage="deny")
async def async_given(request: Any) -> HttpResponse:
    request.user = types.SimpleNamespace(name="somebody-else-000001")
    await acall(request)
    return HttpResponse("done")


class Page(View):
    @method_decorator(chat)
    def get(self, request: HttpRequest) -> HttpResponse:
        return plain(request)


class AsyncPage(View):
    async def get(self, request: HttpRequest) -> HttpResponse:
        await ours.om.arequire("chat", on_outage="deny")
        await acall(request)
        return HttpResponse("done")


VIEWS: dict[str, Any] = {
    "plain": plain,
    "async": in_loop,
    "stream": stream,
    "async-stream": async_stream,
    "given": given,
    "async-given": async_given,
    "class": Page.as_view(),
    "async-class": AsyncPage.as_view(),
}
urlpatterns = [path(name, view) for name, view in VIEWS.items()]


@pytest.fixture
def clients(om: OpenMonetize, fake: FakeProviders) -> Iterator[None]:
    """Give the views their clients, and Django the setting."""
    ours.om = om
    ours.client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))
    ours.openai_url = fake.openai_url
    given = {"client": f"{__name__}.ours.om", "user_id": f"{__name__}.user_of", "feature_id": "chat"}
    with override_settings(OPENMONETIZE={**given, "client": om, "metadata": f"{__name__}.facts_of"}):
        yield
    ours.om = ours.client = None


def served(server: str) -> AbstractContextManager[str]:
    return web.uvicorn_of(ASGIHandler()) if server == "asgi" else web.wsgiref_of(WSGIHandler())


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("server", ["asgi", "wsgi"])
@pytest.mark.parametrize("kind", VIEWS)
def test_users_and_denials(
    clients: None, om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str, server: str
) -> None:
    pays(om, USER)
    with served(server) as url:
        reply = visit(url, f"/{kind}")
        assert (reply.status, reply.body) == (200, b"Hello there" if "stream" in kind else b"done")
        assert is_denial(visit(url, f"/{kind}", POOR))
    assert recorded(om, sandbox) == [(USER, "chat", 7)]
    assert sandbox.events()[0]["metadata"]["path"] == f"/{kind}"
    assert len(fake.requests) == 1


@pytest.mark.filterwarnings("ignore:StreamingHttpResponse must consume")
@pytest.mark.parametrize("server", ["asgi", "wsgi"])
def test_fifty_users_at_once(clients: None, om: OpenMonetize, sandbox: Sandbox, server: str) -> None:
    pays(om, *USERS)
    with served(server) as url:
        made = visit_all(url, ["/plain", "/async", "/stream", "/async-stream"])
    found = recorded(om, sandbox)
    assert len(found) == len(made)
    assert {(user, tokens) for user, _, tokens in found} == made


def test_a_body_that_is_left_early(clients: None, om: OpenMonetize, sandbox: Sandbox) -> None:
    pays(om, USER)
    request: Any = RequestFactory().get("/stream?tokens=7", HTTP_X_USER=USER)
    request.user = types.SimpleNamespace(name=USER)
    response: Any = UsageContext(stream)(request)
    assert next(iter(response))
    response.close()

    async def leave() -> None:
        request: Any = AsyncRequestFactory().get("/async-stream?tokens=7", headers={"X-User": USER})
        request.user = types.SimpleNamespace(name=USER)
        response: Any = await UsageContext(async_stream)(request)
        body = response._iterator
        assert await body.__anext__()
        await body.aclose()

    asyncio.run(leave())
    assert [(user, feature) for user, feature, _ in recorded(om, sandbox)] == [(USER, "chat")] * 2
    assert om._scope.get() is None


def test_other_answers_are_left_alone(clients: None, om: OpenMonetize) -> None:
    from django.http import FileResponse

    for response in (HttpResponse("done"), FileResponse([b"file"])):
        middleware = UsageContext(lambda _, response=response: response)  # type: ignore[misc]
        assert middleware(RequestFactory().get("/")) is response
        assert b"".join(response) in (b"done", b"file")


@pytest.mark.parametrize(
    "setting", [None, {}, {"client": "nowhere.om"}, {"client": None, "users": 1}, {"client": 1, "user_id": "a.b"}]
)
def test_wrong_settings_are_errors_at_the_start(setting: Any) -> None:
    def view(_: HttpRequest) -> HttpResponseBase:
        return HttpResponse()

    with override_settings(OPENMONETIZE=setting), pytest.raises(ImproperlyConfigured, match="OPENMONETIZE"):
        UsageContext(view)


def test_the_client_may_be_named(om: OpenMonetize, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("django.named_for_this_test", om, raising=False)
    with override_settings(OPENMONETIZE={"client": "django.named_for_this_test"}):
        assert UsageContext(lambda _: HttpResponse())._settings.om is om


def test_mistakes(clients: None) -> None:
    with pytest.raises(ApiValueError):
        require("chat", on_outage="perhaps")  # type: ignore[arg-type]
    with pytest.raises(RuntimeError, match="UsageContext"):
        plain(RequestFactory().get("/plain"))


def test_the_example() -> None:
    assert "402" in web.run_example("django_app.py")
