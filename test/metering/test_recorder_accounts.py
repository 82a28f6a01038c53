"""Recorders and API keys: every event is billed to the customer whose key it was recorded under."""

from __future__ import annotations

import threading
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
    leave_one_behind(make_recorder, server, tmp_path / "usage.db")
    del server.keys["om_live_a"]
    new_key = ApiClient(Configuration(server.url, access_token="om_live_a2"))
    again = make_recorder(client=new_key, outbox=tmp_path / "usage.db")
    again.record(new_event())
    assert server.wait_for(3)


def test_another_customers_key_never_bills_these_events(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    server.always = "503"
    first = make_recorder(outbox=tmp_path / "usage.db")
    of_a = new_events(3)
    for event in of_a:
        first.record(event)
    first.close(0.1)
    server.always = None
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = make_recorder(client=stranger, outbox=tmp_path / "usage.db")
    of_b = new_event()
    second.record(of_b)
    assert second.flush(10)
    second.close()
    assert set(server.ledger) == {of_b.event_id}
    make_recorder(outbox=tmp_path / "usage.db")
    assert server.wait_for(4)
    assert {server.customers[event.event_id] for event in of_a} == {"cust-a"}


def test_a_key_that_was_rotated_before_it_delivered_anything_is_taken_over_on_request(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    """The platform was never asked whose the old key was."""
    server.always = "503"
    server.keys["om_live_lost"] = ""
    lost_key = ApiClient(Configuration(server.url, access_token="om_live_lost"))
    first = make_recorder(client=lost_key, outbox=tmp_path / "usage.db")
    for event in new_events(3):
        first.record(event)
    first.close(0.1)
    server.always = None
    reported = threading.Event()
    incidents: list[Incident] = []

    def on_error(incident: Incident) -> None:
        incidents.append(incident)
        reported.set()

    second = make_recorder(outbox=tmp_path / "usage.db", on_error=on_error)
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
    leave_one_behind(make_recorder, server, tmp_path / "usage.db")
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = make_recorder(client=stranger, outbox=tmp_path / "usage.db")
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
    recorder = make_recorder(outbox=tmp_path / "usage.db", flush_interval=3600)
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


def test_an_outbox_needs_a_key(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    with pytest.raises(ApiKeyError):
        Recorder(ApiClient(Configuration(server.url)), outbox=tmp_path / "usage.db")
