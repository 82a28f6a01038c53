"""The 56 operations that forward a body, a query and the rest of a path, and return the answer as it comes."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

import openmonetize
from openmonetize import ApiClient, ApiTypeError, ApiValueError, NotFoundException, UnexpectedBodyError

from .conftest import KEY
from .contract import Documented, forwarded
from .echo import Echo

each = pytest.mark.parametrize("operation", forwarded(), ids=str)
BELOW = [operation for operation in forwarded() if operation.path.endswith("{*}")]


def call(operation: Documented, client: ApiClient, variant: str = "", **arguments: Any) -> Any:
    if operation.path.endswith("{*}"):
        arguments.setdefault("wildcard", "summary/of/today")
    return getattr(openmonetize.DefaultApi(client), operation.name + variant)(**arguments)


def path(operation: Documented) -> str:
    return operation.path.replace("{*}", "summary/of/today")


@each
def test_body_query_and_path_are_forwarded(operation: Documented, client: ApiClient, echo: Echo) -> None:
    query = {"from": datetime(2026, 7, 1, tzinfo=timezone.utc), "tag": ["a b", "é&="], "deep": True, "left out": None}
    for variant in ("", "_with_http_info", "_without_preload_content"):
        call(operation, client, variant, body={"a": [1, None, "é"]}, query=query)
        seen = echo.last
        parts = urlsplit(seen.target)
        assert (seen.verb, parts.path) == (operation.verb, path(operation))
        assert parse_qsl(parts.query) == [
            ("from", "2026-07-01T00:00:00.000Z"),
            ("tag", "a b"),
            ("tag", "é&="),
            ("deep", "true"),
        ]
        assert (seen.headers["authorization"], seen.headers["content-type"]) == (f"Bearer {KEY}", "application/json")
        assert seen.headers["accept"] == "*/*"
        assert ("x-api-key" in seen.headers) == operation.path.startswith("/v1/events/")
        assert seen.body in (b'{"a":[1,null,"\\u00e9"]}', '{"a":[1,null,"é"]}'.encode())


@each
def test_all_arguments_may_be_omitted(operation: Documented, client: ApiClient, echo: Echo) -> None:
    call(operation, client)
    seen = echo.last
    assert (seen.verb, seen.target, seen.body) == (operation.verb, path(operation), b"")
    assert "content-type" not in seen.headers


@each
def test_the_answer_is_decoded_by_its_content_type(operation: Documented, client: ApiClient, echo: Echo) -> None:
    head = operation.verb == "HEAD"
    for kind, sent, expected in [
        ("application/json", b'{"a":[1,null]}', {"a": [1, None]}),
        ("application/json; charset=utf-8", b"[]", []),
        ("application/problem+json", b'"x"', "x"),
        ("text/plain; charset=utf-8", "é".encode(), "é"),
        ("text/html", b"<p>", "<p>"),
        ("application/octet-stream", b"\x00\xff", b"\x00\xff"),
        (None, b"x", b"x"),
        ("application/json", b"", None),
    ]:
        echo.answer(200, sent, kind)
        assert call(operation, client) == (None if head else expected)
        response = call(operation, client, "_with_http_info")
        assert (response.status_code, response.data) == (200, None if head else expected)
    for status in (201, 202):
        echo.answer(status, b"[1]", "application/json")
        assert call(operation, client) == (None if head else [1])
    echo.answer(204, b"", None)
    assert call(operation, client) is None


def test_a_body_may_be_bytes_or_text_of_another_type(client: ApiClient, echo: Echo) -> None:
    api = openmonetize.DefaultApi(client)
    api.v1_rating_post_0("a", b"\x00raw", _content_type="application/octet-stream")
    seen = echo.last
    assert (seen.body, seen.headers["content-type"]) == (b"\x00raw", "application/octet-stream")
    api.v1_rating_post_0("a", "é", _content_type="text/plain")
    assert echo.last.body == "é".encode()
    for plain, sent in ((0, b"0"), (False, b"false"), ([], b"[]"), ({}, b"{}"), ("x", b'"x"')):
        api.v1_rating_post_0("a", plain)
        assert echo.last.body == sent
    example = openmonetize.V1CreditsGrantPostRequest(amount=5)
    for model in (example, [example]):
        api.v1_rating_post_0("a", model)
        assert echo.last.body == (b'{"amount":5}' if model is example else b'[{"amount":5}]')


@pytest.mark.parametrize("operation", BELOW, ids=str)
def test_slashes_of_the_rest_are_kept_and_other_characters_quoted(
    operation: Documented, client: ApiClient, echo: Echo
) -> None:
    stem = operation.path[: -len("{*}")]
    for rest, sent in {
        "a": "a",
        "a/b/c": "a/b/c",
        "a b/é": "a%20b/%C3%A9",
        "a?b#c&d=e": "a%3Fb%23c%26d%3De",
        "50%/x%2Fy/%2e%2e": "50%25/x%252Fy/%252e%252e",
        "...": "...",
        ".hidden/..x": ".hidden/..x",
        "a;b:c@d": "a%3Bb%3Ac%40d",
        "{*}/{id}": "%7B%2A%7D/%7Bid%7D",
    }.items():
        call(operation, client, wildcard=rest)
        assert echo.last.target == stem + sent


@pytest.mark.parametrize("operation", BELOW, ids=str)
def test_a_rest_with_empty_or_dot_segments_is_refused(operation: Documented, client: ApiClient, echo: Echo) -> None:
    for odd in (
        "",
        "/",
        "/a",
        "a/",
        "a//b",
        ".",
        "..",
        "../a",
        "a/../b",
        "a/..",
        "a/./b",
        "./a",
        "a\0",
        "a\r\nb",
        "\ud800",
    ):
        with pytest.raises(ApiValueError, match="wildcard"):
            call(operation, client, wildcard=odd)
    none: Any = None
    for odd_type in (none, 5, b"a", ["a"]):
        with pytest.raises(ApiTypeError, match="wildcard"):
            call(operation, client, wildcard=odd_type)
    assert echo.seen == []


def test_faulty_queries_and_bodies_are_refused(client: ApiClient, echo: Echo) -> None:
    api: Any = openmonetize.DefaultApi(client)
    odd_query: Any
    for odd_query in ("a=1", [("a", 1)], 5):
        with pytest.raises(ApiTypeError, match="query"):
            api.v1_rating_get(query=odd_query)
    for query in ({"a": "\ud800"}, {"\ud800": "a"}):
        with pytest.raises((ApiValueError, ApiTypeError), match="query"):
            api.v1_rating_get(query=query)
    ring: dict[str, Any] = {}
    ring["ring"] = ring
    for body in (object(), {"a": {1}}, float("nan"), [float("inf")], ring):
        with pytest.raises(ApiValueError, match="body"):
            api.v1_rating_post(body=body)
    with pytest.raises(ApiTypeError, match=r"unknown argument 'qurey'.*did you mean query"):
        api.v1_rating_get(qurey={})
    assert echo.seen == []


@each
def test_failures_are_errors(operation: Documented, client: ApiClient, echo: Echo) -> None:
    message = f"Route {operation.verb}:{path(operation)} not found"
    echo.answer(404, b'{"statusCode":404,"error":"Not Found","message":"%s"}' % message.encode(), "application/json")
    with pytest.raises(NotFoundException) as caught:
        call(operation, client)
    if operation.verb != "HEAD":
        assert caught.value.message == message
        echo.answer(200, b"<html>", "application/json")
        with pytest.raises(UnexpectedBodyError):
            call(operation, client)
