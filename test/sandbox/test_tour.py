"""A tour of both eras: register, grant, ingest, read."""

from __future__ import annotations

import uuid

from .client import SandboxClient, event


def test_the_present_era(client: SandboxClient) -> None:
    assert client.get("/health", key=None).body["status"] == "ok"
    assert client.get("/ready", key=None).body["checks"] == {
        "database": True,
        "ingestionService": True,
        "ratingEngine": True,
    }
    assert client.get("/v1/info", key=None).body["service"] == "api-gateway"
    me = client.other_customer()
    assert me.key is not None
    assert me.key.startswith("om_live_")
    assert len(me.key) == len("om_live_") + 64
    assert me.get("/v1/credits/balance").body["data"] == {
        "balance": "0",
        "reservedBalance": "0",
        "availableBalance": "0",
        "currency": "USD",
    }
    granted = me.grant(100, "anna", reason="welcome").body["data"]
    assert granted["newBalance"] == "100"
    assert granted["amount"] == "100"
    bought = {"userId": "anna", "amount": 50, "purchasePrice": 0.05}
    assert me.post("/v1/credits/purchase", bought).body["data"]["newBalance"] == 150
    reply = me.ingest(event(user_id="anna"), event(user_id="anna", model="gpt-4o-mini"))
    assert (reply.status, reply.body["accepted"], reply.body["status"]) == (202, 2, "processing")
    balance = me.get("/v1/users/anna/credits").body["data"]
    assert balance == {"balance": 141, "reserved": 0, "available": 141, "expiresAt": None}
    rows = me.get("/v1/users/anna/transactions").body
    assert [row["amount"] for row in rows["data"]] == [-1, -8, 50, 100]
    assert [row["transactionType"] for row in rows["data"]] == ["BURN", "BURN", "PURCHASE", "GRANT"]
    assert rows["data"][0]["balanceBefore"] == 142
    assert rows["data"][-1]["description"] == "welcome"
    window = "startDate=2026-11-01T00:00:00Z&endDate=2026-11-30T00:00:00Z"
    usage = me.get(f"/v1/analytics/usage?{window}").body["data"]
    assert usage["summary"] == {
        "totalEvents": 2,
        "totalInputTokens": "2000",
        "totalOutputTokens": "1000",
        "totalCreditsBurned": "9",
        "totalCostUsd": "0.0080",  # 0.0075 and 0.00045, rounded only here
    }
    costs = me.get(f"/v1/analytics/costs?{window}").body["data"]
    assert costs["summary"]["totalRevenue"] == "0.0090"
    assert me.sandbox.billed("anna") == 9
    assert me.sandbox.balance("anna") == 141


def test_the_seed_era(seed: SandboxClient) -> None:
    me = seed.other_customer()
    customer, user = me.customer_id, str(uuid.uuid4())
    assert me.get("/v1/credits/balance").status == 404
    assert me.grant(100, user).status == 200
    assert me.get(f"/v1/customers/{customer}/users/{user}/credits").body["data"]["balance"] == 100
    assert me.ingest(event(customer_id=customer, user_id=user)).status == 202
    rows = me.get(f"/v1/customers/{customer}/users/{user}/transactions?limit=1").body
    assert [row["amount"] for row in rows["data"]] == [-8]
    assert rows["pagination"] == {"limit": 1, "offset": 0, "total": 2}
    assert me.get("/v1/analytics/usage").status == 403
    usage = me.get(f"/v1/analytics/usage?customerId={customer}&startDate=2026-11-01T00:00:00%2B02:00").body["data"]
    assert usage["summary"]["totalCreditsBurned"] == "8"
    assert "byEventType" not in usage
    assert me.get(f"/v1/users/{user}/credits").status == 404
