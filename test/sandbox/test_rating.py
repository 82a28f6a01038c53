"""Price calculations, the price list and burn tables."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from openmonetize.events.providers import PROVIDERS

from .client import SandboxClient, event
from .test_wire import bad, invalid, no_route

CALCULATE = "/v1/rating/calculate"
BULK = "/v1/rating/calculate/bulk"
TABLES = "/v1/burn-tables"
GPT: dict[str, Any] = {"provider": "OPENAI", "model": "gpt-4o", "inputTokens": 1000, "outputTokens": 500}
RULES = {"gpt-4o": {"inputTokens": 2, "outputTokens": 4}}


def test_the_default_burn_table_makes_estimates_a_thousand_times_too_low(client: SandboxClient) -> None:
    assert client.post(CALCULATE, GPT).body == {"cost": 0.0075, "currency": "USD", "credits": 1}
    (full,) = client.post(BULK, {"calculations": [GPT]}).body["results"]
    assert full == {
        "credits": 1,
        "costBreakdown": {
            "input": {"tokens": 1000, "credits": 0.0025, "usd": 0.0025, "ratePerUnit": 2.5, "unitSize": 1000000},
            "output": {"tokens": 500, "credits": 0.005, "usd": 0.005, "ratePerUnit": 10, "unitSize": 1000000},
        },
        "providerCostUsd": 0.0075,
        "revenueUsd": 0.001,
        "marginUsd": -0.0065,
        "marginPercent": -86.67,
        "pricingSource": "default_burn_table",
    }


def test_without_any_burn_table_the_price_rows_decide(start: Callable[..., SandboxClient]) -> None:
    client = start(accounts="none", key="my-own-key")
    body = client.post(BULK, {"calculations": [GPT]}).body
    assert (body["total"], body["customerId"]) == (1, client.customer_id)
    (full,) = body["results"]
    assert (full["credits"], full["pricingSource"], full["revenueUsd"], full["marginPercent"]) == (
        8,
        "default",
        0.008,
        6.67,
    )
    assert full["costBreakdown"]["input"]["credits"] == 3  # each side is rounded up on its own
    assert full["costBreakdown"]["output"]["credits"] == 5
    (free,) = client.post(BULK, {"calculations": [{**GPT, "inputTokens": 0, "outputTokens": 0}]}).body["results"]
    assert (free["credits"], free["marginPercent"]) == (0, 0)


def test_unknown_models(client: SandboxClient, faithful: SandboxClient) -> None:
    unknown = {**GPT, "model": "no-such"}
    text = "No cost data found for OPENAI/no-such (Type: text)"
    for each in (client, faithful):
        reply = each.post(CALCULATE, unknown)
        assert (reply.status, reply.body) == (404, {"error": "PROVIDER_NOT_FOUND", "message": text})
    image = client.post(CALCULATE, {"provider": "OPENAI", "model": "dall-e-3", "type": "image"})
    assert image.body["message"] == "No cost data found for OPENAI/dall-e-3 (Type: image)"
    assert client.post(BULK, {"calculations": [GPT, unknown]}).status == 400
    broken = faithful.post(BULK, {"calculations": [GPT, unknown]})
    assert (broken.status, broken.body) == (
        500,
        {"error": "INTERNAL_ERROR", "message": "Failed to calculate bulk costs"},
    )


def test_images_and_videos(start: Callable[..., SandboxClient]) -> None:
    client = start(prices="all")
    image = {"provider": "OPENAI", "model": "dall-e-3", "type": "image", "count": 3}
    assert client.post(CALCULATE, image).body == {"cost": 0.12, "currency": "USD", "credits": 120}
    video = {"provider": "GOOGLE", "model": "veo-3-video", "type": "video", "count": 2, "durationSeconds": 9}
    assert client.post(CALCULATE, video).body["credits"] == 400


def test_the_present_servers_answer_no_calculation(faithful: SandboxClient) -> None:
    reply = faithful.post(CALCULATE, GPT)
    text = "Response doesn't match the schema"
    assert (reply.status, reply.body) == (500, {"error": "Internal Server Error", "message": text})
    assert faithful.post(BULK, {"calculations": [GPT]}).status == 200


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (CALCULATE, {**GPT, "model": ""}, "body/model Too small: expected string to have >=1 characters"),
        (CALCULATE, {**GPT, "inputTokens": -1}, "body/inputTokens Too small: expected number to be >=0"),
        (CALCULATE, {**GPT, "count": 0}, "body/count Too small: expected number to be >0"),
        (
            CALCULATE,
            {**GPT, "type": "audio"},
            'body/type Invalid option: expected one of "text"|"image"|"video"',
        ),
        (BULK, {"calculations": []}, "body/calculations Too small: expected array to have >=1 items"),
        (BULK, {"calculations": [GPT] * 101}, "body/calculations Too big: expected array to have <=100 items"),
        (
            BULK,
            {"calculations": [{"provider": "OPENAI", "model": "x", "inputTokens": 1}]},
            "body/calculations/0/outputTokens Invalid input: expected number, received undefined",
        ),
        (TABLES, {"name": "", "rules": {}}, "body/name Too small: expected string to have >=1 characters"),
        (
            TABLES,
            {"name": "x", "rules": {"m": {"inputTokens": 1}}},
            "body/rules/m/outputTokens Invalid input: expected number, received undefined",
        ),
        (
            TABLES,
            {"name": "x", "rules": {"m": {"inputTokens": 1, "outputTokens": 1, "perUnit": 0}}},
            "body/rules/m/perUnit Too small: expected number to be >0",
        ),
    ],
)
def test_invalid_requests_are_refused(
    client: SandboxClient, faithful: SandboxClient, path: str, body: dict[str, Any], message: str
) -> None:
    for each in (client, faithful):
        assert each.post(path, body, key=None).body == bad(message)


def test_the_price_list(client: SandboxClient) -> None:
    body = client.get("/v1/rating/pricing").body
    assert body["total"] == len(body["data"]) == 17
    assert [row["model"] for row in body["data"][:3]] == ["gpt-4o", "gpt-4o-mini", "gpt-5"]
    providers = [row["provider"] for row in body["data"]]
    assert list(dict.fromkeys(providers)) == [name for name in PROVIDERS if name in providers]
    gpt = next(row for row in body["data"] if row["model"] == "gpt-4o")
    assert gpt == {
        "provider": "OPENAI",
        "model": "gpt-4o",
        "pricing": {
            "input_token": {"costPerUnit": 2.5, "unitSize": 1000000, "currency": "USD"},
            "output_token": {"costPerUnit": 10, "unitSize": 1000000, "currency": "USD"},
        },
    }


def test_a_burn_table_of_a_customer(client: SandboxClient) -> None:
    active = client.get(f"{TABLES}/active").body
    assert (active["isDefault"], active["data"]["customerId"]) == (True, None)
    assert active["data"]["rules"]["gpt-4o"] == {"input_tokens": 2.5, "output_tokens": 10, "per_unit": 1000000}
    assert active["data"]["rules"]["image-generation"] == {"flat_rate": 50, "per_unit": 1}
    assert "mistral-large" not in active["data"]["rules"]
    made = client.post(TABLES, {"name": "mine", "rules": RULES})
    assert made.status == 201
    row = made.body["data"]
    assert (row["customerId"], row["version"], row["isActive"], row["validUntil"]) == (
        client.customer_id,
        1,
        True,
        None,
    )
    assert row["rules"]["gpt-4o"] == {"inputTokens": 2, "outputTokens": 4, "perUnit": 1000}
    (full,) = client.post(BULK, {"calculations": [GPT]}).body["results"]
    assert (full["credits"], full["pricingSource"]) == (4, "customer_burn_table")
    second = client.post(TABLES, {"name": "next", "rules": {"default": {"inputTokens": 1, "outputTokens": 1}}})
    assert second.body["data"]["version"] == 2
    assert [table["isActive"] for table in client.get(TABLES).body["data"]] == [True, False]
    assert [table["name"] for table in client.get(f"{TABLES}?isActive=false").body["data"]] == ["mine"]
    assert client.get(f"{TABLES}?isActive=no").status == 400
    (full,) = client.post(BULK, {"calculations": [{**GPT, "model": "o3"}]}).body["results"]
    assert (full["credits"], full["pricingSource"]) == (2, "customer_burn_table")
    assert client.get(f"{TABLES}/active").body["isDefault"] is False


def test_changing_and_deactivating(client: SandboxClient) -> None:
    path = f"{TABLES}/{client.post(TABLES, {'name': 'mine', 'rules': RULES}).body['data']['id']}"
    changed = client("PATCH", path, {"name": "renamed", "validUntil": "2020-01-01T00:00:00Z"}).body["data"]
    assert (changed["name"], changed["validUntil"]) == ("renamed", "2020-01-01T00:00:00.000Z")
    assert client.get(f"{TABLES}/active").body["isDefault"] is True  # the other has expired
    assert client("PUT", path, {"name": "x"}).status == 404
    for _ in range(2):
        assert client("DELETE", path).body == {"message": "Burn table deactivated"}
    assert client.get(path).body["data"]["isActive"] is False


def test_tables_belong_to_their_customer(client: SandboxClient) -> None:
    mine = client.post(TABLES, {"name": "mine", "rules": RULES}).body["data"]["id"]
    default = client.other_customer().get(f"{TABLES}/active").body["data"]["id"]
    other = client.other_customer()
    gone = {"error": "NOT_FOUND", "message": "Burn table not found"}
    assert other.get(f"{TABLES}/{mine}").body == gone
    assert other("PATCH", f"{TABLES}/{mine}", {"name": "x"}).body == gone
    assert other("DELETE", f"{TABLES}/{mine}").body == gone
    assert other.get(f"{TABLES}/{default}").status == 200
    assert other("PATCH", f"{TABLES}/{default}", {"name": "x"}).body == gone  # the default one belongs to no customer
    assert other("DELETE", f"{TABLES}/{default}").body == gone
    assert other.get(TABLES).body == {"data": [], "total": 0}


def test_no_table_at_all(start: Callable[..., SandboxClient]) -> None:
    client = start(accounts="none", key="my-own-key")
    assert client.get(f"{TABLES}/active").body == {"error": "NOT_FOUND", "message": "Burn table not found"}


def test_burn_tables_never_change_what_is_burned(client: SandboxClient) -> None:
    client.post(TABLES, {"name": "mine", "rules": RULES})
    client.ingest(event())
    assert client.sandbox.billed() == 8


@pytest.mark.parametrize(
    ("method", "path", "body", "keys"),
    [
        ("GET", "/v1/burn-tables?isActive=true", None, 3),
        ("POST", "/v1/burn-tables", {"name": "x", "rules": {}}, 3),
        ("GET", "/v1/burn-tables/active", None, 2),
        ("GET", "/v1/burn-tables/{id}", None, 2),
        ("PATCH", "/v1/burn-tables/{id}", {}, 2),
        ("DELETE", "/v1/burn-tables/{id}", None, 2),
        ("GET", "/v1/analytics/cost-breakdown?groupBy=week", None, 3),
        ("GET", "/v1/analytics/usage-trends", None, 3),
        ("GET", "/v1/analytics/burn-forecast?days=3", None, 3),
        ("GET", "/v1/analytics/summary", None, 3),
    ],
)
def test_the_present_servers_have_none_of_these(
    client: SandboxClient, faithful: SandboxClient, method: str, path: str, body: Any, keys: int
) -> None:
    path = path.replace("{id}", str(uuid.uuid4()))
    expected = no_route(method, path.replace("/v1/", "/v1/rating/", 1))
    if keys == 2:
        del expected["statusCode"]
    reply = faithful(method, path, body)
    assert (reply.status, reply.body) == (404, expected)
    assert faithful(method, path, body, key=None).status == 401
    assert "Route" not in str(client(method, path, body).body.get("message"))


def test_validation_still_comes_first_there(faithful: SandboxClient) -> None:
    bad_date = "querystring/startDate Invalid ISO datetime"
    assert faithful.get("/v1/analytics/usage-trends?startDate=x", key=None).body == bad(bad_date)
    assert faithful.get("/v1/burn-tables/x", key=None).body == invalid("params/id Invalid UUID")


def test_a_table_made_through_the_api_prices_nothing_on_the_present_servers(
    start: Callable[..., SandboxClient],
) -> None:
    client = start(mode="faithful", defects=("burn-table-spelling",))
    client.post(TABLES, {"name": "mine", "rules": RULES})
    (full,) = client.post(BULK, {"calculations": [GPT]}).body["results"]
    assert (full["credits"], full["revenueUsd"], full["marginPercent"]) == (None, None, None)
    assert full["providerCostUsd"] == 0.0075


def test_the_present_servers_take_any_text_for_a_number_or_a_boolean(faithful: SandboxClient) -> None:
    for target in ("/v1/burn-tables?isActive=perhaps", "/v1/analytics/burn-forecast?days=0"):
        assert faithful.get(target).status == 404
