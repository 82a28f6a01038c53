"""Whatever a caller passes, the request that arrives is the one that was meant, or none does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from http_client.loopback import Loopback, answer
from hypothesis import given, strategies as st

from openmonetize import ApiClient, Configuration, OpenApiException, UsersApi

from .corpus import cases, many
from .ledger import KEY

# Of every request, whatever the caller passes.
OWN = {"host", "connection", "accept-encoding", "user-agent", "accept", "x-request-id", "authorization", "x-api-key"}
OF_BODIES = {"content-length", "content-type"}
odd = st.text(alphabet=st.sampled_from("a1-_ :;,/?#%&=.\\\"'@\t\r\n\0\x7fé☃\ud800"), max_size=8)
names = st.sampled_from(["X-Mine", "content-length", "Transfer-Encoding", "Host", "authorization", "x y"]) | odd
values = odd | st.text(max_size=10)
queries = st.dictionaries(odd, st.none() | st.integers() | st.booleans() | odd | st.lists(odd, max_size=2), max_size=3)
bodies = st.none() | st.binary(max_size=20) | st.dictionaries(odd, st.integers() | odd | st.floats(), max_size=3)


@pytest.fixture(scope="module")
def server() -> Iterator[Loopback]:
    with Loopback(default=answer(200, {"data": {}})) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: Loopback) -> Iterator[ApiClient]:
    with ApiClient(Configuration(server.url, {"bearerAuth": KEY}, retries=0, timeout=5)) as client:
        yield client


def check(options: dict[str, Any], query: Any, body: Any, server: Loopback, client: ApiClient) -> None:
    """A request arrives with exactly what was passed, or is refused before anything is sent."""
    server.requests.clear()
    refusal: OpenApiException | None = None
    try:
        client.call_api("POST", "/v1/x", query=query, body=body, **options)
    except OpenApiException as error:
        refusal = error
    if refusal is not None:
        assert KEY not in f"{refusal}{refusal!r}"
        assert not server.requests
        return
    (request,) = server.requests
    target = urlsplit(request.target)
    assert (request.method, target.path) == ("POST", "/v1/x")
    said = {True: "true", False: "false"}
    pairs = [
        (name, said[one] if isinstance(one, bool) else str(one))
        for name, value in (query or {}).items()
        for one in (value if isinstance(value, list) else [value])
        if one is not None
    ]
    assert parse_qsl(target.query, keep_blank_values=True, strict_parsing=bool(target.query)) == pairs
    given_headers = {name.lower(): value for name, value in options.get("_headers", {}).items()}
    assert set(request.headers) <= OWN | OF_BODIES | set(given_headers)
    assert len(request.lines) == len(request.headers)  # no header came twice, or in another's value
    for name, value in given_headers.items():
        assert request.headers[name] == value.strip()
    if isinstance(body, dict):
        assert request.json == json.loads(json.dumps(body))
    else:
        assert request.body == (body or b"")


@many(250)
@given(headers=st.dictionaries(names, values, max_size=3), query=queries, body=bodies, key=st.none() | values)
def test_any_arguments(headers: Any, query: Any, body: Any, key: Any, server: Loopback, client: ApiClient) -> None:
    check({"_headers": headers, "_request_auth": key}, query, body, server, client)


@pytest.mark.parametrize("case", cases("requests"))
def test_kept_arguments(case: Any, server: Loopback, client: ApiClient) -> None:
    check(case.get("options", {}), case.get("query"), case.get("body"), server, client)


@many(100)
@given(user_id=st.text(max_size=12) | odd)
def test_any_argument_of_a_path(user_id: str, server: Loopback, client: ApiClient) -> None:
    server.requests.clear()
    try:
        UsersApi(client).v1_users_user_id_get(user_id)
    except OpenApiException:
        assert not server.requests
        return
    (request,) = server.requests
    assert unquote(request.target.split("/")[-1]) == user_id
    assert request.target.count("/") == 3
