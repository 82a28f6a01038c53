"""Heads of responses, as servers write them."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize import ApiClient

from .loopback import Loopback, answer


@pytest.mark.parametrize(
    "headers", [[b"Content-Length: 5"], [b"X-Latin: sch\xf6n", b"Content-Length: 5"]], ids=["usual", "unusual"]
)
@pytest.mark.parametrize("end", range(1, 30, 7))
def test_a_head_may_arrive_in_pieces(end: int, headers: list[bytes], server: Loopback, client: ApiClient) -> None:
    data = b"\r\n".join([b"HTTP/1.1 200 OK", *headers, b"", b"hello"])

    def in_pieces(exchange: Any) -> bool:
        exchange.send(data[:end])
        exchange.pause(0.01)
        exchange.send(data[end:])
        return True

    server.then(in_pieces)
    response = client.call_api("GET", "/v1/anything")
    assert (response.status, response.data) == (200, b"hello")
    assert client.call_api("GET", "/v1/anything").status == 200
    assert server.connections == 1


def test_an_answer_to_head_has_no_body(server: Loopback, client: ApiClient) -> None:
    server.then(lambda exchange: exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") is None)
    response = client.call_api("HEAD", "/v1/anything")
    assert (response.headers["content-length"], response.data) == ("5", b"")
    server.then(answer())
    assert client.call_api("GET", "/v1/anything").status == 200
    assert server.connections == 1
