"""The rate limit and the monthly quota, by the sandbox's clock."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox

from .client import SandboxClient, event, events


def limits(reply: Any) -> Any:
    return tuple(reply.headers.get(f"x-ratelimit-{name}") for name in ("limit", "remaining", "reset"))


def test_requests_a_minute(start: Callable[..., SandboxClient]) -> None:
    client = start(rate_limit=3)
    assert limits(client.get("/v1/customers/me")) == ("3", "2", "60")
    assert limits(client.get("/health")) == ("3", "1", "60")
    assert limits(client.get("/v1/nothing")) == (None, None, None)  # not counted
    client.sandbox.advance(seconds=20)
    assert limits(client.post("/v1/credits/grant", {})) == ("3", "0", "40")  # 400s are counted
    reply = client.post("/v1/credits/grant", raw=b"{", headers={"Content-Type": "application/json"})
    assert reply.status == 429  # before the body is read
    assert reply.body == {
        "statusCode": 429,
        "error": "Too Many Requests",
        "message": "Rate limit exceeded, retry in 40 seconds",
    }
    assert (limits(reply), reply.headers["retry-after"]) == (("3", "0", "40"), "40")
    client.sandbox.advance(seconds=40)
    fine = client.get("/v1/customers/me")
    assert (fine.status, "retry-after" in fine.headers) == (200, False)


def test_which_requests_share_a_limit(start: Callable[..., SandboxClient]) -> None:
    client = start(rate_limit=2)
    key = str(client.key)
    for headers in ({"Authorization": f"Bearer {key}"}, {"X-API-Key": key}):
        assert client.get("/health", key=None, headers=headers).status == 200
    full = client.get("/health", headers={"X-API-Key": "other"})
    assert (full.status, full.body["message"]) == (429, "Rate limit exceeded, retry in 1 minute")
    assert client.get("/v1/customers/me", key="unknown").status == 401  # a bucket of its own
    for headers in ({}, {"Authorization": f"bearer {key}"}):  # the caller's address
        assert client.get("/health", key=None, headers=headers).status == 200
    assert client.get("/health", key=None, headers={"Authorization": "Bearer "}).status == 429
    asked = {"Origin": "http://a.example", "Access-Control-Request-Method": "POST"}
    assert client("OPTIONS", "/health", key=None, headers=asked).status == 204


def test_the_monthly_quota(start: Callable[..., SandboxClient]) -> None:
    client = start(quota={"STARTER": 10, "GROWTH": 5, "ENTERPRISE": None})
    client.sandbox.set_time(datetime(2026, 3, 31, 23, 59, tzinfo=timezone.utc))
    assert client.ingest(event(event_id="x")).status == 400  # not counted
    assert client.ingest(*events(2)).headers["x-monthly-quota-remaining"] == "3"
    assert client.get("/v1/events/info").headers["x-monthly-quota-remaining"] == "2"
    over = client.ingest(*events(3))
    assert (over.status, over.body) == (
        402,
        {
            "error": "Payment Required",
            "message": "Monthly quota exceeded (5 events). Please upgrade your plan.",
            "details": {"currentUsage": 3, "limit": 5, "period": "2026-3"},
        },
    )
    same = event(idempotency_key="one")
    assert client.ingest(same).status == 202
    assert client.ingest(same).headers["x-monthly-quota-remaining"] == "0"  # duplicates are counted
    for reply in (client.ingest(event()), client.get("/v1/events/dlq"), client.get("/v1/events/info")):
        assert reply.status == 402
    assert client.get("/v1/events").status == 200
    assert client.get("/v1/credits/balance").status == 200
    client.sandbox.advance(seconds=120)
    assert client.ingest(event()).headers["x-monthly-quota-remaining"] == "4"


def test_events_that_the_ingestion_service_refuses_are_counted(start: Callable[..., SandboxClient]) -> None:
    client = start(quota=5)
    assert client.ingest(event(metadata={"text": "x" * 1_100_000})).status == 413
    assert client.ingest(event(), headers={"X-API-Key": "wrong"}).status == 401
    assert client.ingest(event()).headers["x-monthly-quota-remaining"] == "2"


def test_tiers_have_their_own_quota(start: Callable[..., SandboxClient]) -> None:
    client = start(quota=True)
    for tier, remaining in (("STARTER", "9999"), ("GROWTH", "99999"), ("ENTERPRISE", None)):
        body = {"name": tier, "email": f"{tier}@example.com", "tier": tier}
        key = client.post("/v1/customers/register", body).body["data"]["apiKey"]
        assert client.ingest(event(), key=key).headers.get("x-monthly-quota-remaining") == remaining


def test_the_quota_is_off_by_default(client: SandboxClient) -> None:
    assert "x-monthly-quota-remaining" not in client.ingest(event()).headers


def test_settings_that_make_no_sense() -> None:
    with pytest.raises(ValueError, match="rate_limit must be at least 1"):
        Sandbox(rate_limit=0)
    with pytest.raises(ValueError, match="unknown tier 'FREE'"):
        Sandbox(quota={"FREE": 1})
    with pytest.raises(ValueError, match="processing_delay must be"):
        Sandbox(processing_delay=-1)
