"""Text that a careless page would run as a program."""

from __future__ import annotations

import json
import uuid
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import urllib3

from openmonetize.sandbox import Sandbox

MARK = "zap"
PROGRAM = f"document.title='{MARK}'"
PAYLOAD = f"""</pre></style></td>"'><img src={MARK} onerror="{PROGRAM}"><script>{PROGRAM}</script>"""
STAMP = "2026-11-20T12:00:00Z"


def call(sandbox: Sandbox, method: str, target: str, body: Any = None, key: Any = "own", **headers: str) -> Any:
    """Send a request as it is, without a client's checks, and return the response."""
    shown = sandbox.key if key == "own" else key
    sent = {**headers, **({"Authorization": f"Bearer {shown}"} if shown else {})}
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    if raw is not None and "Content-Type" not in sent:
        sent["Content-Type"] = "application/json"
    return urllib3.request(method, sandbox.url + target, body=raw, headers=sent, retries=False, timeout=10)


def event(**fields: Any) -> dict[str, Any]:
    """Return a token event that costs 8 credits."""
    made: dict[str, Any] = {
        "event_id": str(uuid.uuid4()),
        "event_type": "TOKEN_USAGE",
        "feature_id": "chat",
        "provider": "OPENAI",
        "model": "gpt-4o",
        "input_tokens": 1000,
        "output_tokens": 500,
        "timestamp": STAMP,
    }
    return {**made, **fields}


def ingest(sandbox: Sandbox, *events: dict[str, Any], key: Any = "own") -> None:
    reply = call(sandbox, "POST", "/v1/events/ingest", {"events": list(events)}, key=key)
    assert reply.status in (200, 202), reply.data


def fill(sandbox: Sandbox, payload: str = PAYLOAD) -> None:
    """Put `payload` wherever a client can put text."""
    account = call(
        sandbox, "POST", "/v1/customers/register", {"name": payload[:100], "email": "zap@example.com"}, key=None
    ).json()
    key = account["data"]["apiKey"]
    call(sandbox, "POST", "/v1/credits/grant", {"userId": payload, "amount": 100, "reason": payload}, key=key)
    call(sandbox, "POST", "/v1/credits/grant", {"teamId": payload, "amount": 100}, key=key)
    free = {"user_id": payload, "feature_id": payload, "model": payload, "metadata": {payload: payload}}
    custom = {"event_type": "CUSTOM", "unit_type": payload, "quantity": 3, "provider": None, "model": None}
    ingest(
        sandbox,
        event(**free, idempotency_key=payload),
        event(**free, team_id=payload),
        {name: value for name, value in event(**{**free, **custom}).items() if value is not None},
        event(event_type="IMAGE_GENERATION", image_count=2, image_size=payload, quality=payload, user_id=payload),
        event(idempotency_key=payload + "!"),
        event(idempotency_key=payload + "!", **free),  # becomes a dead letter, with the key in its reason
        key=key,
    )
    call(sandbox, "GET", "/v1/" + quote(payload) + "?q=" + payload.replace(" ", "+"))
    call(sandbox, "POST", "/v1/users", {"userId": payload}, **{"User-Agent": payload, "X-Request-Id": payload})
    call(sandbox, "PUT", "/v1/nowhere", payload.encode(), **{"Content-Type": payload})
    # A target that is not escaped.
    connection = HTTPConnection("127.0.0.1", int(sandbox.url.rpartition(":")[2]), timeout=10)
    connection.request("GET", "/" + payload.replace(" ", "/"))
    connection.getresponse().read()
    connection.close()
    sandbox.fail_next(f"500:path=/{payload.replace(',', '')}")
