"""Calls through a proxy, and what is sent to it."""

from __future__ import annotations

import base64
import logging

import pytest

from openmonetize import ApiConnectionError, BadRequestException, CreditsApi, DefaultApi

from .conftest import PEM, MakeClient
from .loopback import Exchange, Loopback, answer, message
from .test_transport import PURCHASED, unused_port


def test_a_proxy_gets_the_whole_url(server: Loopback, make_client: MakeClient) -> None:
    client = make_client(
        "http://api.example.test/base", allow_http=True, proxy=server.url, proxy_headers={"X-Proxy": "yes"}
    )
    assert CreditsApi(client).balance().data.balance == 120
    CreditsApi(client).balance()
    assert server.last.target == "http://api.example.test/base/v1/credits/balance"
    assert server.last.headers["host"] == "api.example.test"
    assert server.last.headers["x-proxy"] == "yes"
    assert server.connections == 1
    server.then(answer(200, PURCHASED))
    CreditsApi(client).purchase(user_id="u", amount=5, purchase_price=1)
    assert server.last.connection == 2


def test_a_proxy_keeps_slashes_and_quotes_as_they_are(server: Loopback, make_client: MakeClient) -> None:
    client = make_client("http://api.example.test", allow_http=True, proxy=server.url)
    server.then(answer(200, {}))
    DefaultApi(client).v1_rating_get_0("a%2Fb/c d")
    assert server.last.target == "http://api.example.test/v1/rating/a%252Fb/c%20d"


def test_a_proxy_that_is_down_is_an_api_exception(make_client: MakeClient) -> None:
    client = make_client("https://api.example.test", proxy=f"http://127.0.0.1:{unused_port()}", retries=0)
    with pytest.raises(ApiConnectionError, match="proxy"):
        CreditsApi(client).balance()


def test_a_proxy_that_is_not_a_url_is_a_value_error(make_client: MakeClient) -> None:
    with pytest.raises(ValueError, match="proxy must be a URL"):
        CreditsApi(make_client("https://api.example.test", proxy="ftp://nowhere")).balance()


def test_a_proxy_with_tls_is_verified_like_a_server(secure: Loopback, make_client: MakeClient) -> None:
    settings = {"allow_http": True, "proxy": secure.url, "retries": 0}
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client("http://api.example.test", **settings)).balance()
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client("https://api.example.test", **settings)).balance()
    assert not secure.requests
    settings["ssl_ca_cert"] = PEM
    assert CreditsApi(make_client("http://api.example.test", **settings)).balance().data.balance == 120
    secure.default = answer(502, None)
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client("https://api.example.test", **settings)).balance()
    assert [request.target for request in secure.requests] == [
        "http://api.example.test/v1/credits/balance",
        "api.example.test:443",
    ]


# Its user and password

PASSWORD = "p@ss:w\xf6rd"
QUOTED = "p%40ss:w%C3%B6rd"
BASIC = "Basic " + base64.b64encode(f"us/er:{PASSWORD}".encode("latin-1")).decode()


def with_password(server: Loopback) -> str:
    return server.url.replace("//", f"//us%2Fer:{QUOTED}@")


def test_a_proxy_gets_the_user_and_password_of_its_url(server: Loopback, make_client: MakeClient) -> None:
    client = make_client("http://api.example.test", allow_http=True, proxy=with_password(server))
    CreditsApi(client).balance()
    assert server.last.headers["proxy-authorization"] == BASIC
    assert server.last.headers["host"] == "api.example.test"


def test_a_proxy_gets_the_user_and_password_of_its_url_with_a_request_for_a_tunnel(
    server: Loopback, make_client: MakeClient
) -> None:
    server.default = answer(502, None)
    client = make_client("https://api.example.test", proxy=with_password(server), retries=0)
    with pytest.raises(ApiConnectionError):
        CreditsApi(client).balance()
    assert (server.last.method, server.last.target) == ("CONNECT", "api.example.test:443")
    assert server.last.headers["proxy-authorization"] == BASIC
    assert "authorization" not in server.last.headers


def test_proxy_headers_take_precedence_over_the_user_and_password_of_the_url(
    server: Loopback, make_client: MakeClient
) -> None:
    client = make_client(
        "http://api.example.test",
        allow_http=True,
        proxy=with_password(server),
        proxy_headers={"Proxy-Authorization": "Bearer t"},
    )
    CreditsApi(client).balance()
    assert [line for line in server.last.lines if line.lower().startswith("proxy-auth")] == [
        "Proxy-Authorization: Bearer t\r\n"
    ]


def test_a_proxys_password_is_never_shown(
    server: Loopback, make_client: MakeClient, caplog: pytest.LogCaptureFixture
) -> None:
    def echo(exchange: Exchange) -> bool:
        sent = exchange.request.headers["proxy-authorization"]
        exchange.send(message(400, f"you sent {sent}", {"X-Echo": sent}))
        return True

    server.default = echo
    down = with_password(server).replace(str(server.port), str(unused_port()))
    shown = []
    with caplog.at_level(logging.DEBUG):
        for proxy in (with_password(server), down, f"ftp://u:{QUOTED}@nowhere", f"http://u\u20ac:{QUOTED}@nowhere"):
            client = make_client(
                "http://api.example.test", allow_http=True, proxy=proxy, proxy_headers={}, retries=0, debug=True
            )
            shown += [repr(client.configuration), str(client.configuration)]
            with pytest.raises((BadRequestException, ApiConnectionError, ValueError)) as caught:
                CreditsApi(client).balance()
            error = caught.value
            shown += [str(error), repr(error), repr(vars(error))]
            shown += [str(getattr(error, "body", "")), str(dict(getattr(error, "headers", {})))]
    shown.append(caplog.text)
    secrets = (PASSWORD, QUOTED, BASIC.split()[1])
    assert [text for text in shown if any(secret in text for secret in secrets)] == []
    assert "you sent" in "".join(shown)
