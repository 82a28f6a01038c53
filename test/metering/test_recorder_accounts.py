"""Recorders and API keys: every event is billed to the customer whose key it was recorded under."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiClient, ApiKeyError, Configuration
from openmonetize.metering import Incident, MeteringError, Recorder

from .conftest import MakeRecorder, new_event, new_events
from .fault_server import FaultServer


def test_a_key_that_was_rotated_while_running(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, buffered: Any
) -> None:
    recorder = make_recorder(**buffered)
    recorder.record(new_event())
    assert recorder.flush(10)
    del server.keys["om_live_a"]
    recorder.record(new_event())
    assert not recorder.flush(10)
    client.configuration.access_token = "om_live_a2"
    recorder.record(new_event())
    assert server.wait_for(3)
    assert recorder.flush(10)
    assert set(server.customers.values()) == {"cust-a"}
    assert recorder.stats().accepted == 3


def leave_one_behind(make_recorder: MakeRecorder, server: FaultServer, outbox: Path) -> None:
    """Deliver one event, so that the key's customer is known, and leave another in the outbox."""
    first = make_recorder(outbox=outbox)
    first.record(new_event())
    assert first.flush(10)
    server.always = "503"
    first.record(new_event())
    first.close(0.1)
    server.always = None


def test_a_rotated_key_at_the_next_start(make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path) -> None:
    leave_one_behind(make_recorder, server, tmp_path / "usage-outbox")
    del server.keys["om_live_a"]
    new_key = ApiClient(Configuration(server.url, access_token="om_live_a2"))
    again = make_recorder(client=new_key, outbox=tmp_path / "usage-outbox")
    again.record(new_event())
    assert server.wait_for(3)


def test_a_new_key_knows_at_once_what_waits_for_the_old_one(
    make_recorder: MakeRecorder, client: ApiClient, buffered: Any
) -> None:
    recorder = make_recorder(**buffered, flush_interval=3600)
    recorder.record(new_event())
    client.configuration.access_token = "om_live_b"
    assert [account.events for account in recorder.usage_of_other_keys()] == [1]


def test_another_customers_key_never_bills_these_events(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    server.always = "503"
    first = make_recorder(outbox=tmp_path / "usage-outbox")
    of_a = new_events(3)
    for event in of_a:
        first.record(event)
    first.close(0.1)
    server.always = None
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = make_recorder(client=stranger, outbox=tmp_path / "usage-outbox")
    of_b = new_event()
    second.record(of_b)
    assert second.flush(10)
    second.close()
    assert set(server.ledger) == {of_b.event_id}
    make_recorder(outbox=tmp_path / "usage-outbox")
    assert server.wait_for(4)
    assert {server.customers[event.event_id] for event in of_a} == {"cust-a"}


def test_a_key_that_was_rotated_before_it_delivered_anything_is_taken_over_on_request(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    """The platform was never asked whose the old key was."""
    server.always = "503"
    server.keys["om_live_lost"] = ""
    lost_key = ApiClient(Configuration(server.url, access_token="om_live_lost"))
    first = make_recorder(client=lost_key, outbox=tmp_path / "usage-outbox")
    for event in new_events(3):
        first.record(event)
    first.close(0.1)
    server.always = None
    reported = threading.Event()
    incidents: list[Incident] = []

    def on_error(incident: Incident) -> None:
        incidents.append(incident)
        reported.set()

    second = make_recorder(outbox=tmp_path / "usage-outbox", on_error=on_error)
    assert reported.wait(20)  # at the start, without an event
    assert [(incident.kind, incident.events) for incident in incidents] == [("other_key", 3)]
    assert "adopt_usage" in incidents[0].message
    second.record(new_event())
    assert second.flush(10)
    assert len(server.ledger) == 1
    (waiting,) = second.usage_of_other_keys()
    assert (waiting.base_url, waiting.customer_id, waiting.events) == (server.url, None, 3)
    assert second.adopt_usage(waiting) == 3
    assert second.flush(10)
    assert set(server.customers.values()) == {"cust-a"}
    assert second.stats() == (4, 4, 0, 0, 0, 0, 0)
    assert second.usage_of_other_keys() == []
    assert second.adopt_usage(waiting) == 0


def test_usage_that_is_known_to_be_another_customers_cannot_be_taken_over(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    leave_one_behind(make_recorder, server, tmp_path / "usage-outbox")
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = make_recorder(client=stranger, outbox=tmp_path / "usage-outbox")
    with pytest.raises(MeteringError, match="cust-a"):
        second.adopt_usage(second.usage_of_other_keys()[0])
    second.record(new_event())
    assert second.flush(10)
    with pytest.raises(MeteringError, match="cust-a"):
        second.adopt_usage(second.usage_of_other_keys()[0])
    assert sorted(server.customers.values()) == ["cust-a", "cust-b"]


def test_a_key_that_changes_between_lease_and_request_sends_nothing_of_the_old_ones(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, tmp_path: Path
) -> None:
    """The test forces the moment: the key changes after the events were leased."""
    recorder = make_recorder(outbox=tmp_path / "usage-outbox", flush_interval=3600)
    lease, keys = recorder._buffer.lease, ["om_live_b"]

    def lease_and_change(*bounds: int) -> Any:
        batch = lease(*bounds)
        if keys:
            client.configuration.access_token = keys.pop()
        return batch

    of_a, of_b = new_event(), new_event()
    recorder.record(of_a)
    recorder._buffer.lease = lease_and_change  # type: ignore[method-assign]
    recorder.flush(0.3)
    recorder.record(of_b)
    recorder.flush(10)
    assert server.customers == {of_b.event_id: "cust-b"}
    client.configuration.access_token = "om_live_a"
    recorder.record(new_event())
    recorder.flush(10)
    assert server.customers[str(of_a.event_id)] == "cust-a"


# Wherever the events are


@pytest.fixture(params=["memory", "outbox", "spill", "fallback"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Options of a recorder whose events are in memory, on disk, in both, or in memory because the disk is full."""
    options: dict[str, Any] = {
        "memory": {},
        "outbox": {"outbox": tmp_path / "usage-outbox"},
        "spill": {"max_events": 2, "on_full": "spill", "spill_path": tmp_path / "spill"},
        "fallback": {"outbox": tmp_path / "usage-outbox", "outbox_max_bytes": 1},
    }
    return {"flush_interval": 3600, **options[request.param]}


def use(client: ApiClient, key: str | None) -> None:
    client.configuration.access_token = key


def record(recorder: Recorder, count: int = 1) -> set[str]:
    """Record events, and return their ids."""
    recorded = new_events(count)
    for event in recorded:
        recorder.record(event)
    return {str(event.event_id) for event in recorded}


@contextmanager
def nothing_being_sent(recorder: Recorder) -> Iterator[None]:
    """Let no request be sent meanwhile, which would be right, but for another customer than the test expects."""
    with recorder._pipeline.delivery._one_at_a_time:
        yield


def billed_to(server: FaultServer, customer: str) -> set[str]:
    return {event_id for event_id, its in server.customers.items() if its == customer}


def test_a_key_that_changes_before_the_delivery_leaves_the_events_to_their_own(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    of_a = record(recorder, 5)
    use(client, "om_live_b")
    of_b = record(recorder, 3)
    recorder.flush(10)
    assert server.customers == dict.fromkeys(of_b, "cust-b")
    (waiting,) = recorder.usage_of_other_keys()
    assert (waiting.base_url, waiting.events) == (server.url, 5)
    use(client, "om_live_a")
    more_of_a = record(recorder)
    assert recorder.flush(10)
    assert billed_to(server, "cust-a") == of_a | more_of_a
    assert billed_to(server, "cust-b") == of_b
    assert server.billed_once()
    assert recorder.usage_of_other_keys() == []


def test_a_key_that_changes_to_and_fro_while_the_platform_is_down_mixes_nothing_up(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    expected: dict[str, str] = {}
    server.always = "503"
    for _ in range(3):
        for key, customer in (("om_live_a", "cust-a"), ("om_live_b", "cust-b")):
            use(client, key)
            expected.update(dict.fromkeys(record(recorder, 2), customer))
            assert not recorder.flush(0.02)  # a part of them is sent in vain
    for key in ("om_live_a", "om_live_b"):
        with nothing_being_sent(recorder):
            use(client, key)
            server.always = None
        recorder.flush(10)
    assert server.customers == expected
    assert server.billed_once()


def test_a_key_that_changes_all_the_time_while_events_are_sent_mixes_nothing_up(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**{**place, "flush_interval": 0.0, "flush_at": 1})
    expected: dict[str, str] = {}
    for number in range(300):
        key, customer = (("om_live_a", "cust-a"), ("om_live_b", "cust-b"))[number % 2]
        use(client, key)
        expected.update(dict.fromkeys(record(recorder), customer))
    for key in ("om_live_a", "om_live_b"):
        use(client, key)
        recorder.flush(20)
    assert server.customers == expected
    assert server.billed_once()


def test_a_rotated_key_of_the_same_customer_delivers_what_the_old_one_left(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    recorded = record(recorder)
    assert recorder.flush(10)
    del server.keys["om_live_a"]
    recorded |= record(recorder, 5)
    assert not recorder.flush(10)
    use(client, "om_live_a2")
    recorded |= record(recorder)
    assert recorder.flush(10)
    assert billed_to(server, "cust-a") == recorded
    assert recorder.usage_of_other_keys() == []
    assert recorder.stats().accepted == recorder.stats().tracked == 7


def test_the_usage_of_a_key_that_never_delivered_is_taken_over_only_on_request(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    use(client, "om_live_mistyped")
    recorder = make_recorder(**place)
    recorded = record(recorder, 5)
    assert not recorder.flush(10)
    use(client, "om_live_a")
    recorder.flush(10)
    assert not server.ledger
    (waiting,) = recorder.usage_of_other_keys()
    assert (waiting.customer_id, waiting.events) == (None, 5)
    assert recorder.adopt_usage(waiting) == 5
    assert recorder.flush(10)
    assert server.customers == dict.fromkeys(recorded, "cust-a")
    assert server.billed_once()


def test_another_customers_usage_is_never_taken_over(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    record(recorder)
    assert recorder.flush(10)
    with nothing_being_sent(recorder):
        record(recorder, 4)
        use(client, "om_live_b")
    recorder.flush(10)
    (waiting,) = recorder.usage_of_other_keys()
    assert (waiting.customer_id, waiting.events) == ("cust-a", 4)
    with pytest.raises(MeteringError, match="cust-a"):
        recorder.adopt_usage(waiting)
    assert not billed_to(server, "cust-b")


def test_another_server_is_another_account(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    here = record(recorder, 5)
    with FaultServer() as elsewhere:
        client.configuration.host = elsewhere.url
        there = record(recorder, 3)
        recorder.flush(10)
        assert set(elsewhere.ledger) == there
        client.configuration.host = server.url
        assert recorder.flush(10)
        assert set(server.ledger) == here
        assert len(elsewhere.ledger) == 3


def test_dead_letters_stay_with_the_account_under_which_they_were_refused(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    recorder = make_recorder(**place)
    refused = record(recorder, 3)
    server.bad = set(refused)
    assert recorder.flush(10).dead == 3
    server.bad = set()
    use(client, "om_live_b")
    recorder.replay_dead_letters()
    recorder.flush(10)
    assert not server.ledger
    use(client, "om_live_a")
    recorder.replay_dead_letters()
    assert recorder.flush(10)
    assert server.customers == dict.fromkeys(refused, "cust-a")


def test_events_in_memory_that_wait_for_another_key_are_not_called_delivered(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any
) -> None:
    incidents: list[Incident] = []
    recorder = make_recorder(**place, on_error=incidents.append)
    record(recorder, 5)
    use(client, "om_live_b")
    record(recorder)
    in_memory = place["max_events"] if "spill_path" in place else 0 if len(place) == 2 and "outbox" in place else 5
    assert recorder.flush(10) == (not in_memory, 1, 0, 0, in_memory)
    assert recorder.close(10) == (not in_memory, 0, 0, 0, in_memory)
    left = [incident for incident in incidents if incident.kind == "left"]
    assert [incident.events for incident in left] == ([in_memory] if in_memory else [])
    assert all("lost with the process" in incident.message for incident in left)


def test_events_that_are_recorded_before_there_is_a_key_belong_to_the_first_that_comes(
    make_recorder: MakeRecorder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    client = ApiClient(Configuration(server.url))
    recorder = make_recorder(client=client, flush_interval=3600)
    recorded = record(recorder, 3)
    assert not recorder.flush(10)
    server.always = "503"
    use(client, "om_live_a")
    recorded |= record(recorder, 2)
    assert not recorder.flush(0.05)
    with nothing_being_sent(recorder):
        use(client, "om_live_b")
        server.always = None
    of_b = record(recorder)
    recorder.flush(10)
    assert server.customers == dict.fromkeys(of_b, "cust-b")
    use(client, "om_live_a")
    assert recorder.flush(10)
    assert billed_to(server, "cust-a") == recorded


def test_a_key_that_is_taken_away_for_a_while_leaves_the_events_to_its_account(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, place: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    recorder = make_recorder(**place)
    recorded = record(recorder, 3)
    use(client, None)
    recorded |= record(recorder, 3)
    assert not recorder.flush(10)
    use(client, "om_live_a")
    assert recorder.flush(10)
    assert server.customers == dict.fromkeys(recorded, "cust-a")


@pytest.mark.parametrize(("key", "customer"), [("om_live_a2", "cust-a"), ("om_live_b", "cust-b")])
def test_a_key_of_the_environment_is_taken_up_with_the_next_delivery(
    make_recorder: MakeRecorder,
    server: FaultServer,
    place: Any,
    key: str,
    customer: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENMONETIZE_API_KEY", "om_live_a")
    recorder = make_recorder(client=ApiClient(Configuration(server.url)), **place)
    recorded = record(recorder)
    assert recorder.flush(10)
    with nothing_being_sent(recorder):
        recorded |= record(recorder, 3)
        monkeypatch.setenv("OPENMONETIZE_API_KEY", key)
    recorder.flush(10)
    before = recorder.stats().accepted
    later = record(recorder, 3)
    recorder.flush(10)
    assert recorder.stats().accepted == before + 3
    assert billed_to(server, customer) == (recorded | later if customer == "cust-a" else later)


def test_an_outbox_needs_a_key(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    with pytest.raises(ApiKeyError):
        Recorder(ApiClient(Configuration(server.url)), outbox=tmp_path / "usage-outbox")
