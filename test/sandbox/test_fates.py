"""The ways of the running platform with accepted events, each switched on by itself."""

from __future__ import annotations

import time
from typing import Any

import pytest

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.fates import EVENT_FATES, FATES

from .client import SandboxClient, event, events


@pytest.fixture(params=[0.0, 60.0], ids=["at once", "later"])
def waiting(request: pytest.FixtureRequest, start: Any) -> SandboxClient:
    """Return a client of a sandbox that bills at once, or later."""
    client: SandboxClient = start(processing_delay=request.param)
    client.grant(100, "anna")
    return client


def usage(client: SandboxClient) -> dict[str, Any]:
    query = "startDate=2026-01-01T00:00:00Z&endDate=2028-01-01T00:00:00Z"
    found: dict[str, Any] = client.get(f"/v1/analytics/usage?{query}").body["data"]["summary"]
    return found


def test_events_are_accepted_and_lost(waiting: SandboxClient) -> None:
    waiting.sandbox.fail_next("accept-and-lose", times=2)
    batch = events(3, user_id="anna")
    assert waiting.ingest(*batch).body["accepted"] == 3
    waiting.sandbox.advance(seconds=61)
    assert [stored["event_id"] for stored in waiting.sandbox.events()] == [batch[2]["event_id"]]
    assert waiting.sandbox.balance("anna") == 92
    letters = waiting.sandbox.dead_letters()
    assert [letter["event"]["event_id"] for letter in letters] == [one["event_id"] for one in batch[:2]]
    assert {letter["reason"] for letter in letters} == {"the fault accept-and-lose has struck"}
    again = waiting.ingest(*({**one, "idempotency_key": one["event_id"]} for one in batch))
    assert again.body["accepted"] == 3  # the last one has been stored without a key
    waiting.sandbox.advance(seconds=61)
    assert len(waiting.sandbox.events()) == 3
    assert waiting.sandbox.balance("anna") == 76


def test_lost_events_come_back_by_a_replay(waiting: SandboxClient) -> None:
    waiting.sandbox.fail_next("accept-and-lose", times=100)
    waiting.ingest(*events(100, user_id="anna"))
    waiting.sandbox.advance(seconds=61)
    assert waiting.sandbox.billed() == 0
    assert waiting.post("/v1/events/dlq/replay", {}).body["count"] == 100
    assert waiting.sandbox.billed() == 800
    assert waiting.sandbox.dead_letters() == []


def test_what_was_lost_is_what_a_repeat_accepts(waiting: SandboxClient) -> None:
    """This is how a client detects and repairs a loss, once later events are stored."""
    waiting.sandbox.fail_next("accept-and-lose", times=7)
    batch = [{**one, "idempotency_key": one["event_id"]} for one in events(12, user_id="anna")]
    waiting.ingest(*batch)
    waiting.sandbox.advance(seconds=61)
    body = waiting.ingest(*batch).body
    assert (body["accepted"], body["duplicates"]) == (7, 5)
    waiting.sandbox.advance(seconds=61)
    assert waiting.sandbox.balance("anna") == 100 - 12 * 8


def test_events_are_accepted_and_nothing_is_stored(waiting: SandboxClient) -> None:
    waiting.sandbox.fail_next("accept-nothing", times=5)
    reply = waiting.ingest(*events(5, user_id="anna"))
    assert (reply.status, reply.body["accepted"]) == (202, 5)
    waiting.sandbox.advance(days=1)
    assert (waiting.sandbox.events(), waiting.sandbox.dead_letters()) == ([], [])
    assert waiting.get("/v1/events/dlq").body["counts"] == {"active": 0}
    assert waiting.get("/_sandbox/state").body["pendingEvents"] == 0
    assert usage(waiting)["totalEvents"] == 0
    assert waiting.sandbox.balance("anna") == 100
    for path in ("/ready", "/v1/events/info"):
        assert waiting.get(path).body["status"] == "ready"


def test_an_event_is_stored_with_no_credits(waiting: SandboxClient) -> None:
    waiting.sandbox.fail_next("bill-zero")
    waiting.ingest(*events(2, user_id="anna", idempotency_key=None))
    waiting.sandbox.advance(seconds=61)
    rows = waiting.get("/v1/events").body["data"]
    assert sorted((row["creditsBurned"], row["costUsd"], row["inputTokens"]) for row in rows) == [
        ("0", "0.0000000000", "1000"),
        ("8", "0.0075000000", "1000"),
    ]
    assert waiting.sandbox.balance("anna") == 92
    assert (usage(waiting)["totalEvents"], usage(waiting)["totalCreditsBurned"]) == (2, "8")


def test_an_event_is_stored_and_no_wallet_pays(waiting: SandboxClient) -> None:
    waiting.sandbox.fail_next("store-without-burn")
    waiting.ingest(*events(2, user_id="anna"))
    waiting.sandbox.advance(seconds=61)
    assert [row["creditsBurned"] for row in waiting.get("/v1/events").body["data"]] == ["8", "8"]
    assert waiting.sandbox.balance("anna") == 92
    assert [stored["outcome"] for stored in waiting.sandbox.events()] == ["unfunded", "billed"]
    transactions = waiting.get("/v1/users/anna/transactions").body["data"]
    assert [row["amount"] for row in transactions] == [-8, 100]


def test_a_grant_overwrites_the_burn_that_is_booked_at_the_same_moment(start: Any) -> None:
    client = start(processing_delay=60.0)
    client.grant(100, "anna")
    client.ingest(*events(3, user_id="anna"), event(user_id="ben"), event())
    client.sandbox.fail_next("grant-overwrites-burn")
    client.grant(10, "anna")
    client.sandbox.advance(seconds=61)
    assert client.sandbox.balance("anna") == 110 - 2 * 8
    transactions = client.get("/v1/users/anna/transactions").body["data"]
    assert sum(row["amount"] for row in transactions) == 110 - 3 * 8  # which is how a client can tell
    assert client.sandbox.billed("anna") == 24


@pytest.mark.parametrize(("user_id", "left"), [("anna", 8), (None, 8)])
def test_a_purchase_and_a_grant_to_the_customer_overwrite_too(start: Any, user_id: str | None, left: int) -> None:
    client = start(processing_delay=60.0)
    client.grant(100, user_id)
    before = client.sandbox.balance(user_id)
    client.ingest(event(user_id=user_id))
    client.sandbox.fail_next("grant-overwrites-burn")
    if user_id is None:
        client.grant(5)
    else:
        assert client.post("/v1/credits/purchase", {"userId": "anna", "amount": 5, "purchasePrice": 1}).status == 200
    client.sandbox.advance(seconds=61)
    assert client.sandbox.balance(user_id) == before + 5


def test_a_grant_overwrites_nothing_where_nothing_waits(start: Any) -> None:
    client = start(processing_delay=60.0)
    client.sandbox.fail_next("grant-overwrites-burn")
    client.grant(10, "anna")
    client.ingest(event(user_id="anna"))
    client.ingest(event(team_id="crew"))
    client.other_customer().ingest(event())
    client.sandbox.advance(seconds=61)
    assert client.sandbox.balance("anna") == 2
    assert client.get("/_sandbox/faults").body["next"] == ["grant-overwrites-burn"]  # it waits for its moment


def test_the_first_grant_of_a_user_loses_the_first_event(start: Any) -> None:
    client = start(processing_delay=60.0, faults=["first-grant-loses-event"])
    first, second = events(2, user_id="anna")
    client.ingest(first)
    client.ingest(second)
    assert client.grant(100, "anna").status == 200
    client.ingest(event(user_id="anna"))
    assert client.grant(100, "anna").status == 200  # a later one loses nothing
    client.sandbox.advance(seconds=61)
    (letter,) = client.sandbox.dead_letters()
    assert letter["event"]["event_id"] == first["event_id"]
    assert client.sandbox.balance("anna") == 200 - 2 * 8


def test_a_share_of_the_events_meets_it_and_the_same_in_every_run(start: Any) -> None:
    client = start(faults=["accept-and-lose:10%", "bill-zero:10%"])
    found = []
    for _ in range(2):
        client.sandbox.reset()
        numbered = [event(metadata={"number": number}) for number in range(1000)]
        assert client.ingest(*numbered).body["accepted"] == 1000
        stored = client.sandbox.events()
        found.append([(one["metadata"]["number"], one["credits"]) for one in stored])
        assert 850 < len(stored) < 950
        assert 50 < sum(one["credits"] == 0 for one in stored) < 150
    assert found[0] == found[1]


def test_they_are_switched_over_http_as_other_faults_are(client: SandboxClient) -> None:
    assert client.post("/_sandbox/faults", {"next": "accept-nothing", "times": 2}).status == 200
    client.ingest(*events(3))
    assert len(client.sandbox.events()) == 1
    client.post("/_sandbox/faults", {"standing": ["accept-and-lose"]})
    assert client.get("/v1/events").status == 200  # requests do not meet them
    client.ingest(*events(3))
    assert len(client.sandbox.dead_letters()) == 3
    client.post("/_sandbox/faults", {"standing": []})
    client.ingest(event())
    assert len(client.sandbox.events()) == 2
    assert client.post("/_sandbox/faults", {"next": "accept-nothing:path=/v1"}).status == 400


def test_faults_of_requests_and_of_events_do_not_disturb_each_other(client: SandboxClient) -> None:
    client.sandbox.fail_next("bill-zero")
    client.sandbox.fail_next("503")
    assert client.get("/v1/customers/me").status == 503
    assert client.get("/v1/customers/me").status == 200
    client.ingest(event(user_id="anna"))
    assert client.sandbox.events()[0]["credits"] == 0


@pytest.mark.parametrize("fate", EVENT_FATES)
def test_what_becomes_of_a_waiting_event_survives_a_restart(tmp_path: Any, fate: str) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path, processing_delay=60) as sandbox:
        sandbox.fail_next(fate)
        SandboxClient(sandbox).ingest(*events(2))
    with Sandbox(db=path, processing_delay=60) as sandbox:
        sandbox.advance(seconds=61)
        assert sandbox.billed() == 8


@pytest.mark.parametrize("fate", FATES)
def test_each_is_an_option_of_the_sandbox(fate: str) -> None:
    with Sandbox(faults=[f"{fate}:50%"]) as sandbox:
        assert SandboxClient(sandbox).get("/_sandbox/faults").body["standing"] == [f"{fate}:50%"]


# --- the queue ------------------------------------------------------------------------------------------------------


def test_one_queue_bills_the_events_of_all_customers_one_after_the_other(start: Any) -> None:
    client = start(processing_rate=20.0)
    other = client.other_customer()
    client.ingest(*events(100))
    other.ingest(event())  # waits behind the backlog of the first customer
    assert client.get("/_sandbox/processing").body["rate"] == 20.0
    assert 90 <= client.get("/_sandbox/state").body["pendingEvents"] <= 101
    client.sandbox.advance(seconds=2)
    assert 40 <= len(client.sandbox.events()) <= 80
    assert client.sandbox.events(customer_id=other.customer_id) == []
    client.sandbox.advance(seconds=5)
    assert len(client.sandbox.events()) == 101
    ids = [stored["event_id"] for stored in client.sandbox.events()]
    client.ingest(event())
    client.sandbox.advance(seconds=1)
    assert [stored["event_id"] for stored in client.sandbox.events()][:-1] == ids
    other.close()


def test_delay_and_rate_go_together(start: Any) -> None:
    client = start(processing_delay=100.0, processing_rate=1.0)
    client.ingest(*events(50))
    client.ingest(*events(50))
    client.sandbox.advance(seconds=99)
    assert client.sandbox.events() == []
    client.sandbox.advance(seconds=50)
    assert 48 <= len(client.sandbox.events()) <= 60
    client.sandbox.advance(seconds=50)
    assert len(client.sandbox.events()) >= 98


def test_the_queue_keeps_its_order_over_a_restart(tmp_path: Any) -> None:
    path = str(tmp_path / "sandbox.db")
    batch = events(20)
    with Sandbox(db=path, processing_rate=0.1) as sandbox:
        SandboxClient(sandbox).ingest(*batch[:10])
    with Sandbox(db=path, processing_rate=0.1) as sandbox:
        SandboxClient(sandbox).ingest(*batch[10:])
        sandbox.advance(seconds=150)
        assert 15 <= len(sandbox.events()) <= 17
        sandbox.advance(seconds=60)
        assert [one["event_id"] for one in sandbox.events()] == [one["event_id"] for one in batch]


def test_the_speed_is_set_over_http_and_by_the_object(client: SandboxClient) -> None:
    shown = client.post("/_sandbox/processing", {"delaySeconds": 30}).body
    assert shown == {"delaySeconds": 30, "rate": None, "pendingEvents": 0}
    client.ingest(event())
    assert client.post("/_sandbox/processing", {"rate": 28}).body == {
        "delaySeconds": 30,
        "rate": 28,
        "pendingEvents": 1,
    }
    client.sandbox.set_processing()
    client.ingest(event())
    assert client.sandbox.events() == []  # it waits behind the first one
    client.sandbox.advance(seconds=31)
    assert len(client.sandbox.events()) == 2
    client.ingest(event())
    assert len(client.sandbox.events()) == 3
    for wrong in ({"rate": 0}, {"rate": -1}, {"rate": "fast"}, {"delaySeconds": -1}, {"delaySeconds": 1e9}):
        assert client.post("/_sandbox/processing", wrong).status == 400
    client.sandbox.set_processing(delay=5, rate=10)
    client.sandbox.reset()
    assert client.get("/_sandbox/processing").body == {"delaySeconds": 0.0, "rate": None, "pendingEvents": 0}


def test_events_of_a_real_queue_are_billed_while_the_client_polls(start: Any) -> None:
    client = start(processing_rate=50.0)
    client.ingest(*events(10))
    end = time.monotonic() + 10
    counts = []
    while (count := client.get("/v1/events").body["pagination"]["total"]) < 10 and time.monotonic() < end:
        counts.append(count)
    assert count == 10
    assert len(set(counts)) > 2


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), 1e9])
def test_an_absurd_rate_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="processing_rate must be"):
        Sandbox(processing_rate=rate)


def test_the_delay_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMONETIZE_SANDBOX_PROCESSING_DELAY", "0.3")
    with Sandbox() as sandbox:
        assert sandbox.state.settings.processing_delay == 0.3
    with Sandbox(processing_delay=0) as sandbox:
        assert sandbox.state.settings.processing_delay == 0
    monkeypatch.setenv("OPENMONETIZE_SANDBOX_PROCESSING_DELAY", "soon")
    with pytest.raises(ValueError, match="must be a number of seconds, not 'soon'"):
        Sandbox()


# --- dead letters ---------------------------------------------------------------------------------------------------


def test_dead_letters_come_minutes_later_by_the_hundred(start: Any) -> None:
    client = start(mode="faithful", defects=["dead-letters-late"], faults=["accept-and-lose"])
    other = client.other_customer()
    for _ in range(5):
        client.ingest(*events(50))
    other.ingest(*events(50))

    def shown() -> tuple[int, int]:
        reply = client.get("/v1/events/dlq").body
        assert len(reply["items"]) == min(100, reply["counts"]["active"])
        return reply["counts"]["active"], other.get("/v1/events/dlq").body["counts"]["active"]

    assert len(client.sandbox.dead_letters()) == 300  # the sandbox itself shows them at once
    seen = []
    for _ in range(18):
        client.sandbox.advance(seconds=60)
        if shown() not in seen:
            seen.append(shown())
    assert seen == [(0, 0), (100, 0), (200, 0), (250, 50)]
    client.ingest(event())
    client.sandbox.advance(seconds=300)
    assert shown() == (250, 50)
    client.sandbox.advance(seconds=300)
    assert shown() == (251, 50)
    other.close()
