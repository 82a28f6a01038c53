"""What is accepted is billed later, and `wait_billed` says how far that has come."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("werkzeug")

from openmonetize import ApiException, NotServedError, OpenMonetize
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


@pytest.fixture
def later() -> Iterator[Sandbox]:
    with Sandbox(mode="faithful", processing_delay=0.3) as running:
        yield running


@pytest.fixture
def om(later: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(later.key, later.url) as om:
        om.credits.grant(user_id=USER, amount=10_000)
        yield om


def looks(sandbox: Sandbox) -> int:
    """Return how many requests have asked for the list of events."""
    return sum(request["target"].startswith("/v1/events?") for request in sandbox.requests)


def test_accepted_and_billed_are_two_counts(om: OpenMonetize) -> None:
    om.track_token_usage(**USED)
    assert om.flush().accepted == 1
    assert (om.stats().accepted, om.stats().billed) == (1, None)
    assert "billed" not in repr(om.stats())
    assert om.credits.user_balance(USER).data.balance == 10_000

    result = om.wait_billed(timeout=10)
    assert result and tuple(result) == (True, 1, 0, 0, 0)
    assert om.credits.user_balance(USER).data.balance == 9_992
    assert om.stats().billed == 1 and sum(om.stats()[1:]) == 1
    assert "billed=1" in repr(om.stats())


def test_it_delivers_what_is_recorded(om: OpenMonetize, later: Sandbox) -> None:
    for _ in range(350):
        om.track_token_usage(**USED)
    assert tuple(om.wait_billed(timeout=10)) == (True, 350, 0, 0, 0)
    assert later.billed(USER) == 350 * 8


def test_the_time_is_bounded_and_the_requests_are_few() -> None:
    with Sandbox(processing_delay=60) as slow, OpenMonetize(slow.key, slow.url) as om:
        om.track_token_usage(**USED)
        started = time.monotonic()
        result = om.wait_billed(timeout=2)
        assert 2 <= time.monotonic() - started < 4
        assert not result and tuple(result) == (False, 0, 1, 0, 0)
        assert 2 <= looks(slow) <= 8
        assert tuple(om.wait_billed(timeout=0)) == (False, 0, 1, 0, 0)
        slow.advance(seconds=60)
        assert tuple(om.wait_billed(timeout=2)) == (True, 1, 0, 0, 0)


def test_more_events_than_ten_pages_have_are_found_at_once_on_an_idle_platform() -> None:
    with Sandbox() as idle, OpenMonetize(api_key=idle.key, base_url=idle.url) as om:
        for _ in range(1500):
            om.track_token_usage(**USED)
        assert om.flush(30).accepted == 1500
        started = time.monotonic()
        assert om.wait_billed().billed == 1500
        assert time.monotonic() - started < 8


def test_an_event_that_the_platform_loses_is_missing_and_not_waited_for(om: OpenMonetize) -> None:
    om.track_token_usage(**{**USED, "user_id": "user_001"})  # it exists already, so that its usage is lost
    om.track_token_usage(**USED)
    started = time.monotonic()
    result = om.wait_billed(timeout=20)
    assert time.monotonic() - started < 10
    assert not result and tuple(result) == (False, 1, 0, 1, 0)
    assert tuple(om.wait_billed(timeout=20)) == (False, 1, 0, 1, 0)
    om.track_token_usage(**USED)
    assert tuple(om.wait_billed(timeout=20)) == (False, 2, 0, 1, 0)


def test_the_last_event_may_only_be_waited_for(om: OpenMonetize) -> None:
    om.track_token_usage(**USED)
    om.track_token_usage(**{**USED, "user_id": "user_001"})
    assert tuple(om.wait_billed(timeout=1)) == (False, 1, 1, 0, 0)


def test_usage_of_another_day_is_found_behind_that_of_today(om: OpenMonetize) -> None:
    with OpenMonetize(om.configuration.api_key["bearerAuth"], om.configuration.host) as other:
        for _ in range(250):
            other.track_token_usage(**USED)
        assert other.flush()
        om.track_token_usage(**USED, timestamp=datetime.now(timezone.utc) - timedelta(days=3))
        om.track_token_usage(**USED)
        assert tuple(om.wait_billed(timeout=10)) == (True, 2, 0, 0, 0)


def test_a_platform_that_does_not_answer_leaves_what_was_seen_before(om: OpenMonetize, later: Sandbox) -> None:
    om.track_token_usage(**USED)
    assert om.flush()
    later.fail_next("503:path=/v1/events", times=1000)
    assert tuple(om.wait_billed(timeout=0.5)) == (False, None, 1, 0, 0)


def test_an_outage_shorter_than_the_time_is_waited_out(om: OpenMonetize, later: Sandbox) -> None:
    om.track_token_usage(**USED)
    assert om.flush()
    later.fail_next("503:path=/v1/events", times=4)
    assert om.wait_billed(timeout=20).billed == 1


def test_undelivered_events_wait() -> None:
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        sandbox.fail_next("503:path=/v1/events/ingest", times=1000)
        om.track_token_usage(**USED)
        assert tuple(om.wait_billed(timeout=0.3)) == (False, 0, 1, 0, 0)
        sandbox.reset()


def test_a_platform_without_the_list_says_so() -> None:
    with Sandbox(era="seed") as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        om.track_token_usage(provider="openai", model="gpt-4o", input_tokens=5, feature_id="chat")
        with pytest.raises(NotServedError):
            om.wait_billed(timeout=5)


def test_a_refused_key_says_so(om: OpenMonetize) -> None:
    om.track_token_usage(**USED)
    assert om.flush()
    om.customers.rotate_key()
    with pytest.raises(ApiException) as refusal:
        om.wait_billed(timeout=5)
    assert refusal.value.status == 401


def test_events_of_another_account_are_not_looked_for(om: OpenMonetize, later: Sandbox) -> None:
    om.track_token_usage(**USED)
    assert om.flush()
    other = om.customers.register(name="Other", email="other@example.com").data.api_key
    om.configuration.api_key["bearerAuth"] = other
    before = looks(later)
    assert om.wait_billed(timeout=5)
    assert looks(later) == before


def test_duplicates_are_not_waited_for(om: OpenMonetize) -> None:
    event_id = "7b0c6f0e-5f0c-4c9a-8f0e-0d2f5a7f9b11"
    om.track_token_usage(**USED, event_id=event_id)
    assert om.wait_billed(timeout=10).billed == 1
    with OpenMonetize(om.configuration.api_key["bearerAuth"], om.configuration.host) as other:
        other.track_token_usage(**USED, event_id=event_id)
        assert tuple(other.wait_billed(timeout=10)) == (True, 0, 0, 0, 0)
        assert other.stats().duplicate == 1


def test_with_an_outbox(later: Sandbox, tmp_path: Path) -> None:
    with OpenMonetize(later.key, later.url, outbox=tmp_path / "usage-outbox") as om:
        om.track_token_usage(**USED)
        assert tuple(om.wait_billed(timeout=10)) == (True, 1, 0, 0, 0)


def test_a_callback_of_the_delivery_does_not_wait(later: Sandbox) -> None:
    seen = []
    with OpenMonetize(later.key, later.url, on_delivered=lambda _: seen.append(om.wait_billed(timeout=20))) as om:
        om.track_token_usage(**USED)
        started = time.monotonic()
        assert om.flush(timeout=15)
        assert time.monotonic() - started < 10
        assert [result.waiting for result in seen] == [1]


def test_without_a_platform_nothing_waits() -> None:
    assert tuple(OpenMonetize(enabled=False).wait_billed(timeout=5)) == (True, 0, 0, 0, 0)
