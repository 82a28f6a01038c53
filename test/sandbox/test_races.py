"""Grants that overlap in time: all kept by contract, lost or refused by the present servers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from types import TracebackType
from typing import Any

import pytest

from .client import SandboxClient

Start = Callable[..., SandboxClient]


class SlowGrant:
    """A grant whose head has arrived at the sandbox, and whose body has not."""

    def __init__(self, client: SandboxClient, amount: int, user_id: str, **more: Any) -> None:
        host, _, port = client.sandbox.url.rpartition("//")[2].rpartition(":")
        self._body = json.dumps({"amount": amount, "userId": user_id, **more}).encode()
        self._connection = socket.create_connection((host, int(port)), timeout=10.0)
        self._answer = self._connection.makefile("rb")
        head = (
            f"POST /v1/credits/grant HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {client.key}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(self._body)}\r\nExpect: 100-continue\r\n\r\n"
        )
        self._connection.sendall(head.encode())
        assert self._answer.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert self._answer.readline() == b"\r\n"

    def __enter__(self) -> SlowGrant:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._answer.close()
        self._connection.close()

    def finish(self) -> tuple[int, Any]:
        self._connection.sendall(self._body)
        status = int(self._answer.readline().split()[1])
        length = 0
        for line in iter(self._answer.readline, b"\r\n"):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return status, json.loads(self._answer.read(length))


FAILED = (500, {"error": "Internal Server Error", "message": "Failed to grant credits"})


def balances(client: SandboxClient, user_id: str) -> tuple[int, int]:
    """Return the balance of the wallet, and the sum of its transactions."""
    transactions = client.get(f"/v1/users/{user_id}/transactions").body["data"]
    return client.sandbox.balance(user_id), sum(entry["amount"] for entry in transactions)


@pytest.mark.parametrize("mode", ["contract", "faithful"])
def test_overlapping_grants_with_one_new_key(start: Start, mode: str) -> None:
    client = start(mode=mode)
    client.grant(1, "anna")
    with SlowGrant(client, 10, "anna", idempotencyKey="k") as slow:
        first = client.grant(10, "anna", idempotencyKey="k")
        assert first.status == 200
        assert slow.finish() == (FAILED if mode == "faithful" else (200, first.body))
    again = client.grant(10, "anna", idempotencyKey="k")
    assert (again.status, again.body) == (200, first.body)
    assert balances(client, "anna") == (11, 11)


@pytest.mark.parametrize("mode", ["contract", "faithful"])
def test_overlapping_first_grants_of_a_user(start: Start, mode: str) -> None:
    client = start(mode=mode)
    with SlowGrant(client, 10, "anna") as slow:
        assert client.grant(10, "anna").status == 200
        if mode == "faithful":
            assert slow.finish() == FAILED
        else:
            assert slow.finish()[0] == 200
    with SlowGrant(client, 10, "berta") as slow:
        assert client.grant(10, "anna").status == 200
        assert slow.finish()[0] == 200  # another user's
    assert balances(client, "anna") == ((20, 20) if mode == "faithful" else (30, 30))
    assert balances(client, "berta") == (10, 10)


@pytest.mark.parametrize("mode", ["contract", "faithful"])
def test_overlapping_grants_to_one_wallet(start: Start, mode: str) -> None:
    client = start(mode=mode)
    client.grant(100, "anna")
    with SlowGrant(client, 7, "anna") as third, SlowGrant(client, 5, "anna") as second:
        assert client.grant(3, "anna").body["data"]["newBalance"] == "103"
        shown = [slow.finish()[1]["data"]["newBalance"] for slow in (second, third)]
    assert shown == (["105", "107"] if mode == "faithful" else ["108", "115"])
    assert balances(client, "anna") == (107 if mode == "faithful" else 115, 115)
    assert client.grant(1, "anna").body["data"]["newBalance"] == ("108" if mode == "faithful" else "116")


def test_each_of_these_defects_can_be_had_alone(start: Start) -> None:
    client = start(mode="faithful", defects=["grants-overwrite"])
    with SlowGrant(client, 5, "anna") as slow:
        assert client.grant(3, "anna").status == 200
        assert slow.finish()[0] == 200
    assert client.sandbox.balance("anna") == 5
    client = start(mode="faithful", defects=["grants-collide"])
    client.grant(1, "anna")
    with SlowGrant(client, 5, "anna") as slow:
        assert client.grant(3, "anna").status == 200
        assert slow.finish()[0] == 200
    assert client.sandbox.balance("anna") == 9
