"""The decision table of the entitlement check, row by row, and the entitlements themselves."""

from __future__ import annotations

import uuid
from datetime import datetime, timezone
from typing import Any

import pytest

from .client import SandboxClient, event, events

TOKENS = {"type": "token_usage", "provider": "OPENAI", "model": "gpt-4o"}
EIGHT = {**TOKENS, "estimated_input_tokens": 1000, "estimated_output_tokens": 500}


def check(
    client: SandboxClient, action: dict[str, Any] = EIGHT, user_id: str = "anna", feature: str = "chat"
) -> dict[str, Any]:
    reply = client.post("/v1/entitlements/check", {"userId": user_id, "featureId": feature, "action": action})
    assert reply.status == 200
    body: dict[str, Any] = reply.body
    return body


def limit(client: SandboxClient, kind: str, value: float | None, **more: Any) -> str:
    body = {"featureId": "chat", "limitType": kind, "limitValue": value, **more}
    reply = client.post("/v1/entitlements", body)
    assert reply.status == 201
    found: str = reply.body["data"]["id"]
    return found


def outcome(body: dict[str, Any]) -> Any:
    return body["allowed"], body["reason"], body["currentBalance"], [action["type"] for action in body["actions"]]


def test_no_wallet(client: SandboxClient) -> None:
    body = check(client)
    assert outcome(body) == (False, "No credit wallet found", None, ["create_wallet"])
    assert body["actions"] == [{"type": "create_wallet", "label": "Create Credit Wallet", "url": "/credits/wallet"}]
    assert (body["estimatedCostCredits"], body["estimatedCostUsd"]) == (None, None)


def test_expired(client: SandboxClient) -> None:
    client.grant(100, "anna", expiresAt="2020-01-01T00:00:00Z")
    body = check(client)
    assert outcome(body) == (False, "Credits have expired", 100, ["purchase"])
    assert body["actions"][0]["label"] == "Purchase New Credits"
    assert (body["estimatedCostCredits"], body["estimatedCostUsd"]) == (None, None)


def test_a_wallet_of_another_customer_gives_no_estimate(client: SandboxClient) -> None:
    client.grant(100, "anna")
    other = client.other_customer()
    body = check(other)
    assert outcome(body) == (False, "No credit wallet found", None, ["create_wallet"])
    assert (body["estimatedCostCredits"], body["estimatedCostUsd"]) == (None, None)
    assert (check(client)["estimatedCostCredits"], check(client)["estimatedCostUsd"]) == (8, 0.0075)
    other.close()


@pytest.mark.parametrize("kind", ["custom", "api_call"])
@pytest.mark.parametrize("provider", ["OPENAI", "openai", "Nobody's"])
def test_an_action_without_a_price_may_name_anything(faithful: SandboxClient, kind: str, provider: str) -> None:
    faithful.grant(100, "anna")
    body = check(faithful, {"type": kind, "provider": provider, "model": "x", "estimated_input_tokens": 1000})
    assert outcome(body) == (True, None, 100, [])
    assert (body["estimatedCostCredits"], body["estimatedCostUsd"]) == (None, None)


@pytest.mark.parametrize("kind", ["token_usage", "image_generation", "video_generation"])
def test_an_unknown_provider_fails_only_where_a_price_is_looked_up(faithful: SandboxClient, kind: str) -> None:
    body = {"userId": "anna", "featureId": "chat", "action": {"type": kind, "provider": "openai", "model": "gpt-4o"}}
    assert faithful.post("/v1/entitlements/check", body).body["reason"] == "No credit wallet found"
    faithful.grant(100, "anna")
    reply = faithful.post("/v1/entitlements/check", body)
    assert (reply.status, reply.body["message"]) == (500, "Failed to check entitlement")


def test_a_hard_limit_counts_events(client: SandboxClient) -> None:
    client.grant(1000, "anna")
    limit(client, "HARD", 2)
    assert outcome(check(client)) == (True, None, 1000, [])
    client.ingest(*events(2, user_id="anna"))
    body = check(client)
    assert outcome(body) == (False, "Usage limit of 2 reached", 984, ["upgrade"])
    assert body["actions"] == [{"type": "upgrade", "label": "Increase Limit", "url": "/upgrade"}]


@pytest.mark.parametrize(
    ("kind", "value", "used", "balance", "expected"),
    [
        ("HARD", 2, 0, 5, (False, "Insufficient credits", 5, ["purchase"])),
        ("SOFT", 2, 2, 100, (True, "Usage limit of 2 reached (soft limit)", 100, [])),
        ("SOFT", 2, 2, 5, (True, "Usage limit of 2 reached (soft limit)", 5, ["purchase"])),
        ("SOFT", 2, 0, 5, (True, "Low credits - consider purchasing more", 5, ["purchase"])),
        ("NONE", None, 0, 5, (False, "Insufficient credits", 5, ["purchase"])),
        ("NONE", 2, 9, 100, (True, None, 100, [])),
        (None, None, 0, 5, (False, "Insufficient credits", 5, ["purchase"])),
        (None, None, 0, 100, (True, None, 100, [])),
        ("HARD", None, 9, 5, (True, None, 5, [])),
        ("SOFT", None, 9, 5, (True, None, 5, [])),
        ("HARD", 2, 0, 100, (True, None, 100, [])),
        ("HARD", 0, 0, 100, (False, "Usage limit of 0 reached", 100, ["upgrade"])),
        ("SOFT", 0, 0, 100, (True, "Usage limit of 0 reached (soft limit)", 100, [])),
        ("HARD", -1, 0, 100, (False, "Usage limit of -1 reached", 100, ["upgrade"])),
    ],
)
def test_the_rest_of_the_table(
    client: SandboxClient, kind: str | None, value: float | None, used: int, balance: int, expected: Any
) -> None:
    client.grant(balance, "anna")
    if kind is not None:
        limit(client, kind, value)
    if used:
        client.ingest(*events(used, input_tokens=0, output_tokens=0))
    assert outcome(check(client)) == expected


@pytest.mark.parametrize(
    ("action", "credits_needed"),
    [
        (EIGHT, 8),
        ({**TOKENS, "estimated_input_tokens": 0.5}, 1),
        ({**TOKENS, "estimated_input_tokens": -1000}, None),
        ({**TOKENS, "estimatedInputTokens": 1000}, None),
        ({**EIGHT, "model": "unknown"}, None),
        ({**EIGHT, "provider": "openai"}, None),
        ({"type": "token_usage", "estimated_input_tokens": 1000}, None),
        ({"type": "image_generation", "provider": "OPENAI", "model": "dall-e-3"}, None),
        ({"type": "api_call"}, None),
        ({"type": "custom"}, None),
    ],
)
def test_estimates(client: SandboxClient, action: dict[str, Any], credits_needed: int | None) -> None:
    client.grant(100, "anna")
    body = check(client, action)
    assert body["estimatedCostCredits"] == credits_needed
    assert (body["estimatedCostUsd"] is None) == (credits_needed is None)
    assert body["allowed"]


def test_estimates_of_images_and_video_need_their_rows(start: Any) -> None:
    client = start(prices="all")
    client.grant(10_000, "anna")
    image = {"type": "image_generation", "provider": "OPENAI", "model": "dall-e-3"}
    assert check(client, image)["estimatedCostCredits"] == 40
    assert check(client, {**image, "estimated_count": 3})["estimatedCostCredits"] == 120
    video = {"type": "video_generation", "provider": "GOOGLE", "model": "veo-3-video"}
    assert check(client, {**video, "estimated_duration_seconds": 7})["estimatedCostCredits"] == 1401


def test_an_unknown_price_is_refused_only_below_zero(client: SandboxClient) -> None:
    client.grant(8, "anna")
    client.ingest(event(user_id="anna"))
    assert check(client, {"type": "api_call"})["allowed"]  # a balance of 0 is enough for an action that costs 0
    client.ingest(event(user_id="anna"))
    assert not check(client, {"type": "api_call"})["allowed"]


def test_periods_are_counted_by_the_events_own_time(client: SandboxClient) -> None:
    client.grant(1000, "anna")
    client.sandbox.set_time(datetime(2026, 3, 15, 12, tzinfo=timezone.utc))
    entitlement = limit(client, "HARD", 1, period="DAILY")
    client.ingest(event(timestamp="2026-03-14T23:59:59.999Z"))
    assert check(client)["allowed"]
    client.ingest(event(timestamp="2026-03-15T00:00:00Z"))
    assert not check(client)["allowed"]
    client.sandbox.advance(days=1)
    assert check(client)["allowed"]
    client("PUT", f"/v1/entitlements/{entitlement}", {"period": "MONTHLY"})
    assert not check(client)["allowed"]
    client.sandbox.advance(days=20)
    assert check(client)["allowed"]
    client("PUT", f"/v1/entitlements/{entitlement}", {"period": "TOTAL"})
    assert not check(client)["allowed"]


def test_an_entitlement_of_one_user(client: SandboxClient, faithful: SandboxClient) -> None:
    for each, others_are_free in ((client, True), (faithful, False)):
        each.grant(100, "anna")
        each.grant(100, "ben")
        each.ingest(event(user_id="anna"))
        limit(each, "HARD", 1, userId="anna")
        assert not check(each)["allowed"]
        assert check(each, user_id="ben")["allowed"] is others_are_free


def test_lower_case_providers_fail_only_with_a_model_and_only_on_the_present_servers(faithful: SandboxClient) -> None:
    faithful.grant(100, "anna")
    body = {"userId": "anna", "featureId": "chat", "action": {"type": "token_usage", "provider": "openai"}}
    assert faithful.post("/v1/entitlements/check", body).status == 200
    body["action"]["model"] = "gpt-4o"  # type: ignore[index]
    assert faithful.post("/v1/entitlements/check", body).status == 500


def test_making_changing_and_deleting(client: SandboxClient) -> None:
    made = client.post("/v1/entitlements", {"featureId": "chat", "limitType": "HARD", "limitValue": 0})
    assert made.status == 201
    row = made.body["data"]
    assert row == {"id": row["id"], "featureId": "chat", "limitType": "HARD", "limitValue": 0}
    path = f"/v1/entitlements/{row['id']}"
    changed = client("PUT", path, {"limitType": "SOFT", "limitValue": 5, "metadata": {}, "featureId": "other"})
    assert changed.body["data"] == {**row, "limitType": "SOFT", "limitValue": 5}
    assert client("PUT", path, {"limitValue": None}).body["data"]["limitValue"] is None
    assert client("PUT", path, {}).status == 200
    assert client("PUT", path, {"limitValue": 1.5}).status == 400
    assert client("DELETE", path).status == 204
    assert client("DELETE", path).body == {"error": "Not Found", "message": "Entitlement not found"}
    assert client("PUT", path, {}).status == 404
    other = limit(client, "NONE", None)
    assert client("DELETE", f"/v1/entitlements/{other}", {}).status == 204


def test_a_limit_of_zero_and_fractions_on_the_present_servers(faithful: SandboxClient) -> None:
    made = faithful.post("/v1/entitlements", {"featureId": "chat", "limitType": "HARD", "limitValue": 0})
    assert made.body["data"]["limitValue"] is None
    faithful.grant(10, "anna")
    assert not check(faithful)["allowed"]  # the check uses the stored limit of 0
    assert (
        faithful.post("/v1/entitlements", {"featureId": "chat", "limitType": "HARD", "limitValue": 1.5}).status == 500
    )
    path = f"/v1/entitlements/{made.body['data']['id']}"
    faithful("PUT", path, {"period": "DAILY"})
    faithful("PUT", path, {"period": None})
    assert faithful.get("/v1/entitlements").body["data"][-1]["period"] == "DAILY"


def test_the_list(client: SandboxClient) -> None:
    client.grant(10, "anna")
    limit(client, "HARD", 5, userId="anna", period="TOTAL", metadata={"a": 1})
    limit(client, "NONE", None)
    client.ingest(event(user_id="anna"), event(user_id="ben"))
    rows = client.get("/v1/entitlements").body["data"]
    assert [row["featureId"] for row in rows] == ["ai-text-generation", "ai-image-generation", "chat", "chat"]
    assert rows[2] == {
        "id": rows[2]["id"],
        "userId": "anna",
        "featureId": "chat",
        "limitType": "HARD",
        "limitValue": 5,
        "period": "TOTAL",
        "metadata": {"a": 1},
        "currentUsage": 1,
    }
    assert rows[3]["currentUsage"] == 0
    assert client.other_customer().get("/v1/entitlements").body == {"data": []}


def test_another_customers_entitlement(client: SandboxClient) -> None:
    mine = limit(client, "HARD", 5)
    other = client.other_customer()
    denied = {"error": "Forbidden", "message": "Access denied to this entitlement"}
    assert other("PUT", f"/v1/entitlements/{mine}", {"limitValue": 9}).body == denied
    assert other("DELETE", f"/v1/entitlements/{mine}").body == denied
    assert client.get("/v1/entitlements").body["data"][-1]["limitValue"] == 5


def test_an_entitlement_for_an_unknown_user(client: SandboxClient, faithful: SandboxClient) -> None:
    body = {"featureId": "chat", "limitType": "HARD", "userId": str(uuid.uuid4())}
    assert client.post("/v1/entitlements", body).status == 400
    reply = faithful.post("/v1/entitlements", body)
    assert (reply.status, reply.body["message"]) == (500, "Failed to create entitlement")


def test_present_servers_know_a_user_by_their_own_id_only(client: SandboxClient, faithful: SandboxClient) -> None:
    for each, status in ((client, 201), (faithful, 500)):
        made = each.post("/v1/users", {"externalUserId": "carol"}).body["data"]
        body = {"featureId": "chat", "limitType": "HARD"}
        assert each.post("/v1/entitlements", {**body, "userId": "carol"}).status == status
        assert each.post("/v1/entitlements", {**body, "userId": made["id"]}).status == 201
        each.grant(10, "anna")  # whose id of the platform is the same
        assert each.post("/v1/entitlements", {**body, "userId": "anna"}).status == 201
