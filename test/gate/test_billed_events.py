"""Whether usage is burned already: what the platform's list of events says, however far back it is."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

import pytest

from openmonetize import OpenMonetize
from openmonetize.gate.holds import billed_events
from openmonetize.gate.holds.billed_events import BilledEvents
from openmonetize.sandbox import Sandbox


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(billed_events, "BOOKING_SECONDS", 0.1)


def record(om: OpenMonetize) -> str:
    """Record an event, and have it billed. Return its id."""
    event_id = om.track_custom_event(unit_type="u", quantity=1, feature_id="f")
    assert om.wait_billed()
    return event_id


def test_an_event_is_burned_a_moment_after_it_is_listed(om: OpenMonetize) -> None:
    event_id = record(om)
    events, now = BilledEvents(om.api_client, 3.0), time.time()
    first = events.look({event_id: now}, now, True)
    assert (first.burned, first.unlisted) == (frozenset(), False)
    assert first.settles is not None
    time.sleep(0.15)
    assert events.look({event_id: now}, now, False).burned == {event_id}


def test_an_event_that_is_not_stored_is_not_burned(om: OpenMonetize, sandbox: Sandbox) -> None:
    sandbox.set_processing(delay=3600)
    event_id = om.track_custom_event(unit_type="u", quantity=1, feature_id="f")
    om.flush()
    events, now = BilledEvents(om.api_client, 3.0), time.time()
    for _ in range(2):
        look = events.look({event_id: now}, now, True)
        assert (look.burned, look.settles, look.unlisted) == (frozenset(), None, True)
        time.sleep(0.1)


def test_the_list_is_read_again_only_after_a_while_or_if_it_matters(om: OpenMonetize, sandbox: Sandbox) -> None:
    events, now = BilledEvents(om.api_client, 3.0), time.time()
    before = len(sandbox.requests)
    for _ in range(20):
        events.look({"no such event": now}, now, False)
    assert len(sandbox.requests) - before == 1
    events.look({"no such event": now}, now, True)
    assert len(sandbox.requests) - before == 2


def test_an_event_far_back_in_the_list_is_found_in_few_requests(om: OpenMonetize, sandbox: Sandbox) -> None:
    sandbox.set_processing()
    ages = [float(age) for age in range(0, 40_000, 10)]
    now = datetime.now(timezone.utc)
    times = [now - timedelta(seconds=age) for age in ages]
    ids = [om.track_custom_event(unit_type="u", quantity=1, feature_id="f", timestamp=moment) for moment in times]
    assert om.flush(60.0)
    events, wanted = BilledEvents(om.api_client, 30.0), 2500
    before = len(sandbox.requests)
    look = events.look({ids[wanted]: now.timestamp() - ages[wanted]}, now.timestamp(), True)
    assert not look.unlisted
    assert len(sandbox.requests) - before < 20


def test_a_deployment_without_a_list_is_believed_to_burn_in_ten_minutes() -> None:
    with Sandbox(era="seed") as seed, OpenMonetize(seed.key, seed.url) as om:
        events, now = BilledEvents(om.api_client, 3.0), time.time()
        look = events.look({"new": now - 1, "old": now - 601}, now, True)
        assert look.burned == {"old"}


def test_an_answer_that_does_not_come_burns_nothing(om: OpenMonetize, sandbox: Sandbox) -> None:
    event_id = record(om)
    sandbox.fail_next("503")
    events, now = BilledEvents(om.api_client, 3.0), time.time()
    assert events.look({event_id: now}, now, True).unlisted
    assert not events.look({event_id: now}, now, True).unlisted
