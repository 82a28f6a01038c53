"""Hostile clients: each gets a response or a closed connection, and the server serves the next one."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.http import server

from .client import SandboxClient, event, send_raw

HEAD = b"POST /v1/credits/grant HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"


@pytest.fixture(autouse=True)
def _still_alive(client: SandboxClient) -> Iterator[None]:
    yield
    assert client.get("/health").status == 200
    assert client.sandbox.events() == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * 200 + b"\r\n",
        b"GET / HTTP/1.1\r\nX-A: " + b"x" * 70_000 + b"\r\n\r\n",
        HEAD + b"Content-Length: -5\r\n\r\n",
        HEAD + b"Content-Length: many\r\n\r\n",
        HEAD + b"Content-Length: 99999999999999999999\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 100,  # a TLS greeting
    ],
)
def test_malformed_http(client: SandboxClient, request_bytes: bytes) -> None:
    answer = send_raw(client.sandbox, request_bytes)
    status = int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0
    assert status == 0 or 400 <= status < 600
    if status:
        assert json.loads(answer.partition(b"\r\n\r\n")[2].split(b"HTTP/1.1", 1)[0])["error"]


def test_an_incomplete_body(client: SandboxClient) -> None:
    assert send_raw(client.sandbox, HEAD + b"Content-Length: 50\r\n\r\n{") == b""


def test_a_body_in_chunks(client: SandboxClient) -> None:
    chunks = b'5\r\n{"amo\r\n9\r\nunt": 1.5\r\n1\r\n}\r\n0\r\n\r\n'
    request = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks
    answer = send_raw(client.sandbox, request)
    assert answer.startswith(b"HTTP/1.1 401 ")


def test_a_huge_body_in_chunks_is_refused(client: SandboxClient) -> None:
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"
    request = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 11 + b"0\r\n\r\n"
    assert send_raw(client.sandbox, request).startswith(b"HTTP/1.1 413 ")


def test_several_requests_on_one_connection(client: SandboxClient) -> None:
    """The part of a body that a handler did not read is not taken for the next request."""
    one = b"POST /v1/nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 12\r\n\r\nGET / HTTP/1"
    two = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    answer = send_raw(client.sandbox, one + two + one)
    assert re.findall(rb"HTTP/1\.1 (\d{3})", answer) == [b"404", b"200", b"404"]


def test_expect_100_continue(client: SandboxClient) -> None:
    request = HEAD + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}"
    assert send_raw(client.sandbox, request).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")


def test_slow_clients_are_dropped_and_do_not_disturb_others(
    client: SandboxClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "REQUEST_TIMEOUT", 0.3)
    host, _, port = client.sandbox.url.rpartition("//")[2].rpartition(":")
    drips = [socket.create_connection((host, int(port)), timeout=10.0) for _ in range(20)]
    try:
        for drip in drips:
            drip.sendall(b"POST /v1/events/ingest HTTP/1.1\r\n")
        assert client.get("/health").status == 200
        for drip in drips:
            received = b"x"
            while received:  # until the server closes the connection
                try:
                    received = drip.recv(1000)
                except ConnectionResetError:
                    received = b""
    finally:
        for drip in drips:
            drip.close()


def test_deep_json(client: SandboxClient) -> None:
    deep: Any = "[" * 300 + "]" * 300
    body = json.dumps({"events": [event(metadata={"a": "DEEP"}, event_id="x")]}).replace('"DEEP"', deep)
    assert (
        client.post("/v1/events/ingest", raw=body.encode(), headers={"Content-Type": "application/json"}).status == 400
    )
    deeper = body.replace(deep, "[" * 200_000 + "]" * 200_000)
    reply = client.post("/v1/events/ingest", raw=deeper.encode(), headers={"Content-Type": "application/json"})
    assert reply.status == 400


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_text_that_the_database_cannot_store(client: SandboxClient, start: Any, text: str) -> None:
    """The present servers fail with 500; by contract it is a 400."""
    body = {"name": text, "email": "a@b.co"}
    assert client.post("/v1/customers/register", body, key=None).status == 400
    assert client.post("/v1/credits/grant", {"amount": 1, "userId": text}).status == 400
    assert client.post("/v1/credits/grant", {"amount": 1, "metadata": {text: text}}).status == 400
    assert client.get("/v1/users/a%00b/credits").status == 400
    assert client.get("/v1/users?search=a%00b").status == 400
    faithful = start(mode="faithful")
    assert faithful.post("/v1/customers/register", body, key=None).status == 500


def test_many_at_once(client: SandboxClient) -> None:
    """Parallel grants are carried out one after the other, and all kept."""
    statuses: list[int] = []

    def work() -> None:
        mine = SandboxClient(client.sandbox)
        statuses.extend(mine.grant(1, "anna").status for _ in range(10))
        mine.close()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert statuses == [200] * 80
    assert client.sandbox.balance("anna") == 80


def test_stopping_in_the_middle_of_a_request_cuts_it_silently(caplog: pytest.LogCaptureFixture) -> None:
    sandbox = Sandbox().start()
    before = set(threading.enumerate())
    host, _, port = sandbox.url.rpartition("//")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10.0) as connection:
        with sandbox.state.db.lock:  # the request waits for it
            head = f"POST /v1/customers/rotate-key HTTP/1.1\r\nHost: {host}\r\nX-API-Key: {sandbox.key}\r\n"
            connection.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
            assert connection.recv(1000).startswith(b"HTTP/1.1 100")
            working = set(threading.enumerate()) - before
            assert working
            sandbox.stop()
        for thread in working:
            thread.join(10.0)
            assert not thread.is_alive()
        assert connection.recv(1000) == b""
    assert caplog.messages == []
