"""A plain HTTP client of a sandbox for tests."""

from __future__ import annotations

import json
import socket
import uuid
from typing import Any, NamedTuple

import urllib3

from openmonetize.sandbox import Sandbox

from . import contract


class ParsedReply(NamedTuple):
    status: int
    body: Any
    headers: Any


class SandboxClient:
    """A client with one key of one sandbox. In contract mode it checks every response against the contract."""

    def __init__(self, sandbox: Sandbox, key: str | None = None) -> None:
        self.sandbox = sandbox
        self.key = key or sandbox.key
        self._pool = urllib3.PoolManager(maxsize=4, retries=False, timeout=10.0)

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "own",
        raw: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> ParsedReply:
        sent: dict[str, str] = {}
        shown = self.key if key == "own" else key
        if shown:
            sent["Authorization"] = f"Bearer {shown}"
        if body is not None:
            raw = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        response = self._pool.request(method, self.sandbox.url + path, body=raw, headers=sent)
        data = response.data
        is_json = response.headers.get("content-type", "").startswith("application/json")
        reply = ParsedReply(response.status, json.loads(data) if data and is_json else data, response.headers)
        self._check(method, path, reply)
        return reply

    def _check(self, method: str, path: str, reply: ParsedReply) -> None:
        settings = self.sandbox.state.settings
        if settings.mode == "faithful" or path.startswith("/_sandbox/") or method in ("HEAD", "OPTIONS"):
            return
        if self.sandbox.requests[-1]["fault"] is None:
            contract.check(method, path, reply.status, reply.body, seed_era=settings.era == "seed")

    def get(self, path: str, **more: Any) -> ParsedReply:
        return self("GET", path, **more)

    def post(self, path: str, body: Any = None, **more: Any) -> ParsedReply:
        return self("POST", path, body, **more)

    def ingest(self, *events: dict[str, Any], **more: Any) -> ParsedReply:
        return self.post("/v1/events/ingest", {"events": list(events)}, **more)

    def grant(self, amount: int, user_id: str | None = None, **more: Any) -> ParsedReply:
        body = {"amount": amount, **more}
        if user_id is not None:
            body["userId"] = user_id
        if self.sandbox.state.seed_era:
            body["customerId"] = self.customer_id
        return self.post("/v1/credits/grant", body)

    @property
    def customer_id(self) -> str:
        found: str = self.get("/v1/customers/me").body["data"]["id"]
        return found

    def other_customer(self) -> SandboxClient:
        """Return a client with the key of a customer that has just registered."""
        body = {"name": "Other", "email": f"{uuid.uuid4().hex}@example.com"}
        reply = self.post("/v1/customers/register", body, key=None)
        assert reply.status == 201
        return SandboxClient(self.sandbox, reply.body["data"]["apiKey"])

    def close(self) -> None:
        self._pool.clear()


def send_raw(sandbox: Sandbox, request: bytes) -> bytes:
    """Send bytes as they are, and return everything that the server sends until it closes the connection."""
    host, _, port = sandbox.url.rpartition("//")[2].rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10.0) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while True:
            try:
                chunk = connection.recv(65536)
            except ConnectionResetError:
                return received
            if not chunk:
                return received
            received += chunk


def event(**fields: Any) -> dict[str, Any]:
    """Return a token event of gpt-4o, 1000 in and 500 out, which costs 8 credits; fields set to None are left out."""
    made: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "event_type": "TOKEN_USAGE",
        "feature_id": "chat",
        "provider": "OPENAI",
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 500,
        "timestamp": "2026-11-20T12:00:00Z",
    }
    made.update(fields)
    return {name: value for name, value in made.items() if value is not None}


def events(count: int, **fields: Any) -> list[dict[str, Any]]:
    """Return several such events."""
    return [event(**fields) for _ in range(count)]
