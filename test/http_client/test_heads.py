"""Heads of answers are read as http.client reads them, the usual ones by a shorter way."""

from __future__ import annotations

import http.client
import socket
import time
from typing import Any, List, Type

import pytest
from hypothesis import example, given, strategies as st

from openmonetize import ApiClient, ApiConnectionError
from openmonetize._http import connection

from .loopback import Loopback, answer, raw

STATUS_LINES = [
    b"HTTP/1.1 200 OK",
    b"HTTP/1.1 404 Not  Found ",
    b"HTTP/1.1 200 ",
    b"HTTP/1.1 200",
    b"HTTP/1.1 204 No Content",
    b"HTTP/1.1 304 Not Modified",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK",
    b"HTTP/1.0 200 OK",
    b"HTTP/1.2 200 OK",
    b"HTTP/2 200 OK",
    b"HTTP/1.1 99 Low",
    b"HTTP/1.1 999 High",
    b"HTTP/1.1 200 sch\xf6n",
    b"no HTTP at all",
    b"",
]
HEADERS = [
    b"Content-Length: 5",
    b"content-length:5",
    b"CONTENT-LENGTH: \t 5 ",
    b"Content-Length: 3",
    b"Content-Length: +5",
    b"Content-Length: -5",
    b"Content-Length: 5, 5",
    b"Content-Length: \xb2",
    b"Transfer-Encoding: chunked",
    b"transfer-encoding: Chunked",
    b"Connection: close",
    b"connection: Keep-Alive, Close",
    b"Connection: keep-alive",
    b"Keep-Alive: timeout=5",
    b"X-Empty:",
    b"X-Empty: ",
    b"X-Blank : 1",
    b"X-Twice: 1",
    b"X-Twice: 2",
    b"X-Colons: a:b: c",
    b"X-Folded: a",
    b" b",
    b"\tc",
    b"X-Latin: sch\xf6n",
    b"X-Control: a\x0bb\x1cc\x85d\x00e",
    b"X-Return: a\rb",
    b"X-Bare: a\nX-Line: b",
    b"no colon",
    b": no name",
    b"multipart/mixed; boundary=x",
    b"Content-Type: multipart/mixed; boundary=x",
    b"From someone@example.test",
]


def read(kind: Type[http.client.HTTPResponse], data: bytes, method: str) -> Any:
    """Everything that is seen of an answer: what it says, its body, or how it fails."""
    connection.CURRENT.begin(time.monotonic() + 60.0, 30.0)  # not the deadline that an earlier test has left
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        response = kind(ours, method=method)
        with response:
            try:
                response.begin()
                seen = [response.version, response.status, response.code, response.reason, response.headers.items()]
                seen += [response.chunked, response.length, response.will_close]
                return [*seen, response.getheader("Content-Length"), response.headers is response.msg, response.read()]
            except http.client.HTTPException as error:
                return type(error)


@given(st.sampled_from(STATUS_LINES), st.lists(st.sampled_from(HEADERS), max_size=5), st.sampled_from(["GET", "HEAD"]))
@example(STATUS_LINES[0], [b"X-Many: 1"] * 98 + HEADERS[:1], "GET")
@example(STATUS_LINES[0], [b"X-Many: 1"] * 99 + HEADERS[:1], "GET")
@example(STATUS_LINES[0], [b"Content-Length: " + b"9" * 5000], "GET")
@example(STATUS_LINES[0], [b"X-Long: " + b"x" * 70_000, *HEADERS[:1]], "GET")
def test_a_head_is_read_as_http_client_reads_it(status_line: bytes, headers: List[bytes], method: str) -> None:
    data = b"\r\n".join([status_line, *headers, b"", b"hello, and more"])
    read_by_hand = read(http.client.HTTPResponse, data, method)
    assert read(connection._TimedResponse, data, method) == read_by_hand


@pytest.mark.parametrize("headers", [HEADERS[:1], [b"X-Latin: sch\xf6n", *HEADERS[:1]]], ids=["usual", "unusual"])
@pytest.mark.parametrize("end", range(1, 30, 7))
def test_a_head_may_come_in_pieces(end: int, headers: List[bytes], server: Loopback, client: ApiClient) -> None:
    data = b"\r\n".join([STATUS_LINES[0], *headers, b"", b"hello"])

    def in_pieces(talk: Any) -> bool:
        talk.send(data[:end])
        talk.pause(0.01)
        talk.send(data[end:])
        return True

    server.then(in_pieces)
    response = client.call_api("GET", "/v1/anything")
    assert (response.status, response.data) == (200, b"hello")
    assert client.call_api("GET", "/v1/anything").status == 200
    assert server.connections == 1


@pytest.mark.parametrize("cut", [0, 1, 5, 20, len(b"HTTP/1.1 204 No Content\r\nX-Some: header\r\n")])
def test_a_head_that_is_cut_off_is_no_answer(cut: int, server: Loopback, client: ApiClient) -> None:
    head = b"HTTP/1.1 204 No Content\r\nX-Some: header\r\n\r\n"
    server.then(raw(head[:cut]))
    with pytest.raises(ApiConnectionError):
        client.call_api("POST", "/v1/anything")
    server.then(raw(head))
    assert client.call_api("POST", "/v1/anything").data == b""


def test_a_call_that_may_be_repeated_is_after_a_head_that_is_cut_off(server: Loopback, client: ApiClient) -> None:
    server.then(raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"))
    response = client.call_api("GET", "/v1/anything")
    assert (response.status, len(server.requests)) == (200, 2)
    assert response.data


def test_an_answer_to_head_has_no_body(server: Loopback, client: ApiClient) -> None:
    server.then(lambda talk: talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n") is None)
    response = client.call_api("HEAD", "/v1/anything")
    assert (response.headers["content-length"], response.data) == ("5", b"")
    server.then(answer())
    assert client.call_api("GET", "/v1/anything").status == 200
    assert server.connections == 1
