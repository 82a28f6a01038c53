"""The platform's first release: other paths, another validator, services to which the gateway forwards."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from .client import SandboxClient, event
from .test_wire import bad, invalid, no_route

USER = str(uuid.uuid4())
FORBIDDEN = {"error": "Forbidden", "message": "Access denied to this customer"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "body must have required property 'customerId'"),
        ({"customerId": "x"}, "body must have required property 'amount'"),
        ({"customerId": "x", "amount": 5}, 'body/customerId must match format "uuid"'),
        ({"customerId": USER, "amount": 0}, "body/amount must be >= 1"),
        ({"customerId": USER, "amount": "many"}, "body/amount must be number"),
        ({"customerId": USER, "amount": 5, "metadata": 7}, "body/metadata must be object"),
        ([], "body must be object"),
    ],
)
def test_the_first_issue_only(seed: SandboxClient, body: Any, message: str) -> None:
    assert seed.post("/v1/credits/grant", body, key=None).body == invalid(message)


def test_registration_declares_its_400(seed: SandboxClient) -> None:
    reply = seed.post("/v1/customers/register", {"name": "x", "email": "a@b.co", "tier": "FREE"}, key=None)
    assert reply.body == bad("body/tier must be equal to one of the allowed values")
    short = seed.post("/v1/customers/register", {"name": "", "email": "a@b.co"}, key=None)
    assert short.body == bad("body/name must NOT have fewer than 1 characters")


def test_types_are_coerced_and_unknown_keys_kept(seed: SandboxClient) -> None:
    body = {"customerId": seed.customer_id, "userId": USER, "amount": "5", "surprise": 1}
    assert seed.post("/v1/credits/grant", body).body["data"]["amount"] == "5"
    path = f"/v1/customers/{seed.customer_id}/users/{USER}/transactions"
    assert seed.get(f"{path}?limit=5&whatever=1").status == 200
    assert seed.get(f"{path}?limit=101").body == invalid("querystring/limit must be <= 100")
    assert seed.get(f"{path}?limit=x").body["statusCode"] == 400
    expiring = {**body, "expiresAt": "2030-01-01T01:00:00+01:00"}
    assert seed.post("/v1/credits/grant", expiring).status == 200
    data = seed.get(f"/v1/customers/{seed.customer_id}/users/{USER}/credits").body["data"]
    assert data == {"balance": 10, "reserved": 0, "available": 10, "expiresAt": "2030-01-01T00:00:00.000Z"}


def test_a_foreign_customer_id_is_forbidden(seed: SandboxClient) -> None:
    other = seed.other_customer().customer_id
    action = {"type": "token_usage"}
    for method, path, body in (
        ("GET", f"/v1/customers/{other}/users/{USER}/credits", None),
        ("GET", f"/v1/customers/{other}/users/{USER}/transactions", None),
        ("GET", f"/v1/customers/{other}/entitlements", None),
        ("POST", "/v1/credits/grant", {"customerId": other, "amount": 5}),
        ("POST", "/v1/credits/purchase", {"customerId": other, "userId": USER, "amount": 5, "purchasePrice": 0}),
        ("POST", "/v1/entitlements", {"customerId": other, "featureId": "f", "limitType": "HARD"}),
        (
            "POST",
            "/v1/entitlements/check",
            {"customerId": other, "userId": USER, "featureId": "f", "action": action},
        ),
        ("GET", f"/v1/analytics/usage?customerId={other}", None),
        ("GET", f"/v1/analytics/cost-breakdown?customerId={other}", None),
        ("GET", f"/v1/analytics/summary/{other}", None),
        ("GET", f"/v1/burn-tables/customer/{other}/active", None),
        ("GET", f"/v1/burn-tables?customerId={other}", None),
        (
            "POST",
            "/v1/rating/calculate",
            {"customerId": other, "provider": "OPENAI", "model": "o1", "inputTokens": 1, "outputTokens": 1},
        ),
    ):
        reply = seed.__call__(method, path, body)
        assert (reply.status, reply.body) == (403, FORBIDDEN), path


def test_purchases_may_be_free(seed: SandboxClient) -> None:
    body = {"customerId": seed.customer_id, "userId": USER, "amount": 5, "purchasePrice": 0}
    assert seed.post("/v1/credits/purchase", body).body["data"]["newBalance"] == 5


# --- events ---------------------------------------------------------------------------------------------------------


def own(seed: SandboxClient, **fields: Any) -> dict[str, Any]:
    return event(customer_id=seed.customer_id, **fields)


def test_the_ingestion_service_checks_the_key_first(seed: SandboxClient) -> None:
    assert seed.ingest(key=None).status == 401
    reply = seed.ingest(event(), event(event_id="x"))
    assert (reply.status, reply.body["error"]) == (400, "VALIDATION_ERROR")
    tree = reply.body["details"]
    assert tree["events"]["0"]["customer_id"]["_errors"] == ["Required"]
    assert tree["events"]["1"]["event_id"]["_errors"] == ["Invalid uuid"]
    assert tree["_errors"] == []


def test_events_of_another_customer_are_forbidden(seed: SandboxClient) -> None:
    reply = seed.ingest(own(seed), event(customer_id=str(uuid.uuid4())))
    assert (reply.status, reply.body["error"]) == (403, "FORBIDDEN")
    assert seed.sandbox.events() == []


def test_unknown_models_and_times_with_offsets(seed: SandboxClient) -> None:
    seed.ingest(own(seed, model="gpt-4-turbo"))
    (stored,) = seed.sandbox.events()
    assert stored["credits"] == 0
    assert seed.ingest(own(seed, timestamp="2026-01-01T00:00:00+01:00")).status == 400


def test_image_and_custom_events_by_the_contract_and_as_shipped(
    seed: SandboxClient, start: Callable[..., SandboxClient]
) -> None:
    image = {"event_type": "IMAGE_GENERATION", "model": "dall-e-3", "image_count": 1}
    custom = {"event_type": "CUSTOM", "unit_type": "pages", "quantity": 10}
    assert seed.ingest(own(seed, **image), own(seed, **custom)).status == 202
    assert seed.sandbox.billed() == 140
    shipped = start(era="seed", mode="faithful")
    key = {"X-API-Key": str(shipped.key)}
    for fields in (image, custom):
        reply = shipped.ingest(own(shipped, **fields), headers=key)
        assert (reply.status, reply.body["error"]) == (400, "VALIDATION_ERROR")


def test_as_shipped_the_service_reads_x_api_key_only(seed: SandboxClient, start: Callable[..., SandboxClient]) -> None:
    assert seed.ingest(own(seed)).status == 202
    shipped = start(era="seed", mode="faithful")
    refused = {"error": "UNAUTHORIZED", "message": "Invalid or missing API key"}
    assert shipped.ingest(own(shipped)).body == refused
    assert shipped.ingest(own(shipped), headers={"X-API-Key": str(shipped.key)}).status == 202


def test_as_shipped_only_known_users_work(start: Callable[..., SandboxClient]) -> None:
    shipped = start(era="seed", mode="faithful")
    assert shipped.grant(5, USER).status == 500
    shipped.ingest(own(shipped, user_id=USER), headers={"X-API-Key": str(shipped.key)})
    assert len(shipped.sandbox.dead_letters()) == 1
    assert shipped.get(f"/v1/customers/{shipped.customer_id}/users/{USER}/transactions").status == 500


# --- entitlements ---------------------------------------------------------------------------------------------------


def test_without_an_entitlement_nothing_is_allowed(seed: SandboxClient) -> None:
    customer = seed.customer_id

    def check(feature: str) -> Any:
        action = {
            "type": "token_usage",
            "provider": "OPENAI",
            "model": "gpt-4o",
            "estimated_input_tokens": 1000,
            "estimated_output_tokens": 500,
        }
        body = {"customerId": customer, "userId": USER, "featureId": feature, "action": action}
        found = seed.post("/v1/entitlements/check", body).body
        return found["allowed"], found["reason"], [item["type"] for item in found["actions"]]

    def limit(feature: str, kind: str, value: Any) -> None:
        body = {"customerId": customer, "featureId": feature, "limitType": kind, "limitValue": value}
        assert seed.post("/v1/entitlements", body).status == 201

    assert check("f") == (False, "Feature not enabled for this customer", ["upgrade"])
    limit("f", "NONE", None)
    assert check("f") == (False, "No credit wallet found", ["create_wallet"])
    seed.grant(5, USER)
    assert check("f") == (True, None, [])  # here credits are not checked
    limit("g", "HARD", 1)
    assert check("g") == (False, "Insufficient credits", ["purchase"])
    seed.grant(50, USER)
    seed.ingest(*(own(seed, feature_id="g") for _ in range(3)))
    assert check("g") == (True, None, [])  # usage is not counted
    listed = seed.get(f"/v1/customers/{customer}/entitlements").body["data"]
    assert listed[-1] == {"featureId": "g", "limitType": "HARD", "limitValue": 1}
    video = {"type": "video_generation"}
    body = {"customerId": customer, "userId": USER, "featureId": "f", "action": video}
    assert seed.post("/v1/entitlements/check", body).body == invalid(
        "body/action/type must be equal to one of the allowed values"
    )


def test_as_shipped_a_limit_of_null_has_to_be_left_out(start: Callable[..., SandboxClient]) -> None:
    shipped = start(era="seed", mode="faithful")
    body = {"customerId": shipped.customer_id, "featureId": "f", "limitType": "NONE"}
    assert shipped.post("/v1/entitlements", {**body, "limitValue": None}).status == 500
    assert shipped.post("/v1/entitlements", body).status == 201


# --- services behind wildcards --------------------------------------------------------------------------------------


def test_rating(seed: SandboxClient) -> None:
    body = {
        "customerId": seed.customer_id,
        "provider": "OPENAI",
        "model": "gpt-4o",
        "inputTokens": 1000,
        "outputTokens": 500,
    }
    full = seed.post("/v1/rating/calculate", body).body
    assert (full["credits"], full["providerCostUsd"], full["pricingSource"]) == (1, 0.0075, "default_burn_table")
    unknown = seed.post("/v1/rating/calculate", {**body, "model": "gpt-5"})
    assert (unknown.status, unknown.body["error"]) == (404, "PROVIDER_NOT_FOUND")
    broken = seed.post("/v1/rating/calculate", {**body, "model": ""})
    assert (broken.status, broken.body["error"]) == (400, "VALIDATION_ERROR")
    assert broken.body["details"]["model"]["_errors"] == ["String must contain at least 1 character(s)"]
    assert seed.post("/v1/rating/calculate", {}, key=None).status == 401
    calculations = [{name: value for name, value in body.items() if name != "customerId"}]
    bulk = seed.post("/v1/rating/calculate/bulk", {"customerId": seed.customer_id, "calculations": calculations})
    assert bulk.body["total"] == 1
    assert seed.get("/v1/rating/pricing").body["total"] == 14


def test_burn_tables(seed: SandboxClient) -> None:
    rules = {"gpt-4o": {"inputTokens": 2, "outputTokens": 4}}
    made = seed.post("/v1/burn-tables", {"customerId": seed.customer_id, "name": "mine", "rules": rules})
    assert made.status == 201
    table = made.body["data"]["id"]
    assert seed.get(f"/v1/burn-tables?customerId={seed.customer_id}").body["total"] == 1
    assert seed.get(f"/v1/burn-tables/customer/{seed.customer_id}/active").body["isDefault"] is False
    assert seed("PATCH", f"/v1/burn-tables/{table}", {"isActive": False}).body["data"]["isActive"] is False
    assert seed.get("/v1/burn-tables/nothing").status == 404
    assert seed("DELETE", f"/v1/burn-tables/{table}").status == 200
    assert seed("PUT", f"/v1/burn-tables/{table}", {}).status == 404


def test_reports(seed: SandboxClient, start: Callable[..., SandboxClient]) -> None:
    customer = seed.customer_id
    seed.ingest(own(seed))
    for path in ("cost-breakdown", "usage-trends", "burn-forecast"):
        assert seed.get(f"/v1/analytics/{path}?customerId={customer}").status == 200
        assert seed.get(f"/v1/analytics/{path}").body["error"] == "VALIDATION_ERROR"
    assert seed.get(f"/v1/analytics/summary/{customer}").body["lifetime"]["totalEvents"] == 1
    shipped = start(era="seed", mode="faithful")
    path = f"/v1/analytics/summary/{shipped.customer_id}"
    assert shipped.get(path).status == 200
    shipped.ingest(own(shipped), headers={"X-API-Key": str(shipped.key)})
    broken = shipped.get(path)
    assert (broken.status, broken.body["message"]) == (500, "Do not know how to serialize a BigInt")


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/v1/rating/", "/v1/events/", "/v1/analytics/a/b?c=1", "/v1/burn-tables/x/y"])
def test_paths_that_no_service_has_ask_for_the_key_first(seed: SandboxClient, method: str, path: str) -> None:
    assert seed(method, path, key=None).status == 401
    reply = seed(method, path, {"a": 1} if method != "GET" else None)
    assert (reply.status, reply.body) == (404, no_route(method, path))


def test_paths_of_the_present_are_not_there(seed: SandboxClient) -> None:
    for path in ("/v1/events", "/v1/events/info", "/v1/users", "/v1/entitlements", f"/v1/users/{USER}/credits"):
        assert seed.get(path).status == 404


def test_null_numbers_become_zero(seed: SandboxClient) -> None:
    data = seed.get(f"/v1/analytics/burn-rate?customerId={seed.customer_id}").body["data"]
    assert data["projectedRunout"] == {"daysRemaining": 0, "estimatedRunoutDate": None}


def test_the_demonstration_is_metered_for_the_demo_customer(seed: SandboxClient) -> None:
    body = seed.post("/v1/demo/generate", {"prompt": "Hello there"}, key=None).body
    assert body["usage"] == {"prompt_tokens": 3, "completion_tokens": 20, "total_tokens": 23}
    assert (body["model"], body["object"]) == ("gpt-4", "chat.completion")
    (stored,) = seed.sandbox.events(feature_id="demo-chat")
    assert stored["customer_id"] == "11111111-1111-1111-1111-111111111111"
    assert stored["idempotency_key"] == body["id"]
    me = SandboxClient(seed.sandbox, "om_live_demo123")
    assert me.customer_id == stored["customer_id"]
    assert seed.post("/v1/demo/generate", {}, key=None).body == invalid("body must have required property 'prompt'")
    assert seed.post("/v1/demo/generate", {"prompt": "x", "provider": "nobody"}, key=None).status == 200
