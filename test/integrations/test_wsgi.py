"""WSGI applications of every shape, behind wsgiref with threads."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs
from wsgiref.validate import validator

import pytest

pytest.importorskip("openai")

import openai

from openmonetize import EntitlementDenied, OpenMonetize
from openmonetize.integrations.wsgi import UsageContext
from openmonetize.sandbox import Sandbox
from openmonetize.testing.fake_providers import FakeProviders

from .web import POOR, USER, USERS, Reply, ask, is_denial, pays, read, recorded, visit, visit_all, wsgiref_of

HEADERS = [("Content-Type", "text/plain")]


def user_of(environ: Any) -> Any:
    return environ["HTTP_X_USER"]


class Application:
    """Answers with a list, a generator, and an iterable that has to be closed."""

    def __init__(self, om: OpenMonetize, fake: FakeProviders) -> None:
        self._om = om
        self._client = om.wrap(openai.OpenAI(base_url=fake.openai_url, api_key="unused"))

    def __call__(self, environ: Any, start_response: Callable[..., Any]) -> Any:
        question = ask(parse_qs(environ["QUERY_STRING"])["tokens"][0])
        return getattr(self, environ["PATH_INFO"][1:])(question, start_response)

    def plain(self, question: Any, start_response: Callable[..., Any]) -> Any:
        self._om.require(on_outage="deny")
        self._client.chat.completions.create(**question)
        start_response("200 OK", HEADERS)
        return [b"Hello", b" there"]

    def lazy(self, question: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        self._om.require(on_outage="deny")
        start_response("200 OK", HEADERS)
        yield from read(self._client.chat.completions.create(stream=True, **question))

    def started(self, question: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)

        def body() -> Iterator[bytes]:
            self._om.require(on_outage="deny")  # nothing was sent yet
            yield from read(self._client.chat.completions.create(stream=True, **question))

        return body()

    def closing(self, question: Any, start_response: Callable[..., Any]) -> Any:
        self._om.require(on_outage="deny")
        start_response("200 OK", HEADERS)
        client = self._client

        class Body:
            def __iter__(self) -> Iterator[bytes]:
                return iter([b"Hello", b" there"])

            def close(self) -> None:
                client.chat.completions.create(**question)

        return Body()


KINDS = ("plain", "lazy", "started", "closing")


@pytest.mark.parametrize("kind", KINDS)
def test_users_and_denials(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders, kind: str) -> None:
    pays(om, USER)
    app = UsageContext(Application(om, fake), om, user_id=user_of, feature_id="chat", metadata={"app": "shop"})
    with wsgiref_of(app) as url:
        reply = visit(url, f"/{kind}")
        assert (reply.status, reply.body) == (200, b"Hello there")
        assert is_denial(visit(url, f"/{kind}", POOR))
    assert recorded(om, sandbox) == [(USER, "chat", 7)]
    assert sandbox.events()[0]["metadata"]["app"] == "shop"


def test_fifty_users_at_once(om: OpenMonetize, sandbox: Sandbox, fake: FakeProviders) -> None:
    pays(om, *USERS)
    with wsgiref_of(UsageContext(Application(om, fake), om, user_id=user_of, feature_id="chat")) as url:
        made = visit_all(url, [f"/{kind}" for kind in KINDS])
    found = recorded(om, sandbox)
    assert len(found) == len(made)
    assert {(user, tokens) for user, _, tokens in found} == made


def call(app: Any, user: str = USER, path: str = "/") -> Iterator[bytes]:
    environ = {"HTTP_X_USER": user, "QUERY_STRING": "tokens=7", "PATH_INFO": path}
    body: Iterator[bytes] = iter(app(environ, lambda *_: None))
    return body


def test_bodies_of_two_requests_in_one_thread_take_turns(om: OpenMonetize) -> None:
    def application(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        for _ in range(3):
            scope = om._scope.get()
            assert scope is not None
            yield scope.fill(None, None, None)[0].encode()

    app = UsageContext(application, om, user_id=user_of)
    one, other = call(app, "acme-one"), call(app, "acme-other")
    for _ in range(3):
        assert (next(one), next(other)) == (b"acme-one", b"acme-other")
        assert om._scope.get() is None


def test_an_error_of_the_application_leaves_nothing_behind(om: OpenMonetize) -> None:
    def application(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        yield b"first"
        raise LookupError("broken")

    body = call(UsageContext(application, om, user_id=user_of))
    assert next(body) == b"first"
    with pytest.raises(LookupError):
        next(body)
    assert om._scope.get() is None


def test_a_denial_after_the_first_part_is_the_servers(om: OpenMonetize) -> None:
    def application(environ: Any, start_response: Callable[..., Any]) -> Iterator[bytes]:
        start_response("200 OK", HEADERS)
        yield b"first"
        om.require("chat", on_outage="deny")

    body = call(UsageContext(application, om, user_id=user_of), POOR)
    assert next(body) == b"first"
    with pytest.raises(EntitlementDenied):
        next(body)


def test_a_middleware_within_another_adds_to_it(om: OpenMonetize) -> None:
    def application(environ: Any, start_response: Callable[..., Any]) -> list[bytes]:
        scope = om._scope.get()
        assert scope is not None
        return [str(scope.fill(None, None, None)[:2]).encode()]

    inner = UsageContext(application, om, feature_id="inner")
    app = UsageContext(inner, om, user_id=user_of, feature_id="outer")
    assert list(call(app)) == [str((USER, "inner")).encode()]


def test_files_are_left_to_the_server(om: OpenMonetize) -> None:
    class FileWrapper:
        def __init__(self, file: Any) -> None:
            self.file = file

    def application(environ: Any, start_response: Callable[..., Any]) -> Any:
        return environ["wsgi.file_wrapper"](io.BytesIO(b"file"))

    app: Any = UsageContext(application, om)
    assert isinstance(app({"wsgi.file_wrapper": FileWrapper}, lambda *_: None), FileWrapper)


def test_the_protocol_is_kept(om: OpenMonetize, fake: FakeProviders) -> None:
    pays(om, USER)
    app = UsageContext(validator(Application(om, fake)), om, user_id=user_of, feature_id="chat")
    with wsgiref_of(validator(app)) as url:
        for kind in KINDS:
            assert visit(url, f"/{kind}") == Reply(200, b"Hello there", "text/plain")
            if kind != "closing":
                assert is_denial(visit(url, f"/{kind}", POOR))
    assert sys.exc_info() == (None, None, None)
