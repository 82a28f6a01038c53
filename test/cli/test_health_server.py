"""The server of health and metrics: its answers, and its bounds."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import urllib3

from openmonetize.cli import health_server
from openmonetize.cli.errors import CommandError
from openmonetize.cli.health_server import Address, HealthServer, Sample, metric_text, read_address


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def server(problems: list[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[HealthServer]:
    monkeypatch.setattr(health_server, "_TIMEOUT", 0.2)
    running = HealthServer(Address("127.0.0.1", 0))
    with running.serving(lambda: problems, lambda: "up 1\n"):
        yield running


def connected(server: HealthServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=10.0)


def test_what_it_answers(server: HealthServer, problems: list[str]) -> None:
    answer = urllib3.request("GET", server.url + "/healthz?verbose")
    assert (answer.status, answer.json()) == (200, {"status": "ok", "problems": []})
    problems.append("the outbox cannot be used")
    answer = urllib3.request("GET", server.url + "/healthz")
    assert (answer.status, answer.json()) == (503, {"status": "failing", "problems": problems})
    answer = urllib3.request("HEAD", server.url + "/healthz")
    assert (answer.status, answer.data) == (503, b"")
    answer = urllib3.request("GET", server.url + "/metrics")
    assert (answer.data, answer.headers["Content-Type"]) == (b"up 1\n", "text/plain; version=0.0.4; charset=utf-8")
    assert urllib3.request("GET", server.url + "/").status == 404
    assert urllib3.request("POST", server.url + "/metrics").status == 501


def test_a_client_that_says_nothing_is_hung_up_on(server: HealthServer) -> None:
    with connected(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert connection.recv(100) == b""
    assert urllib3.request("GET", server.url + "/healthz").status == 200


def test_too_many_clients_are_hung_up_on(server: HealthServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "_MAX_CONNECTIONS", 0)
    with connected(server) as connection:
        assert connection.recv(100) == b""


def test_a_port_that_is_taken_is_an_error(server: HealthServer) -> None:
    with pytest.raises(CommandError, match="cannot listen on 127"):
        HealthServer(Address("127.0.0.1", int(server.url.rpartition(":")[2])))


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (":9464", ("127.0.0.1", 9464)),
        ("0.0.0.0:80", ("0.0.0.0", 80)),
        ("[::1]:9464", ("::1", 9464)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    assert read_address(text) == address


@pytest.mark.parametrize("text", ["", "here", "1.2.3.4:", "1.2.3.4:65536", "localhost:http", "1.2.3.4:-1"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(CommandError, match="is no address"):
        read_address(text)


def test_the_text_of_a_metric() -> None:
    samples = [Sample(3, {"account": "acme", "kind": 'a "b"\\\n'}), Sample(0.5, {})]
    assert metric_text("events", "gauge", "What waits.", samples) == (
        '# HELP events What waits.\n# TYPE events gauge\nevents{account="acme",kind="a \\"b\\"\\\\\\n"} 3\nevents 0.5\n'
    )
    assert metric_text("events", "gauge", "What waits.", []) == ""
