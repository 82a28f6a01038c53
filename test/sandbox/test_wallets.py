"""Grants, purchases, balances and transactions."""

from __future__ import annotations

from typing import Any

import pytest

from .client import SandboxClient, event
from .test_wire import bad, invalid

PURCHASE = "/v1/credits/purchase"
GRANT = "/v1/credits/grant"
NO_WALLET = {"error": "Not Found", "message": "Credit wallet not found"}


def test_a_grant_without_ids_goes_to_the_customers_wallet(client: SandboxClient) -> None:
    data = client.grant(5).body["data"]
    assert (data["newBalance"], data["amount"]) == ("10005", "5")
    assert set(data) == {"transactionId", "walletId", "newBalance", "amount"}


def test_a_grant_with_a_key_is_made_once(client: SandboxClient) -> None:
    first = client.grant(100, "anna", idempotencyKey="k").body["data"]
    client.grant(50, "anna")
    again = client.grant(7, "ben", idempotencyKey="k")
    assert (again.status, again.body["data"]) == (200, first)  # the balance after that grant, not the present one
    assert client.sandbox.balance("anna") == 150
    assert client.get("/v1/users/ben/credits").status == 404
    client.grant(1, "anna", idempotencyKey="")
    client.grant(1, "anna", idempotencyKey="")
    assert client.sandbox.balance("anna") == 152


def test_another_customers_key_is_refused_without_showing_its_grant(client: SandboxClient) -> None:
    client.grant(100, "anna", idempotencyKey="k")
    reply = client.other_customer().grant(100, "anna", idempotencyKey="k")
    assert (reply.status, reply.body) == (
        409,
        {"error": "Conflict", "message": "Duplicate grant operation detected"},
    )


def test_a_purchase_is_made_as_often_as_it_is_sent(client: SandboxClient) -> None:
    body = {"userId": "anna", "amount": 40, "purchasePrice": 0.04}
    assert client.post(PURCHASE, body).body["data"]["newBalance"] == 40
    assert client.post(PURCHASE, body).body["data"]["newBalance"] == 80


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        (GRANT, {}, "body/amount Invalid input: expected number, received undefined"),
        (GRANT, {"amount": "5"}, "body/amount Invalid input: expected number, received string"),
        (GRANT, {"amount": 0}, "body/amount Too small: expected number to be >=1"),
        (GRANT, {"amount": 5, "userId": ""}, "body/userId Too small: expected string to have >=1 characters"),
        (GRANT, {"amount": 5, "userId": None}, "body/userId Invalid input: expected string, received null"),
        (GRANT, {"amount": 5, "expiresAt": "2027-01-01"}, "body/expiresAt Invalid ISO datetime"),
        (GRANT, {"amount": 5, "expiresAt": "2027-01-01T00:00:00+01:00"}, "body/expiresAt Invalid ISO datetime"),
        (
            GRANT,
            {"amount": 5, "expiresAt": None},
            "body/expiresAt Invalid input: expected string, received null",
        ),
        (GRANT, {"amount": 5, "metadata": 1}, "body/metadata Invalid input: expected record, received number"),
        (
            PURCHASE,
            {"userId": "a", "amount": 0, "purchasePrice": 0},
            "body/amount Too small: expected number to be >0, body/purchasePrice Too small: expected number to be >0",
        ),
    ],
)
def test_invalid_requests_are_refused(client: SandboxClient, path: str, body: dict[str, Any], message: str) -> None:
    reply = client.post(path, body)
    assert (reply.status, reply.body) == (400, invalid(message))


@pytest.mark.parametrize("amount", [1.5, 1e30, 2**63])
def test_credits_are_whole_and_not_beyond_counting(
    client: SandboxClient, faithful: SandboxClient, amount: float
) -> None:
    assert client.grant(amount, "anna").status == 400  # type: ignore[arg-type]
    assert client.get("/v1/users/anna/credits").body == NO_WALLET
    failed = faithful.grant(amount, "anna")  # type: ignore[arg-type]
    assert (failed.status, failed.body["message"]) == (500, "Failed to grant credits")
    assert faithful.get("/v1/users/anna/credits").body["data"]["balance"] == 0  # the failed grant has opened the wallet


def test_the_present_servers_know_no_team(faithful: SandboxClient) -> None:
    failed = faithful.grant(5, None, teamId="red")
    assert (failed.status, failed.body["message"]) == (500, "Failed to grant credits")


def test_large_amounts_are_doubles(client: SandboxClient) -> None:
    assert client.grant(2**53 + 1, "anna").body["data"]["newBalance"] == str(2**53)
    assert client.grant(1.0, "ben").body["data"]["newBalance"] == "1"  # type: ignore[arg-type]


def test_a_balance_that_would_not_fit_is_refused(client: SandboxClient) -> None:
    statuses = {client.grant(2**53, "anna").status for _ in range(1025)}
    assert statuses == {200, 400}
    assert client.sandbox.balance("anna") == 1023 * 2**53


def test_the_expiry_is_that_of_the_whole_wallet(client: SandboxClient) -> None:
    client.grant(5, "anna", expiresAt="2030-01-01T00:00:00Z")
    assert client.get("/v1/users/anna/credits").body["data"]["expiresAt"] == "2030-01-01T00:00:00.000Z"
    client.grant(5, "anna")
    assert client.get("/v1/users/anna/credits").body["data"]["expiresAt"] == "2030-01-01T00:00:00.000Z"
    client.grant(5, "anna", expiresAt="2020-01-01T00:00Z")
    assert client.get("/v1/users/anna/credits").body["data"]["expiresAt"] == "2020-01-01T00:00:00.000Z"
    client.ingest(event(user_id="anna"))  # expired credits are burned all the same
    assert client.sandbox.balance("anna") == 7


def test_balances_that_are_not_there(client: SandboxClient) -> None:
    assert (client.get("/v1/users/nobody/credits").status, client.get("/v1/users/nobody/credits").body) == (
        404,
        NO_WALLET,
    )
    empty = client.get("/v1/users/nobody/transactions")
    assert (empty.status, empty.body) == (200, {"data": [], "pagination": {"limit": 50, "offset": 0, "total": 0}})


def test_a_user_of_another_customer_is_not_there(client: SandboxClient) -> None:
    client.grant(5, "anna")
    other = client.other_customer()
    assert other.get("/v1/users/anna/credits").status == 404
    assert other.get("/v1/users/anna/transactions").body["data"] == []


def test_transactions_page(client: SandboxClient) -> None:
    for amount in range(1, 61):
        client.grant(amount, "anna", reason="")
    page = client.get("/v1/users/anna/transactions").body
    assert page["pagination"] == {"limit": 50, "offset": 0, "total": 60}
    assert [row["amount"] for row in page["data"]] == list(range(60, 10, -1))
    assert page["data"][0]["description"] == "Credit grant: 60 credits"
    assert page["data"][0]["balanceBefore"] + 60 == page["data"][0]["balanceAfter"]
    rest = client.get("/v1/users/anna/transactions?limit=20&offset=50").body
    assert [row["amount"] for row in rest["data"]] == list(range(10, 0, -1))
    assert len({row["id"] for row in page["data"] + rest["data"]}) == 60
    for query in ("limit=0", "limit=101", "limit=x", "offset=-1", "limit=1.5"):
        assert client.get(f"/v1/users/anna/transactions?{query}").status == 400


def test_the_present_servers_read_no_page(faithful: SandboxClient) -> None:
    faithful.grant(1, "anna")
    assert faithful.get("/v1/users/anna/transactions").status == 200
    for name in ("limit", "offset"):
        reply = faithful.get(f"/v1/users/anna/transactions?{name}=5")
        assert reply.body == invalid(f"querystring/{name} Invalid input: expected number, received string")


def test_users(client: SandboxClient) -> None:
    client.grant(100, "anna")
    client.ingest(event(user_id="anna"), event(user_id="ben"))
    made = client.post("/v1/users", {"externalUserId": "carl", "email": "carl@Example.com", "metadata": {"a": 1}})
    assert (made.status, set(made.body["data"])) == (
        201,
        {"id", "externalUserId", "email", "metadata", "createdAt"},
    )
    assert client.post("/v1/users", {"externalUserId": "carl"}).status == 409
    assert client.post("/v1/users", {"externalUserId": ""}).body == bad(
        "body/externalUserId Too small: expected string to have >=1 characters"
    )
    listed = client.get("/v1/users").body
    assert [row["externalUserId"] for row in listed["data"]] == ["carl", "ben", "anna", "user_001"]
    assert listed["pagination"] == {"limit": 50, "offset": 0, "total": 4}
    anna = listed["data"][2]
    assert (anna["creditBalance"], anna["totalEvents"], anna["metadata"]) == (92, 1, None)
    assert client.get("/v1/users?search=EXAMPLE").body["pagination"]["total"] == 2
    assert [row["externalUserId"] for row in client.get("/v1/users?limit=1&offset=1").body["data"]] == ["ben"]
    detail = client.get("/v1/users/anna").body["data"]
    assert (detail["totalCreditsBurned"], detail["reservedBalance"]) == (8, 0)
    assert [row["creditsBurned"] for row in detail["recentEvents"]] == [8]
    assert client.get("/v1/users/carl").body == {"error": "Not Found", "message": "User not found"}
    assert client.get("/v1/users/" + made.body["data"]["id"]).body["data"]["email"] == "carl@Example.com"
    assert client.other_customer().get("/v1/users").body["data"] == []
