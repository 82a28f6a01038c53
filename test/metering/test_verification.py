"""What was accepted and lost is found, sent again when that is safe, and everything else that nobody pays is named."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Callable

import pytest

pytest.importorskip("werkzeug")

from openmonetize import ApiValueError, Incident, NotServedError, OpenMonetize, ServiceException
from openmonetize.metering.verification import verifier
from openmonetize.sandbox import Sandbox

USER = "acme-ada-lovelace"
USED: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4o",
    "input_tokens": 1000,
    "output_tokens": 500,
    "user_id": USER,
    "feature_id": "chat",
}
Open = Callable[..., OpenMonetize]


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(processing_delay=0.05) as running:
        yield running


@pytest.fixture
def kept_in(buffered: Any) -> dict[str, Any]:
    return buffered  # type: ignore[no-any-return]


@pytest.fixture
def incidents() -> list[Incident]:
    return []


@pytest.fixture
def open_client(sandbox: Sandbox, incidents: list[Incident]) -> Iterator[Open]:
    """Opens clients that verify, and that are closed at the end."""
    clients = []

    def open_one(**settings: Any) -> OpenMonetize:
        settings.setdefault("verify", "report")  # nothing is done in the background that a test does not see
        om = OpenMonetize(sandbox.key, sandbox.url, on_error=incidents.append, **settings)
        clients.append(om)
        return om

    with OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id=USER, amount=100_000)
    yield open_one
    for om in clients:
        om.close(1.0)


def track(om: OpenMonetize, count: int, **changes: Any) -> None:
    for _ in range(count):
        om.track_token_usage(**{**USED, **changes})
    assert om.flush()


def ingested(sandbox: Sandbox) -> int:
    """Return how many events requests have brought: the recorder chooses how many requests it makes of them."""
    brought = [request["body"] for request in sandbox.requests if request["target"] == "/v1/events/ingest"]
    return sum(len(json.loads(body)["events"]) for body in brought)


def pages(sandbox: Sandbox) -> int:
    """Return how many requests have asked for the list of events."""
    return sum(request["target"].startswith("/v1/events?") for request in sandbox.requests)


def repeated_too_early(sandbox: Sandbox) -> int:
    """Return how many events were sent again while they were in the queue."""
    return sum("stored already" in letter["reason"] for letter in sandbox.dead_letters())


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait, at most half a minute."""
    deadline = time.monotonic() + 30
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def counts(report: Any) -> dict[str, int]:
    """Return the counts of a report that are not 0."""
    return {name: value for name, value in report._asdict().items() if type(value) is int and value}


@pytest.mark.parametrize("fault", ["accept-and-lose", "accept-nothing"])
def test_lost_events_are_sent_again_and_billed_once(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any], incidents: list[Incident], fault: str
) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next(fault, times=7)
    track(om, 10)
    track(om, 1)
    report = om.verify(timeout=10, repair=True)
    assert report and counts(report) == {"accepted": 11, "billed": 11, "repaired": 7}
    assert sandbox.billed(USER) == 11 * 8 == 100_000 - sandbox.balance(USER)
    assert not repeated_too_early(sandbox)
    stats = om.stats()
    assert (stats.tracked, stats.accepted, stats.billed, stats.lost, stats.repaired) == (11, 11, 11, 0, 7)
    assert [(incident.kind, incident.events) for incident in incidents] == [("lost", 7)]


@pytest.mark.parametrize("settings", [{"keep": "35d"}, {}], ids=["kept", "not kept"])
def test_what_was_delivered_without_verification_is_told_as_unknown(
    open_client: Open, tmp_path: Path, settings: dict[str, Any]
) -> None:
    settings["outbox"] = tmp_path / "usage-outbox"
    with open_client(verify=False, **settings) as om:
        track(om, 3)
        report = om.verify(timeout=5)
        assert not report and counts(report) == {"unverified": 3}
    with open_client(**settings) as om:
        assert not om.verify(timeout=5)
        began = datetime.now(timezone.utc)
        track(om, 2)
        assert counts(om.verify(timeout=5)) == {"accepted": 2, "billed": 2, "unverified": 3}
        report = om.verify(began + timedelta(seconds=5), timeout=5)
        assert report and not counts(report)


def test_what_memory_has_no_room_for_any_more_is_told_as_unknown(open_client: Open) -> None:
    om = open_client()
    assert om._recorder._pipeline._ledger is not None
    om._recorder._pipeline._ledger._max_events = 4
    with Sandbox(processing_delay=60) as slow, OpenMonetize(slow.key, slow.url, verify="report") as other:
        other._recorder._pipeline._ledger._max_events = 4
        track(other, 3)
        track(other, 3)
        assert counts(other.verify(timeout=1)) == {"accepted": 3, "waiting": 3, "unverified": 3}
    track(om, 3)
    assert om.verify(timeout=5)
    track(om, 3)
    report = om.verify(timeout=5)
    assert report and counts(report) == {"accepted": 3, "billed": 3}


def test_nothing_is_sent_again_before_the_queue_has_passed(open_client: Open, kept_in: dict[str, Any]) -> None:
    with Sandbox(processing_delay=60) as slow, OpenMonetize(slow.key, slow.url, verify=True, **kept_in) as om:
        om.credits.grant(user_id=USER, amount=100)
        track(om, 3)
        track(om, 1)
        sent = ingested(slow)
        assert counts(om.verify(timeout=1, repair=True)) == {"accepted": 4, "waiting": 4}
        assert ingested(slow) == sent
        slow.advance(seconds=61)
        assert counts(om.verify(timeout=5)) == {"accepted": 4, "billed": 4}
        assert ingested(slow) == sent


def test_a_clock_that_is_set_back_lets_nothing_seem_to_have_passed(
    open_client: Open, kept_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, ahead = time.time, 1000.0
    monkeypatch.setattr(time, "time", lambda: clock() + ahead)
    with Sandbox() as busy, OpenMonetize(busy.key, busy.url, verify="report", **kept_in) as first:
        first.credits.grant(user_id=USER, amount=1000)
        track(first, 1)
        assert first.verify(timeout=10).billed == 1
        busy.set_processing(delay=3600)
        with OpenMonetize(busy.key, busy.url, verify="report", **kept_in) as second:
            ahead = 0.0  # of this process, and of those that begin later
            for om in (first, second):
                track(om, 1)
                assert om.verify(timeout=0.5, repair=True).lost == 0
        assert ingested(busy) == 3


def test_a_clock_that_is_ahead_hides_no_bookings(sandbox: Sandbox, open_client: Open) -> None:
    program = """
import sys, time
clock = time.time
time.time = lambda: clock() + 300
from openmonetize import OpenMonetize
with OpenMonetize(sys.argv[1], sys.argv[2], verify="report") as om:
    om.track_custom_event(unit_type="page", quantity=1, user_id=sys.argv[3], feature_id="ocr")
    print(om.verify(timeout=20).complete)
"""
    arguments = [sys.executable, "-c", program, sandbox.key, sandbox.url, USER]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60)
    assert done.stdout == "True\n", done.stderr


@pytest.mark.parametrize("hours", [-5, 5])
def test_a_platform_with_another_time_hides_no_bookings(sandbox: Sandbox, open_client: Open, hours: int) -> None:
    sandbox.set_time(datetime.now(timezone.utc) + timedelta(hours=hours))
    om = open_client()
    track(om, 3)
    assert counts(om.verify(timeout=10)) == {"accepted": 3, "billed": 3}


def test_the_last_events_may_only_be_waited_for(sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next("accept-nothing", times=2)
    track(om, 2)
    assert counts(om.verify(timeout=1, repair=True)) == {"accepted": 2, "waiting": 2}
    track(om, 1)
    assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 3, "billed": 3, "repaired": 2}
    assert not repeated_too_early(sandbox)


def test_without_repair_they_are_found_and_named(sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next("accept-nothing", times=2)
    track(om, 3)
    track(om, 1)
    report = om.verify(timeout=10)
    assert not report and counts(report) == {"accepted": 4, "billed": 2, "lost": 2}
    assert [(finding.kind, finding.user_id, finding.event["input_tokens"]) for finding in report.findings] == [
        ("lost", USER, 1000)
    ] * 2
    assert ingested(sandbox) == 4
    assert "lost=2" in repr(report) and "findings" not in repr(report)
    assert "lost" in report._repr_html_()


def test_what_is_lost_twice_is_named_and_sent_again_on_demand_only(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]
) -> None:
    om = open_client(**{**kept_in, "verify": True})
    track(om, 1)
    om.track_token_usage(**{**USED, "user_id": "user_001"})  # it exists already, so that its usage is lost for good
    with (
        Sandbox(mode="faithful", processing_delay=0.05) as faithful,
        OpenMonetize(
            faithful.key,
            faithful.url,
            verify=True,
            **kept_in,  # an outbox may have several servers' events
        ) as other,
    ):
        track(other, 1, user_id="user_001")
        track(other, 1, user_id=None)
        assert counts(other.verify(timeout=3)) == {"accepted": 2, "billed": 1, "lost": 1}
        track(other, 1, user_id=None)
        assert counts(other.verify(timeout=3)) == {"accepted": 3, "billed": 2, "lost": 1}
        before = ingested(faithful)
        assert counts(other.verify(timeout=1)) == {"accepted": 3, "billed": 2, "lost": 1}
        assert ingested(faithful) == before
        other.verify(timeout=1, repair=True)
        assert ingested(faithful) == before + 1
        assert not repeated_too_early(faithful)


def test_usage_that_is_stored_for_nothing_is_named_and_not_sent_again(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any], incidents: list[Incident]
) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next("bill-zero", times=3)
    track(om, 5)
    report = om.verify(timeout=10, repair=True)
    assert not report and counts(report) == {"accepted": 5, "billed": 2, "unpaid": 3}
    assert [finding.kind for finding in report.findings] == ["unpaid"] * 3
    assert (ingested(sandbox), om.stats().unpaid) == (5, 3)
    assert [(incident.kind, incident.events) for incident in incidents] == [("unpaid", 3)]


def test_missing_bookings_are_named_by_user(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any], incidents: list[Incident]
) -> None:
    om = open_client(**kept_in)
    om.credits.grant(user_id="acme-grace", amount=1000)
    sandbox.fail_next("store-without-burn", times=3)
    track(om, 2)
    track(om, 2, user_id="acme-grace", output_tokens=100)
    track(om, 130)
    report = om.verify(timeout=20)
    assert not report and counts(report) == {"accepted": 134, "billed": 134, "unbooked": 3}
    assert [tuple(finding) for finding in report.findings] == [
        ("unbooked", None, USER, 2, 16),
        ("unbooked", None, "acme-grace", 1, 4),
    ]
    assert [(incident.kind, incident.events) for incident in incidents] == [("unpaid", 3)]


def test_bookings_of_others_do_not_hide_that_there_are_too_few(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    with OpenMonetize(sandbox.key, sandbox.url) as other:
        track(other, 3, output_tokens=3000)
        assert other.wait_billed(10)
    sandbox.fail_next("store-without-burn")
    track(om, 2)
    assert counts(om.verify(timeout=10)) == {"accepted": 2, "billed": 2, "unbooked": 1}


def test_what_was_booked_before_its_answer_came_is_found(
    sandbox: Sandbox, kept_in: dict[str, Any], open_client: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "_MAX_SKEW", 0.0)
    om = open_client(**kept_in)
    om.credits.grant(user_id=USER, amount=1000)
    sandbox.fail_next("reset-after:path=/v1/events/ingest", times=3)  # taken, and not told
    track(om, 1)
    assert counts(om.verify(timeout=10)) == {"accepted": 1, "billed": 1}


def test_where_the_server_shows_the_last_bookings_only_the_rest_is_not_guessed(tmp_path: Path) -> None:
    with Sandbox(mode="faithful") as faithful, OpenMonetize(faithful.key, faithful.url, verify="report") as om:
        om.credits.grant(user_id=USER, amount=10_000)
        track(om, 60)
        assert counts(om.verify(timeout=10)) == {"accepted": 60, "billed": 60, "unchecked_users": 1}


def test_others_who_use_the_account_are_not_mixed_up(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    with OpenMonetize(sandbox.key, sandbox.url) as other:
        track(other, 150)
        sandbox.fail_next("accept-nothing", times=4)
        track(om, 6)
        track(other, 150)
        track(om, 1)
        assert counts(om.verify(timeout=10)) == {"accepted": 7, "billed": 3, "lost": 4}
        sandbox.fail_next("accept-nothing", times=4)
        track(other, 4)
        assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 7, "billed": 7, "repaired": 4}
        assert om.stats().billed == 7


def test_an_event_of_others_does_not_prove_that_the_queue_has_passed(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    sandbox.fail_next("accept-nothing")
    track(om, 1)
    with OpenMonetize(sandbox.key, sandbox.url) as other:
        track(other, 5)
    assert counts(om.verify(timeout=1, repair=True)) == {"accepted": 1, "waiting": 1}


def test_it_happens_in_the_background(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifier, "FIRST_LOOK_INTERVAL", 0.2)
    om = open_client(verify=True, flush_interval=0.1, **kept_in)
    sandbox.fail_next("accept-and-lose", times=2)
    track(om, 3)
    track(om, 1)
    wait_for(lambda: om.stats().billed == 4)
    assert (om.stats().billed, om.stats().repaired, om.stats().lost) == (4, 2, 0)
    assert not repeated_too_early(sandbox)
    time.sleep(1.0)
    before = pages(sandbox)
    time.sleep(1.0)
    assert pages(sandbox) == before  # there is nothing left to look for


def test_missing_bookings_are_told_in_the_background(
    sandbox: Sandbox,
    open_client: Open,
    kept_in: dict[str, Any],
    incidents: list[Incident],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(verifier, "FIRST_LOOK_INTERVAL", 0.2)
    monkeypatch.setattr(verifier, "COMPARE_INTERVAL", 0.2)
    om = open_client(verify=True, flush_interval=0.1, **kept_in)
    sandbox.fail_next("store-without-burn", times=2)
    track(om, 5)
    wait_for(lambda: bool(incidents))
    track(om, 2)
    wait_for(lambda: om.stats().billed == 7)
    time.sleep(0.5)
    assert [(incident.kind, incident.events) for incident in incidents] == [("unpaid", 2)]


def test_what_was_found_out_outlives_the_process(sandbox: Sandbox, open_client: Open, outbox: Any) -> None:
    om = open_client(outbox=outbox)
    sandbox.fail_next("accept-nothing")
    track(om, 2)
    om.close()
    om = open_client(outbox=outbox)
    track(om, 1)
    assert counts(om.verify(timeout=10)) == {"accepted": 3, "billed": 2, "lost": 1}
    om.close()
    om = open_client(outbox=outbox)
    assert (om.stats().billed, om.stats().lost) == (2, 1)
    assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 3, "billed": 3, "repaired": 1}
    before = pages(sandbox)
    assert om.verify(timeout=10)
    assert pages(sandbox) == before
    assert [event["input_tokens"] for event in om.kept_events()] == [1000] * 3


def test_the_counts_outlive_what_is_kept(sandbox: Sandbox, open_client: Open, tmp_path: Path) -> None:
    outbox = tmp_path / "usage-outbox"
    om = open_client(outbox=outbox, keep=1)
    track(om, 2)
    assert om.verify(timeout=10)
    om.close()
    time.sleep(1.2)
    om = open_client(outbox=outbox, keep=1)
    wait_for(lambda: not list(om.kept_events()))
    assert list(om.kept_events()) == []
    assert counts(om.verify(timeout=10)) == {}
    assert om.stats().billed == 2


def test_a_rotated_key_goes_on_with_what_was_accepted_under_the_old_one(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]
) -> None:
    om = open_client(**kept_in)
    om.credits.grant(user_id=USER, amount=1)
    sandbox.fail_next("accept-and-lose", times=3)
    track(om, 5)
    assert om.customer_id
    om.configuration.api_key["bearerAuth"] = om.customers.rotate_key().data.api_key
    track(om, 1)
    assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 6, "billed": 6, "repaired": 3}
    assert not repeated_too_early(sandbox)


def test_another_customers_key_looks_for_nothing_of_this_one(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    track(om, 5)
    key = om.customers.register(name="Other", email="other@example.com").data.api_key
    om.configuration.api_key["bearerAuth"] = key
    assert counts(om.verify(timeout=5, repair=True)) == {}
    assert ingested(sandbox) == 5


def test_ids_of_ones_own_are_looked_for_as_they_were_sent(
    sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]
) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next("accept-nothing")
    track(om, 1, event_id="evt_1", customer_id="cust_123")
    track(om, 1, event_id="evt_2", customer_id="cust_123")
    assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 2, "billed": 2, "repaired": 1}
    assert sandbox.billed(USER) == 16


def test_usage_of_another_day_is_found_in_few_requests(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    track(om, 1, timestamp=datetime.now(timezone.utc) - timedelta(days=3))
    with OpenMonetize(sandbox.key, sandbox.url) as other:
        for _ in range(8):
            track(other, 1000, timestamp=datetime.now(timezone.utc) - timedelta(hours=1))
    wait_for(lambda: sandbox.billed(USER) == 8001 * 8)
    track(om, 1)
    before = pages(sandbox)
    assert counts(om.verify(timeout=20)) == {"accepted": 2, "billed": 2}
    assert pages(sandbox) - before < 20


def test_since_leaves_out_what_was_accepted_before(sandbox: Sandbox, open_client: Open) -> None:
    om = open_client()
    track(om, 2)
    moment = datetime.now(timezone.utc)
    track(om, 3)
    assert counts(om.verify(moment, timeout=10)) == {"accepted": 3, "billed": 3}
    assert counts(om.verify("1h", timeout=10)) == {"accepted": 5, "billed": 5}
    with pytest.raises(ApiValueError):
        om.verify("soon")


def test_the_rate_limit_is_kept(open_client: Open) -> None:
    with Sandbox(rate_limit=40) as limited, OpenMonetize(limited.key, limited.url, verify=True) as om:
        om.credits.grant(user_id=USER, amount=100_000)
        track(om, 2500)
        report = om.verify(timeout=3)
        assert report.billed > 500 and report.waiting + report.billed == 2500
        assert not any(request["status"] == 429 for request in limited.requests)


def test_the_quota_is_kept_and_said(open_client: Open, incidents: list[Incident]) -> None:
    with (
        Sandbox(quota=13) as metered,
        OpenMonetize(metered.key, metered.url, verify="report", on_error=incidents.append) as om,
    ):
        metered.fail_next("accept-nothing", times=8)
        track(om, 9)
        track(om, 1)
        assert counts(om.verify(timeout=1, repair=True))["lost"] >= 5
        assert "which takes 3 more" in incidents[0].message
        assert not any(request["status"] == 402 for request in metered.requests)
        assert len(metered.events()) == 5


def test_an_outage_is_waited_out_or_told(sandbox: Sandbox, open_client: Open, kept_in: dict[str, Any]) -> None:
    om = open_client(**kept_in)
    sandbox.fail_next("accept-nothing")
    track(om, 2)
    track(om, 1)
    sandbox.fail_next("500-after:path=/v1/events/ingest")  # the repeat arrives, and its answer does not
    with pytest.raises(ServiceException):
        om.verify(timeout=10, repair=True)
    track(om, 1)
    assert counts(om.verify(timeout=10, repair=True)) == {"accepted": 4, "billed": 4, "repaired": 1}
    assert not repeated_too_early(sandbox)


def test_a_platform_without_the_list_says_so(incidents: list[Incident]) -> None:
    with Sandbox(era="seed") as seed, OpenMonetize(seed.key, seed.url, verify=True) as om:
        om.track_token_usage(provider="openai", model="gpt-4o", input_tokens=5, feature_id="chat")
        with pytest.raises(NotServedError):
            om.verify(timeout=5)


def test_what_is_not_kept_cannot_be_looked_for(sandbox: Sandbox) -> None:
    with OpenMonetize(sandbox.key, sandbox.url) as om, pytest.raises(ApiValueError, match="verify=True"):
        om.verify()
    assert OpenMonetize(enabled=False, verify=True).verify()
    with pytest.raises(ApiValueError, match="'report'"):
        OpenMonetize(sandbox.key, sandbox.url, verify="maybe")  # type: ignore[arg-type]


VERIFYING = """
import sys
from openmonetize import OpenMonetize
from openmonetize.metering.buffers.postgres import ledger
ledger.HOLD_SECONDS = 3.0
with OpenMonetize(sys.argv[1], sys.argv[2], outbox=sys.argv[3], verify=True) as om:
    print("ready", flush=True)
    print(om.verify(timeout=20).repaired, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_process_that_is_killed_while_it_repairs_loses_and_doubles_nothing(
    sandbox: Sandbox, open_client: Open, outbox: Any
) -> None:
    om = open_client(outbox=outbox)
    sandbox.fail_next("accept-and-lose", times=40)
    track(om, 50)
    track(om, 1)
    om.close()
    for fault in ("slow=2s:path=/v1/events", "slow=2s:path=/v1/events/ingest"):  # while it looks, and while it repairs
        sandbox.fail_next(fault)
        arguments = [sys.executable, "-c", VERIFYING, str(sandbox.key), sandbox.url, str(outbox)]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
    om = open_client(outbox=outbox)
    track(om, 1)
    # A database does not know that the process was killed, and leaves the events to it for a while.
    assert counts(om.verify(timeout=20, repair=True)) == {"accepted": 52, "billed": 52, "repaired": 40}
    assert not repeated_too_early(sandbox)
    assert Counter(event["event_id"] for event in sandbox.events()).most_common(1)[0][1] == 1
    assert sandbox.billed(USER) == 52 * 8 == 100_000 - sandbox.balance(USER)


def test_processes_that_share_an_outbox_repair_a_loss_once(sandbox: Sandbox, open_client: Open, outbox: Any) -> None:
    clients = [open_client(outbox=outbox) for _ in range(3)]
    sandbox.fail_next("accept-and-lose", times=30)
    for om in clients:
        track(om, 15)
    track(clients[0], 1)
    reports: list[Any] = []
    threads = [
        threading.Thread(target=lambda om=om: reports.append(om.verify(timeout=20, repair=True))) for om in clients
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert [counts(report) for report in reports] == [{"accepted": 46, "billed": 46, "repaired": 30}] * 3
    assert not repeated_too_early(sandbox)
    assert sandbox.billed(USER) == 46 * 8
