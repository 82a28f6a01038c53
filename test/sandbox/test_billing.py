"""What events cost, who pays, what counts as a duplicate, and what is lost."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from .client import SandboxClient, event, events


@pytest.mark.parametrize(
    ("fields", "burned"),
    [
        ({}, 8),
        ({"output_tokens": None, "input_tokens": 1}, 1),
        ({"input_tokens": 0, "output_tokens": 0}, 0),
        ({"input_tokens": None, "output_tokens": None}, 0),
        ({"input_tokens": 4400, "output_tokens": None}, 12),
        ({"output_tokens": 1100, "input_tokens": None}, 12),
        ({"model": "gpt-4o-mini"}, 1),
        ({"model": "unknown"}, 8),
        ({"model": "GPT-4O"}, 8),
        ({"model": "xo1y"}, 45),
        ({"model": None}, 0),
        ({"provider": None}, 0),
        ({"event_type": "API_CALL"}, 0),
        ({"event_type": "IMAGE_GENERATION", "model": "dall-e-3", "image_count": 2}, 80),
        ({"event_type": "IMAGE_GENERATION", "model": "dall-e-3"}, 40),
        ({"event_type": "IMAGE_GENERATION", "model": None, "image_count": 2}, 0),
        ({"event_type": "IMAGE_GENERATION", "provider": None, "image_count": 2}, 0),
        ({"event_type": "CUSTOM", "unit_type": "pages", "quantity": 15.5}, 155),
        ({"event_type": "CUSTOM", "unit_type": "pages", "quantity": 1.55}, 0),
        ({"event_type": "CUSTOM", "unit_type": "pages"}, 0),
        ({"event_type": "CUSTOM", "unit_type": "", "quantity": 3}, 0),
        ({"event_type": "CUSTOM", "quantity": 3}, 0),
    ],
)
def test_credits_burned_by_an_event(client: SandboxClient, fields: dict[str, Any], burned: int) -> None:
    client.grant(1000, "anna")
    assert client.ingest(event(user_id="anna", **fields)).status == 202
    assert client.get("/v1/users/anna/credits").body["data"]["balance"] == 1000 - burned
    assert client.sandbox.billed("anna") == burned


def test_images_by_their_price_rows(start: Callable[..., SandboxClient]) -> None:
    client = start(prices="all")
    image = {"event_type": "IMAGE_GENERATION", "model": "gpt-image-1-high"}
    client.ingest(event(**image), event(**image, image_count=3))
    assert [stored["credits"] for stored in client.sandbox.events()] == [167, 501]


def test_rounding_is_per_event(client: SandboxClient) -> None:
    client.ingest(*events(10, input_tokens=1, output_tokens=None))
    assert client.sandbox.billed() == 10


def test_there_is_no_pooling_of_wallets(client: SandboxClient) -> None:
    client.grant(100, "anna")
    client.ingest(event(user_id="anna"), event(user_id="ben"), event())
    assert client.sandbox.balance("anna") == 92
    assert client.get("/v1/credits/balance").body["data"]["balance"] == "9992"
    assert client.get("/v1/users/ben/credits").status == 404
    (unfunded,) = client.sandbox.events(outcome="unfunded")
    assert (unfunded["user_id"], unfunded["credits"], unfunded["wallet_id"]) == ("ben", 8, None)
    assert client.sandbox.billed() == 16
    assert client.sandbox.billed("ben") == 0


def test_a_wallet_opened_later_does_not_pay_for_the_past(client: SandboxClient) -> None:
    client.ingest(event(user_id="anna"))
    client.grant(100, "anna")
    assert client.sandbox.balance("anna") == 100
    client.ingest(event(user_id="anna"))
    assert client.sandbox.balance("anna") == 92


def test_a_balance_may_go_below_zero(client: SandboxClient) -> None:
    client.grant(5, "anna")
    client.ingest(event(user_id="anna"))
    assert client.sandbox.balance("anna") == -3
    client.ingest(event(user_id="anna"))
    assert client.sandbox.balance("anna") == -11


def test_a_team_pays_for_its_members(client: SandboxClient) -> None:
    assert client.grant(100, None, teamId="red").status == 200
    client.grant(50, "anna")
    client.ingest(event(user_id="anna", team_id="red"), event(team_id="blue"))
    assert client.sandbox.balance("anna") == 50
    (row,) = client.sandbox.events(team_id="red")
    assert row["outcome"] == "billed"
    (row,) = client.sandbox.events(team_id="blue")
    assert row["outcome"] == "unfunded"


def test_user_and_team_in_a_grant_mean_the_user(client: SandboxClient) -> None:
    client.grant(10, "anna", teamId="red")
    assert client.sandbox.balance("anna") == 10


# --- duplicates -----------------------------------------------------------------------------------------------------


def test_a_stored_key_is_a_duplicate(client: SandboxClient) -> None:
    first = event(idempotency_key="one")
    assert client.ingest(first).body["accepted"] == 1
    again = client.ingest(event(idempotency_key="one"))
    assert (again.status, again.body["batch_id"], again.body["status"]) == (200, None, "all_duplicates")
    assert again.body["message"] == "All events were duplicates"
    assert "processing_time_ms" not in again.body
    mixed = client.ingest(event(idempotency_key="one"), event(idempotency_key="two"))
    assert (mixed.status, mixed.body["accepted"], mixed.body["duplicates"]) == (202, 1, 1)
    assert client.sandbox.billed() == 16
    assert client.sandbox.dead_letters() == []


def test_the_same_key_twice_in_a_batch_is_accepted_twice_and_billed_once(client: SandboxClient) -> None:
    reply = client.ingest(event(idempotency_key="one"), event(idempotency_key="one"))
    assert (reply.body["accepted"], reply.body["duplicates"]) == (2, 0)
    assert client.sandbox.billed() == 8
    assert len(client.sandbox.dead_letters()) == 1


def test_a_repeated_event_id_is_accepted_and_becomes_a_dead_letter(client: SandboxClient) -> None:
    one = event()
    client.ingest(one)
    assert client.ingest(one).status == 202
    assert client.sandbox.billed() == 8
    (letter,) = client.sandbox.dead_letters()
    assert letter["event"]["event_id"] == one["event_id"]
    assert one["event_id"] in letter["reason"]


def test_keys_are_global(client: SandboxClient) -> None:
    """Another customer's key counts too, so keys must be globally unique."""
    client.ingest(event(idempotency_key="one"))
    other = client.other_customer()
    assert other.ingest(event(idempotency_key="one")).body["status"] == "all_duplicates"


def test_202_does_not_mean_billed(start: Callable[..., SandboxClient]) -> None:
    client = start(processing_delay=1.5)
    one = event(idempotency_key="one")
    for _ in range(2):  # sent again before it was processed
        assert client.ingest(one).body["accepted"] == 1
    assert client.sandbox.billed() == 0
    assert client.get("/v1/credits/balance").body["data"]["balance"] == "10000"
    client.sandbox.advance(seconds=2)
    assert client.get("/v1/credits/balance").body["data"]["balance"] == "9992"
    assert client.sandbox.billed() == 8
    assert len(client.sandbox.dead_letters()) == 1
    assert client.ingest(one).body["status"] == "all_duplicates"


# --- lost events ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "a\x00b"},
        {"metadata": {"deep": ["\x00"]}},
        {"metadata": {"\ud800": 1}},
        {"feature_id": "\udfff"},
        {"idempotency_key": "a\x00b"},
        {"idempotency_key": "\ud800"},
        {"model": "o1-pro", "input_tokens": 2**53 - 1},  # more than 10^10 US dollars
    ],
)
def test_events_that_the_database_cannot_store_are_accepted_and_lost(
    client: SandboxClient, fields: dict[str, Any]
) -> None:
    assert client.ingest(event(**fields), event()).body["accepted"] == 2
    assert len(client.sandbox.events()) == 1
    assert len(client.sandbox.dead_letters()) == 1
    (item,) = client.get("/v1/events/dlq").body["items"]
    assert item["name"] == "dlq-event"
    assert item["data"]["customer_id"] == client.customer_id


def test_dead_letters_show_and_replay(client: SandboxClient) -> None:
    one = event()
    client.ingest(one)
    client.ingest(one)
    body = client.get("/v1/events/dlq").body
    assert body["counts"] == {"active": 1}
    (item,) = body["items"]
    assert item["data"]["event_id"] == one["event_id"]
    assert {"batch_id", "enqueued_at"} <= set(item["data"])
    assert isinstance(item["timestamp"], int)
    nothing = {"message": "No jobs to replay", "count": 0}
    assert client.post("/v1/events/dlq/replay", {"jobIds": ["unknown"]}).body == nothing
    replayed = client.post("/v1/events/dlq/replay", {"jobIds": [item["id"]]}).body
    assert replayed == {"message": "Jobs replayed successfully", "count": 1}
    (again,) = client.get("/v1/events/dlq").body["items"]  # it still cannot be stored
    assert again["id"] != item["id"]
    assert client.post("/v1/events/dlq/replay", {}).body["count"] == 1
    assert client.post("/v1/events/dlq/replay").status == 400


def test_dead_letters_belong_to_their_customer(client: SandboxClient) -> None:
    one = event()
    client.ingest(one)
    client.ingest(one)
    other = client.other_customer()
    assert other.get("/v1/events/dlq").body == {"counts": {"active": 0}, "items": []}
    assert other.post("/v1/events/dlq/replay", {}).body["count"] == 0


def test_the_list_of_events_shows_the_latest_first_from_any_offset(client: SandboxClient) -> None:
    """Also on days with many events, at times with several events, and in the first and last years."""
    moments = ["2999-12-31T23:59:59.999Z", *["2026-11-20T00:00:00Z"] * 3, *["2026-11-19T23:59:59.999Z"] * 2]
    moments += ["2026-11-19T00:00:00Z", "2026-11-01T12:00:00Z", "1969-12-31T23:00:00Z", "0001-01-01T00:00:00Z"]
    sent = [event(timestamp=moment, model=f"model-{number % 3}") for number, moment in enumerate(moments)]
    client.ingest(*reversed(sent))
    client.other_customer().ingest(event(timestamp="2026-11-19T12:00:00Z"))
    ids = [item["event_id"] for item in sent]
    for offset in range(len(ids) + 2):
        body = client.get(f"/v1/events?limit=4&offset={offset}").body
        assert [row["id"] for row in body["data"]] == ids[offset : offset + 4]
        assert body["pagination"] == {"total": len(ids), "limit": 4, "offset": offset}


def test_events_info(client: SandboxClient) -> None:
    body = client.get("/v1/events/info").body
    assert (body["status"], body["services"]) == ("ready", {"database": "connected", "queue": "connected"})


# --- losses of the present servers only -----------------------------------------------------------------------------


@pytest.mark.parametrize("fields", [{"event_type": "FEATURE_ACCESS"}, {"team_id": "red"}, {"user_id": "user_001"}])
def test_the_present_servers_lose_more(client: SandboxClient, faithful: SandboxClient, fields: dict[str, Any]) -> None:
    assert client.ingest(event(**fields)).status == 202
    assert len(client.sandbox.events()) == 1
    assert faithful.ingest(event(**fields)).status == 202
    assert faithful.sandbox.events() == []
    assert len(faithful.sandbox.dead_letters()) == 1


def test_the_present_servers_show_a_loss_minutes_later_and_without_a_reason(faithful: SandboxClient) -> None:
    faithful.ingest(event(event_type="FEATURE_ACCESS"))
    assert faithful.get("/v1/events/dlq").body["items"] == []
    faithful.sandbox.advance(seconds=9 * 60)
    (item,) = faithful.get("/v1/events/dlq").body["items"]
    assert item["failedReason"] == "Poison message"


def test_short_user_ids_clash_between_customers_on_the_present_servers(
    client: SandboxClient, faithful: SandboxClient
) -> None:
    for each, second in ((client, 200), (faithful, 500)):
        each.grant(10, "anna")
        other = each.other_customer()
        assert other.grant(10, "anna").status == second
        assert other.post("/v1/credits/purchase", {"userId": "anna", "amount": 1, "purchasePrice": 1}).status == second
        other.ingest(event(user_id="anna"))
        assert len(each.sandbox.dead_letters()) == (0 if second == 200 else 1)
        assert each.sandbox.balance("anna", customer_id=each.customer_id) == 10


def test_a_user_made_beforehand_cannot_be_credited_on_the_present_servers(
    client: SandboxClient, faithful: SandboxClient
) -> None:
    for each, status in ((client, 200), (faithful, 500)):
        made = each.post("/v1/users", {"externalUserId": "carl"}).body["data"]
        assert each.grant(10, "carl").status == status
        assert each.grant(10, made["id"]).status == status
    assert client.sandbox.balance("carl") == 20
    assert faithful.get("/v1/users/carl/credits").status == 404


def test_an_event_id_of_another_customer_is_not_stored_again(client: SandboxClient) -> None:
    same = str(uuid.uuid4())
    client.ingest(event(event_id=same))
    other = client.other_customer()
    other.ingest(event(event_id=same))
    assert len(client.sandbox.events()) == 1
    assert other.get("/v1/events").body["data"] == []
