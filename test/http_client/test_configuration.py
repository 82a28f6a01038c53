"""Settings: which values are accepted and which are refused."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize import ApiClient, ApiTypeError, ApiValueError, Configuration, CreditsApi, DefaultApi, RetryPolicy

from .conftest import KEY, MakeClient
from .loopback import Loopback


@pytest.mark.parametrize("end", ["", "/", "//", "/v1", "/v1/", "/v1//", " ", "\n"])
def test_a_host_may_end_in_a_slash_or_in_v1(end: str, server: Loopback, make_client: MakeClient) -> None:
    client = make_client(server.url + end)
    CreditsApi(client).balance()
    assert server.last.target == "/v1/credits/balance"
    assert client.configuration.host == server.url


def test_a_host_may_have_a_path(server: Loopback, make_client: MakeClient) -> None:
    CreditsApi(make_client(server.url + "/gateway/v1/")).balance()
    assert server.last.target == "/gateway/v1/credits/balance"


def test_the_host_may_come_from_the_environment(server: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", server.url + "/v1")
    assert Configuration().host == server.url
    assert Configuration("https://explicit.example").host == "https://explicit.example"
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", "")
    assert Configuration().host == "https://api.openmonetize.io"


def test_the_host_may_be_changed(server: Loopback, elsewhere: Loopback, client: ApiClient) -> None:
    CreditsApi(client).balance()
    client.configuration.host = elsewhere.url + "/v1"
    CreditsApi(client).balance()
    assert (len(server.requests), len(elsewhere.requests)) == (1, 1)


@pytest.mark.parametrize(
    "host",
    ["", "api.openmonetize.io", "localhost:3000", "ftp://host", "http://", "https://host:port", "https://host:99999",
     "https://user@host", "https://:secret@host", "https://user:secret@host", "https://ho st", "https://host?x=1",
     "https://host?", "https://host#f", "https://host#", "https://höst", "https://ho\tst", "https://host/a b",
     "https://host\\evil", "http://localhost\\@evil.example", "https://[::1", "//host", "https:/host", 5, b"https://host"],
)  # fmt: skip
def test_a_host_that_is_not_a_url_is_refused(host: Any) -> None:
    with pytest.raises(ApiValueError, match="host must be a URL") as caught:
        Configuration(host)
    assert "secret" not in str(caught.value)
    config = Configuration()
    with pytest.raises(ApiValueError):
        config.host = host
    assert config.host == "https://api.openmonetize.io"


@given(st.text(max_size=30) | st.from_regex(r"https?://[a-z0-9.:@/\\?#\[\]-]{0,20}"))
def test_any_text_is_a_host_or_a_clear_error(text: str) -> None:
    try:
        config = Configuration(text, {"bearerAuth": KEY}, allow_http=True)
    except ApiValueError:
        return
    assert config.host.startswith(("http://", "https://"))
    assert Configuration(config.host).host == config.host


def test_the_default_host_is_the_hosted_platform() -> None:
    assert Configuration().host == Configuration(None).host == "https://api.openmonetize.io"
    assert Configuration().get_host_from_settings(0) == "https://api.openmonetize.io"


@pytest.mark.parametrize("index", [1, -1, 0.5, "0", True, None])
def test_a_server_index_outside_the_contract_is_refused(index: Any, server: Loopback, client: ApiClient) -> None:
    with pytest.raises(ApiValueError, match="_host_index"):
        client.configuration.get_host_from_settings(index)
    if index is not None:
        with pytest.raises(ApiValueError, match="_host_index"):
            CreditsApi(client).balance(_host_index=index)
    assert not server.requests


def test_the_contracts_server_can_be_chosen_for_one_call(
    server: Loopback, elsewhere: Loopback, make_client: MakeClient
) -> None:
    class Servers(Configuration):
        def get_host_settings(self) -> Any:
            return [{"url": elsewhere.url}]

    with ApiClient(Servers(server.url, {"bearerAuth": KEY})) as client:
        CreditsApi(client).balance(_host_index=0)
        CreditsApi(client).balance()
    assert (len(server.requests), len(elsewhere.requests)) == (1, 1)


DEFAULTS: dict[str, Any] = {
    "timeout": 60.0,
    "connect_timeout": 10.0,
    "read_timeout": 30.0,
    "max_response_bytes": 32 * 2**20,
    "verify_ssl": True,
    "allow_http": False,
    "debug": False,
    "proxy": None,
    "retries": RetryPolicy(),
}


def test_the_defaults() -> None:
    config = Configuration()
    assert {name: getattr(config, name) for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize("name", ["timeout", "connect_timeout", "read_timeout"])
@pytest.mark.parametrize("wrong", [0, -1, None, True, "5", float("nan"), float("inf"), 1e9])
def test_an_invalid_timeout_is_refused_at_once(name: str, wrong: Any) -> None:
    with pytest.raises(ApiValueError, match=f"^{name} must be a number of seconds"):
        Configuration(**{name: wrong})
    with pytest.raises(ApiValueError, match=f"^{name} must be"):
        setattr(Configuration(), name, wrong)


@pytest.mark.parametrize("name", ["max_response_bytes", "connection_pool_maxsize"])
@pytest.mark.parametrize("wrong", [0, -1, None, True, 1.5, "5"])
def test_an_invalid_count_is_refused_at_once(name: str, wrong: Any) -> None:
    with pytest.raises(ApiValueError, match=f"^{name} must be a whole number"):
        Configuration(**{name: wrong})


@pytest.mark.parametrize("wrong", [-1, True, 1.5, "5"])
def test_invalid_retries_are_refused_at_once(wrong: Any) -> None:
    with pytest.raises(ApiValueError, match=r"^retries must be"):
        Configuration(retries=wrong)


def test_an_unknown_setting_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="timeuot"):
        Configuration(timeuot=5)


# Headers


def test_headers_of_a_call_are_sent_and_not_changed(server: Loopback, client: ApiClient) -> None:
    mine = {"X-Mine": "1", "user-agent": "me", "ACCEPT": "text/csv"}
    before = dict(mine)
    CreditsApi(client).balance(_headers=mine)
    assert mine == before
    headers = server.last.headers
    assert (headers["x-mine"], headers["user-agent"], headers["accept"]) == ("1", "me", "text/csv")
    CreditsApi(client).balance()
    assert "x-mine" not in server.last.headers
    assert server.last.headers["user-agent"].startswith("openmonetize-python/")


def test_the_same_header_is_not_sent_twice(server: Loopback, client: ApiClient) -> None:
    client.set_default_header("user-AGENT", "mine")
    client.set_default_header("x-thing", "default")
    seen = []
    original = server.default

    def looking(exchange: Any) -> Any:
        seen.append(exchange.request.lines)
        return original(exchange)

    server.default = looking
    CreditsApi(client).balance(_headers={"X-THING": "call", "authorization": "Bearer other", "x-request-id": "mine"})
    names = [line.partition(":")[0].lower() for line in seen[0]]
    assert len(names) == len(set(names))
    headers = server.last.headers
    assert (headers["x-thing"], headers["authorization"], headers["x-request-id"], headers["user-agent"]) == (
        "call", "Bearer other", "mine", "mine",
    )  # fmt: skip


def test_a_client_may_be_made_with_a_header(server: Loopback) -> None:
    with ApiClient(Configuration(server.url, {"bearerAuth": KEY}), "X-Tenant", "t1") as client:
        CreditsApi(client).balance()
        client.user_agent = "mine/1"
        CreditsApi(client).balance()
    assert [request.headers["x-tenant"] for request in server.requests] == ["t1", "t1"]
    assert server.last.headers["user-agent"] == client.user_agent == "mine/1"


BAD_HEADERS: Any = [
    {"X-A": "a\r\nX-Evil: 1"}, {"X-A": "a\n"}, {"X-A": "ü"}, {"X-A": "a\x00"}, {"X-A": 5}, {"X-A": None},
    {"X-A": b"a"}, {"X A": "a"}, {"X-A:": "a"}, {"": "a"}, {"X-A\r\n": "a"}, {"ü": "a"}, {5: "a"},
    {"Content-Length": "3"}, {"transfer-encoding": "chunked"},
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD_HEADERS)
def test_a_header_that_cannot_be_sent_is_refused_without_showing_its_value(
    bad: Any, server: Loopback, client: ApiClient
) -> None:
    with pytest.raises(ApiValueError, match="_headers") as caught:
        CreditsApi(client).balance(_headers=bad)
    assert "Evil" not in str(caught.value)
    with pytest.raises(ApiValueError):
        client.set_default_header(*next(iter(bad.items())))
    assert not server.connections


@pytest.mark.parametrize("bad", ["X-A: a", [("X-A", "a")], 5])
def test_headers_that_are_not_a_dict_are_refused(bad: Any, server: Loopback, client: ApiClient) -> None:
    with pytest.raises(ApiTypeError, match="_headers"):
        CreditsApi(client).balance(_headers=bad)
    assert not server.connections


def test_the_content_type_may_be_chosen(server: Loopback, client: ApiClient) -> None:
    DefaultApi(client).v1_rating_post("a,b", _content_type="text/csv")
    assert server.last.headers["content-type"] == "text/csv"
    assert server.last.body == b"a,b"
    DefaultApi(client).v1_rating_post("a,b")
    assert (server.last.headers["content-type"], server.last.body) == ("application/json", b'"a,b"')
    DefaultApi(client).v1_rating_post()
    assert "content-type" not in server.last.headers
    with pytest.raises(ApiValueError, match="_content_type"):
        DefaultApi(client).v1_rating_post("x", _content_type="text/csv\r\nX-Evil: 1")


# The shared client


@pytest.fixture
def _no_default() -> Iterator[None]:
    ApiClient.set_default(None)
    yield
    ApiClient.set_default(None)
    Configuration.set_default(None)


@pytest.mark.usefixtures("_no_default")
def test_api_objects_without_a_client_share_one(server: Loopback) -> None:
    Configuration.set_default(Configuration(server.url, {"bearerAuth": KEY}))
    with ApiClient.get_default():
        CreditsApi().balance()
        CreditsApi().balance()
        assert CreditsApi().api_client is CreditsApi().api_client is ApiClient.get_default()
    assert server.connections == 1


def test_debug_logs_to_standard_error_if_there_is_no_handler(capsys: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("openmonetize")
    handlers, level, spread = logger.handlers[:], logger.level, logger.propagate
    try:
        logger.handlers[:], logger.propagate = [], False
        Configuration().debug = True
        assert isinstance(logger.handlers[0], logging.StreamHandler)
        assert logger.handlers[0].stream is sys.stderr
        Configuration(debug=True)
        assert len(logger.handlers) == 1
    finally:
        logger.handlers[:], logger.propagate = handlers, spread
        logger.setLevel(level)
