"""A failed call says why, in words, and keeps the error that caused it."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openmonetize import (
    ApiConnectionError,
    ApiException,
    ApiTimeoutError,
    CreditsApi,
    NotFoundException,
    UnexpectedBodyError,
)

from .conftest import PEM, MakeClient
from .loopback import HTML, Loopback, answer, hang, vanish
from .test_transport import unused_port

HERE = Path(__file__).parent


@contextmanager
def tls(certificate: str) -> Iterator[Loopback]:
    """Serve with a certificate that its own file is the authority for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(HERE / certificate)
    with Loopback(tls=context) as server:
        yield server


def failure(make_client: MakeClient, host: str, timeout: float = 5.0, **settings: Any) -> ApiException:
    with pytest.raises(ApiException) as caught:
        CreditsApi(make_client(host, retries=0, **settings)).balance(_request_timeout=timeout)
    return caught.value


def causes(error: BaseException) -> list[type[BaseException]]:
    found, cause = [], error.__cause__
    while cause is not None:
        found.append(type(cause))
        cause = cause.__cause__
    return found


def test_refused(make_client: MakeClient) -> None:
    host = f"http://127.0.0.1:{unused_port()}"
    error = failure(make_client, host)
    assert error.reason == f"cannot connect to {host}: connection refused; is the sandbox running?"
    assert ConnectionRefusedError in causes(error)


def test_no_such_host(make_client: MakeClient) -> None:
    error = failure(make_client, "https://api.openmonetize.invalid", timeout=20)
    assert error.reason == (
        "cannot connect to https://api.openmonetize.invalid: there is no such host, or no answer from the name servers"
    )
    assert socket.gaierror in causes(error)


CERTIFICATES = {
    "self-signed": ("loopback.pem", None, "self.signed certificate"),
    "of another host": ("another_host.pem", "another_host.pem", "IP address mismatch, certificate is not valid for"),
    "expired": ("expired.pem", "expired.pem", "certificate has expired"),
    "of another authority": ("loopback.pem", "another_host.pem", "self.signed certificate"),
}


@pytest.mark.parametrize(("certificate", "trusted", "reason"), CERTIFICATES.values(), ids=list(CERTIFICATES))
def test_a_certificate_that_is_not_to_be_trusted(
    certificate: str, trusted: str | None, reason: str, make_client: MakeClient
) -> None:
    with tls(certificate) as server:
        error = failure(make_client, server.url, ssl_ca_cert=None if trusted is None else str(HERE / trusted))
        assert not server.requests
    assert isinstance(error, ApiConnectionError)
    assert str(error).startswith(f"no trusted TLS connection to {server.url}: ")
    assert re.search(reason, str(error))
    kinds = (error.__cause__, *getattr(error.__cause__, "args", ()))
    assert any(isinstance(kind, ssl.SSLCertVerificationError) for kind in kinds)


def test_a_server_without_tls(server: Loopback, make_client: MakeClient) -> None:
    server.instead = lambda sock: sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    error = failure(make_client, f"https://127.0.0.1:{server.port}")
    assert "it does not answer in TLS; is its address http:// instead of https://?" in str(error)


def test_a_proxy_that_is_away(make_client: MakeClient) -> None:
    error = failure(make_client, "https://api.example.test", proxy=f"http://127.0.0.1:{unused_port()}")
    assert error.reason == "cannot reach https://api.example.test through the proxy: connection refused"
    assert ConnectionRefusedError in causes(error)


def test_a_proxy_that_refuses_the_tunnel(server: Loopback, make_client: MakeClient) -> None:
    server.default = answer(407, None)
    error = failure(make_client, "https://api.example.test", proxy=server.url)
    assert error.reason == (
        "cannot reach https://api.example.test through the proxy: Tunnel connection failed: 407 Whatever"
    )
    assert "password" not in str(error)


def test_a_tunnel_through_a_proxy_that_says_interim_answers_first(make_client: MakeClient) -> None:
    with tls("loopback.pem") as target, Loopback() as proxy:

        def relay(exchange: Any) -> bool:
            exchange.send(
                b"HTTP/1.1 102 Processing\r\nX: y\r\n\r\nHTTP/1.1 200 Connection established\r\nVia: x\r\n\r\n"
            )
            with socket.create_connection(("127.0.0.1", target.port)) as onward:
                exchange.sock.settimeout(0.05)
                onward.settimeout(0.05)
                for _ in range(100):
                    for source, sink in ((exchange.sock, onward), (onward, exchange.sock)):
                        try:
                            data = source.recv(65536)
                        except socket.timeout:
                            continue
                        if not data:
                            return False
                        sink.sendall(data)
            return False

        proxy.default = relay
        client = make_client(target.url, proxy=proxy.url, ssl_ca_cert=PEM, retries=0)
        assert CreditsApi(client).balance(_request_timeout=8).data.balance == 120
        assert proxy.last.target == f"127.0.0.1:{target.port}"
        assert proxy.last.headers["host"] == f"127.0.0.1:{target.port}"


def test_a_time_out(server: Loopback, make_client: MakeClient) -> None:
    server.default = hang
    error = failure(make_client, server.url, timeout=0.2)
    assert isinstance(error, ApiTimeoutError)
    assert error.reason == f"timed out waiting for an answer of {server.url}"
    assert error.__cause__ is not None


def test_a_connection_that_is_closed(server: Loopback, make_client: MakeClient) -> None:
    server.default = vanish
    error = failure(make_client, server.url)
    assert isinstance(error, ApiConnectionError)
    assert str(error).startswith(f"the connection to {server.url} broke: ")
    assert error.__cause__ is not None


@pytest.mark.parametrize(("status", "kind"), [(404, NotFoundException), (200, UnexpectedBodyError)])
def test_the_page_of_another_server(
    status: int, kind: type[ApiException], server: Loopback, make_client: MakeClient
) -> None:
    server.default = answer(status, HTML.replace("<body>", "\n\n  <body>\n"))
    error = failure(make_client, server.url)
    assert isinstance(error, kind)
    assert f"(a page of another server: is {server.url} the platform's address?)" in str(error)
    assert "\n" not in str(error)
