"""The input of all sides of a comparison: the same events to send, the same responses to read."""

from __future__ import annotations

import json
from random import Random
from typing import Any

KEY = "om_bench_0123456789abcdef"
CUSTOMER = "3f0c2b9e-7a41-4d58-9b1e-6c2d8f5a4e70"
USER = "user_456"

# The values of the README's first event, whose id, provider and time have to be normalised for the wire.
README_EVENT: dict[str, Any] = {
    "event_id": "evt_123",
    "customer_id": "cust_abc",
    "user_id": USER,
    "feature_id": "chat-completion",
    "provider": "openai",
    "model": "gpt-4-turbo",
    "input_tokens": 1000,
    "output_tokens": 500,
    "timestamp": "2026-11-23T09:31:05.123456",
}

# The same event in the wire's form.
READY_EVENT: dict[str, Any] = {
    **README_EVENT,
    "event_id": "5b0d3c86-1f2a-4c7e-8a95-d4e60b7f1c23",
    "customer_id": CUSTOMER,
    "provider": "OPENAI",
    "timestamp": "2026-11-23T09:31:05.123456Z",
}

# What most callers give: id and time are left to the library.
SHORT_EVENT = {name: value for name, value in READY_EVENT.items() if name not in ("event_id", "timestamp")}


def event_id(number: int) -> str:
    """Return a UUID of version 4 for each number, as random as real ones, so that an index of them has no order."""
    digits = f"{Random(number).getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def ready_events(count: int) -> list[dict[str, Any]]:
    """Return events in the wire's form, each with its own id."""
    return [
        {**READY_EVENT, "event_id": event_id(number), "user_id": f"user_{number % 50}", "metadata": {"trace": number}}
        for number in range(count)
    ]


def mixed_events(count: int) -> list[dict[str, Any]]:
    """Return complete events, of four types in turn."""
    shared = {name: READY_EVENT[name] for name in ("customer_id", "user_id", "feature_id", "timestamp")}
    kinds: list[dict[str, Any]] = [
        {"event_type": "TOKEN_USAGE", "provider": "OPENAI", "model": "gpt-4o", "input_tokens": 10, "output_tokens": 5},
        {"event_type": "IMAGE_GENERATION", "provider": "OPENAI", "model": "dall-e-3", "image_count": 1},
        {"event_type": "CUSTOM", "unit_type": "pages", "quantity": 10},
        {"event_type": "API_CALL", "provider": "ANTHROPIC", "model": "claude-4.5-haiku"},
    ]
    return [
        {
            "event_id": event_id(number),
            **shared,
            **kinds[number % len(kinds)],
            "metadata": {"trace": number},
            "idempotency_key": event_id(number),
        }
        for number in range(count)
    ]


def _balance() -> dict[str, Any]:
    amounts = {"balance": "120000", "reservedBalance": "0", "availableBalance": "120000"}
    return {"data": {**amounts, "currency": "credits"}}


def _transactions(rows: int) -> dict[str, Any]:
    data = [
        {
            "id": event_id(number),
            "transactionType": "BURN",
            "amount": -9,
            "balanceBefore": 25000 - 9 * number,
            "balanceAfter": 24991 - 9 * number,
            "description": "Usage of support-chat",
            "createdAt": "2026-11-23T09:31:07.412Z",
        }
        for number in range(rows)
    ]
    return {"data": data, "pagination": {"limit": 50, "offset": 0, "total": 1234}}


BALANCE_PATH = "/v1/credits/balance"
TRANSACTIONS_PATH = f"/v1/users/{USER}/transactions"
INGEST_PATH = "/v1/events/ingest"
RECEIVED_PATH = "/received"  # of the canned server only: how many events it has received, and their bytes

_BODIES = {
    BALANCE_PATH: json.dumps(_balance()).encode(),
    TRANSACTIONS_PATH: json.dumps(_transactions(50)).encode(),
}


def _http(status: str, body: bytes, kind: str = "application/json; charset=utf-8") -> bytes:
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
        "Date: Mon, 23 Nov 2026 09:31:07 GMT\r\nX-Request-Id: 0f6c1d6e\r\nConnection: keep-alive\r\n\r\n"
    )
    return head.encode() + body


_RESPONSES = {path: _http("200 OK", body) for path, body in _BODIES.items()}
_OTHER = _http("200 OK", b"{}")


_received = {"events": 0, "bytes": 0}


def response_to(path: str, body: bytes) -> bytes:
    """Return the whole response to a request. Only of an ingest is the body read: its events are counted."""
    if path == RECEIVED_PATH:
        return _http("200 OK", json.dumps(_received).encode())
    if path != INGEST_PATH:
        return _RESPONSES.get(path, _OTHER)
    events = body.count(b'"event_type"')
    _received["events"] += events
    _received["bytes"] += len(body) - len(b'{"events":[]}') - (events - 1)  # and the commas
    counts = {"accepted": events, "rejected": 0, "duplicates": 0}
    response = {**counts, "batch_id": "batch_0f6c1d6e", "status": "accepted", "processing_time_ms": 3}
    return _http("202 Accepted", json.dumps(response).encode())
