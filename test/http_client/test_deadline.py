"""Timeouts and deadlines of calls, and TLS."""

from __future__ import annotations

import socket
import sys
from pathlib import Path
from typing import Any

import pytest

from openmonetize import (
    ApiClient,
    ApiConnectionError,
    ApiTimeoutError,
    ApiValueError,
    CreditsApi,
    DefaultApi,
    EventsApi,
)

from .conftest import PEM, MakeClient
from .ledger import Ledger, event
from .loopback import MAX_PAUSES, Exchange, Loopback, Responder, answer, deaf, drip, hang, message

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
EMPTY_GZIP_BLOCK = b"\x00\x00\x00\xff\xff"

# Servers that send a byte before each read times out, and never finish.
DRIPS = {
    "status line": drip(b"HTTP/1.1 200 ", b"O"),
    "header names": drip(OK, b"X"),
    "whole headers": drip(OK, b"X-Slow: 1\r\n", pause=0.05),
    "informational answers": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": drip(OK + b"Content-Length: 100000\r\n\r\n", b" "),
    "body until the end": drip(OK + b"\r\n", b" "),
    "chunks": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "chunk size": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "trailers": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", b"X: y\r\n", pause=0.05),
    "blocks that decompress to nothing": drip(
        OK + b"Content-Encoding: deflate\r\nContent-Length: 100000\r\n\r\n", EMPTY_GZIP_BLOCK
    ),
}


@pytest.mark.parametrize("dripping", DRIPS.values(), ids=list(DRIPS))
def test_a_dripping_server_does_not_extend_the_deadline(
    dripping: Responder, server: Loopback, client: ApiClient
) -> None:
    server.default = dripping
    with pytest.raises(ApiTimeoutError):
        CreditsApi(client).balance(_request_timeout=0.3)
    assert server.wait_until(lambda: server.open == 0)  # long before the server gives up


@pytest.mark.parametrize("dripping", [DRIPS["header names"], DRIPS["body"]], ids=["header names", "body"])
def test_a_dripping_server_does_not_extend_the_deadline_over_tls(
    dripping: Responder, secure: Loopback, make_client: MakeClient
) -> None:
    secure.default = dripping
    with pytest.raises(ApiTimeoutError):
        CreditsApi(make_client(secure.url, ssl_ca_cert=PEM)).balance(_request_timeout=0.5)


def test_a_dripping_server_does_not_extend_the_deadline_of_a_body_that_the_caller_reads(
    server: Loopback, client: ApiClient
) -> None:
    server.default = DRIPS["body"]
    response = CreditsApi(client).v1_credits_balance_get_without_preload_content(_request_timeout=0.3)
    with pytest.raises(ApiTimeoutError):
        response.read()


def test_the_deadline_of_a_call_includes_its_retries(server: Loopback, client: ApiClient) -> None:
    server.default = hang
    with pytest.raises(ApiTimeoutError):
        CreditsApi(client).balance(_request_timeout=0.2)
    assert len(server.requests) == 1


def test_each_read_has_a_timeout_too(server: Loopback, make_client: MakeClient) -> None:
    server.then(hang)
    assert CreditsApi(make_client(server.url, read_timeout=0.2)).balance().data.balance == 120
    assert len(server.requests) == 2


def test_a_pair_bounds_connecting_and_each_read(server: Loopback, client: ApiClient) -> None:
    server.then(hang)
    assert CreditsApi(client).balance(_request_timeout=(5, 0.2)).data.balance == 120
    server.then(hang)
    assert CreditsApi(client).balance(_request_timeout=[5, 0.2]).data.balance == 120


@pytest.mark.skipif(sys.platform != "linux", reason="needs more than one address of loopback")
def test_an_address_that_does_not_answer_leaves_time_for_the_next(
    server: Loopback, secure: Loopback, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up = socket.getaddrinfo

    def two_addresses(host: str, port: int, *args: Any) -> Any:
        hosts = ["127.0.0.2", "127.0.0.1"] if host == "two.example.test" else [host]
        return [found for one in hosts for found in look_up(one, port, *args)]

    monkeypatch.setattr(socket, "getaddrinfo", two_addresses)
    for one in (server, secure):
        with deaf(("127.0.0.2", one.port)):
            url = one.url.replace("127.0.0.1", "two.example.test")
            client = make_client(url, allow_http=True, ssl_ca_cert=PEM, assert_hostname="127.0.0.1", retries=0)
            assert CreditsApi(client).balance(_request_timeout=2).data.balance == 120
            assert one.last.headers["host"] == f"two.example.test:{one.port}"


def test_a_slow_answer_within_the_deadline_is_accepted(server: Loopback, make_client: MakeClient) -> None:
    def slow(exchange: Exchange) -> bool:
        for byte in message(200, {"data": {"balance": "5"}}):
            exchange.send(bytes((byte,)))
            exchange.pause(0.001)
        return True

    server.then(slow)
    client = make_client(server.url, read_timeout=0.1, retries=0)
    assert CreditsApi(client).balance(_request_timeout=10).data.balance == 5


def test_a_server_that_does_not_read_is_a_timeout(server: Loopback, secure: Loopback, make_client: MakeClient) -> None:
    body = b"x" * 30_000_000
    for one in (server, secure):
        one.instead = lambda sock: server.stopped.wait(5)
        client = make_client(one.url, ssl_ca_cert=PEM)
        with pytest.raises(ApiTimeoutError):
            DefaultApi(client).v1_rating_post(body, _request_timeout=0.5)


def test_the_deadline_of_one_call_does_not_limit_the_next(server: Loopback, client: ApiClient) -> None:
    ledger = Ledger()
    server.default = ledger
    events = EventsApi(client)
    events.ingest(events=[event()], _request_timeout=0.5)
    big = [event(metadata={"text": "x" * 900_000})]

    def slow(exchange: Exchange) -> bool:
        exchange.pause(0.7)
        return bool(ledger(exchange))

    server.then(slow)
    assert events.ingest(events=big).accepted == 1
    assert server.connections == 1


@pytest.mark.parametrize("wrong", [0, -1, 0.0, True, "5", float("nan"), float("inf"), 1e9, (), (1,), (1, 2, 3), (1, 0)])
def test_invalid_timeouts_are_refused(wrong: object, server: Loopback, client: ApiClient) -> None:
    with pytest.raises(ValueError, match="_request_timeout"):
        CreditsApi(client).balance(_request_timeout=wrong)
    assert not server.requests


@pytest.mark.parametrize("fine", [5, 0.5, (3, 5), (0.5, 5), None])
def test_timeouts_may_be_numbers_and_pairs_of_numbers(fine: object, server: Loopback, client: ApiClient) -> None:
    assert CreditsApi(client).balance(_request_timeout=fine).data.balance == 120


# TLS


def test_tls_with_a_trusted_certificate(secure: Loopback, make_client: MakeClient) -> None:
    wallets = CreditsApi(make_client(secure.url, ssl_ca_cert=PEM))
    assert wallets.balance().data.balance == 120
    assert wallets.balance().data.balance == 120
    assert secure.connections == 1


def test_certificate_authorities_are_read_once(secure: Loopback, make_client: MakeClient, tmp_path: Path) -> None:
    authorities = tmp_path / "authorities.pem"
    authorities.write_text(Path(PEM).read_text())
    wallets = CreditsApi(make_client(secure.url, ssl_ca_cert=str(authorities)))
    wallets.balance()
    authorities.unlink()
    secure.default = answer(200, {"data": {"transactionId": "t", "newBalance": 5}})
    for _ in range(3):
        assert wallets.purchase(user_id="u", amount=5, purchase_price=1).data.new_balance == 5
    assert secure.connections == 4


@pytest.mark.parametrize("wrong", ["", "/no/such/file.pem", __file__])
def test_certificate_authorities_that_cannot_be_read_are_a_value_error(
    wrong: str, secure: Loopback, make_client: MakeClient
) -> None:
    with pytest.raises(ApiValueError, match="ssl_ca_cert"):
        CreditsApi(make_client(secure.url, ssl_ca_cert=wrong)).balance()
    assert secure.connections == 0


def test_an_unknown_certificate_is_refused(secure: Loopback, make_client: MakeClient) -> None:
    with pytest.raises(ApiConnectionError, match="no trusted TLS connection"):
        CreditsApi(make_client(secure.url)).balance()
    assert not secure.requests


def test_certificate_verification_can_be_turned_off(secure: Loopback, make_client: MakeClient) -> None:
    with pytest.warns(match="certificate verification"):
        assert CreditsApi(make_client(secure.url, verify_ssl=False)).balance().data.balance == 120


def test_a_tls_connection_closed_while_idle_is_no_error(secure: Loopback, make_client: MakeClient) -> None:
    def answer_and_close(exchange: Exchange) -> bool:
        answer()(exchange)
        return False

    secure.default = answer_and_close
    wallets = CreditsApi(make_client(secure.url, ssl_ca_cert=PEM, retries=0))
    for number in range(1, 11):
        assert wallets.balance().data.balance == 120
        assert len(secure.requests) == number


def test_tls_to_a_plain_port_is_an_api_exception(server: Loopback, make_client: MakeClient) -> None:
    server.instead = lambda sock: sock.sendall(message(400, {"error": "Bad Request"}))
    with pytest.raises(ApiConnectionError, match="no trusted TLS connection") as caught:
        CreditsApi(make_client(f"https://127.0.0.1:{server.port}", retries=0)).balance(_request_timeout=5)
    assert caught.value.status is None


def test_plain_http_to_a_tls_port_is_an_api_exception(secure: Loopback, make_client: MakeClient) -> None:
    with pytest.raises(ApiConnectionError):
        CreditsApi(make_client(f"http://127.0.0.1:{secure.port}", retries=0)).balance()


assert MAX_PAUSES * 0.02 > 5  # a dripping server outlasts every deadline used here
