from __future__ import annotations

import json
import os
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any, Callable, List

import pytest

from openmonetize import ApiClient, ApiKeyError, ApiTypeError, ApiValueError, Configuration
from openmonetize.metering import (
    BufferFull,
    Delivered,
    Incident,
    MeteringError,
    OutboxError,
    Recorder,
    sender,
)
from openmonetize.metering.buffers import fallback as fallback

from .conftest import adds_up, event, events
from .fault_server import FaultServer

Make = Callable[..., Recorder]


@pytest.fixture(params=["memory", "outbox"])
def buffered(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """Options of a recorder with either buffer."""
    return {"outbox": tmp_path / "usage.db"} if request.param == "outbox" else {}


def delivering_threads() -> List[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "openmonetize-sender"]


# Recording and delivering


def test_an_event_arrives_by_itself(recorder: Make, server: FaultServer, buffered: Any) -> None:
    one = event(7)
    recorder(**buffered).record(one)
    assert server.wait_for(1)
    assert server.ledger[one.event_id]["input_tokens"] == 7


def test_events_travel_together(recorder: Make, server: FaultServer, buffered: Any) -> None:
    made = recorder(flush_interval=3600, **buffered)
    for one in events(50):
        made.record(one)
    assert made.flush(10)
    assert server.sizes == [50]


def test_enough_events_do_not_wait_for_the_interval(recorder: Make, server: FaultServer, buffered: Any) -> None:
    made = recorder(flush_interval=3600, flush_at=10, **buffered)
    for one in events(10):
        made.record(one)
    assert server.wait_for(10)


def test_a_dict_is_an_event_too(recorder: Make, server: FaultServer) -> None:
    made = recorder(flush_interval=3600)
    made.record({"event_type": "CUSTOM", "user_id": "u", "feature_id": "f", "unit_type": "page", "quantity": 2})
    assert made.flush(10).accepted == 1


@pytest.mark.parametrize(
    "bad", [{"event_type": "FEATURE_ACCESS"}, {"event_type": "CUSTOM", "quantity": -1}, "event", None]
)
def test_a_bad_event_raises_at_the_callers_line_and_nothing_is_queued(recorder: Make, bad: Any) -> None:
    made = recorder()
    with pytest.raises((ApiValueError, ApiTypeError)):
        made.record(bad)
    assert made.stats().tracked == 0


def test_an_event_too_large_for_any_request_is_refused_at_once(recorder: Make) -> None:
    made = recorder()
    one = event()
    one.metadata = {"text": "x" * 1_000_000}
    with pytest.raises(ApiValueError, match="bytes"):
        made.record(one)
    assert made.stats().tracked == 0


def test_flush_says_what_happened(recorder: Make, server: FaultServer, buffered: Any) -> None:
    made = recorder(flush_interval=3600, **buffered)
    batch = events(10)
    server.bad = {batch[4].event_id}
    server.faults.append("reset_after")
    for one in batch[:4]:
        made.record(one)
    assert made.flush(10) == (True, 0, 4, 0, 0)
    for one in batch[4:]:
        made.record(one)
    assert made.flush(10) == (True, 5, 0, 1, 0)
    assert made.stats() == (10, 5, 4, 0, 0, 1, 0)


def test_flush_of_nothing_is_done(recorder: Make, server: FaultServer) -> None:
    assert recorder().flush(10)
    assert server.requests == 0


def test_flush_does_not_wait_for_what_cannot_happen(recorder: Make, server: FaultServer, buffered: Any) -> None:
    made = recorder(**buffered)
    server.always = "402"
    made.record(event())
    result = made.flush(3600)
    assert not result
    assert result.left == 1
    server.always = None
    assert made.flush(3600)


def test_callbacks_hear_of_deliveries_and_trouble(recorder: Make, server: FaultServer) -> None:
    delivered: List[Delivered] = []
    incidents: List[Incident] = []
    made = recorder(on_delivered=delivered.append, on_error=incidents.append, flush_interval=3600)
    server.faults.append("503")
    for one in events(3):
        made.record(one)
    assert made.flush(10)
    assert delivered == [(3, 0, "b")]
    assert [(incident.kind, incident.status, incident.events) for incident in incidents] == [("retrying", 503, 3)]


def test_the_key_is_in_no_text(recorder: Make, server: FaultServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "openmonetize")
    incidents: List[Incident] = []
    made = recorder(on_error=incidents.append)
    server.faults.extend(["401", "503", "reset", "html200"])
    made.record(event())
    made.flush(1)
    assert incidents
    assert "om_live_a" not in caplog.text + repr(incidents) + repr(made) + repr(made.stats())


# The life of the thread


def test_no_thread_before_the_first_event_and_none_after_close(client: ApiClient) -> None:
    made = Recorder(client)
    assert not delivering_threads()
    made.record(event())
    assert len(delivering_threads()) == 1
    made.close()
    assert not delivering_threads()


def test_an_idle_thread_ends_and_the_next_event_starts_another(
    recorder: Make, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "IDLE_SECONDS", 0.05)
    made = recorder()
    for count in (1, 2):
        made.record(event())
        assert server.wait_for(count)
        for thread in delivering_threads():
            thread.join(20)
        assert not delivering_threads()


def test_a_closed_recorder_takes_nothing(client: ApiClient) -> None:
    with Recorder(client) as made:
        made.record(event())
    with pytest.raises(MeteringError, match="closed"):
        made.record(event())
    assert made.close()


@pytest.mark.parametrize(
    "options",
    [
        {"flush_at": 0},
        {"flush_at": 1001},
        {"flush_interval": -1},
        {"flush_interval": "5"},
        {"max_events": True},
        {"on_full": "explode"},
        {"on_full": "spill"},
        {"spill_path": "x.db"},
        {"rate_share": 0},
        {"durability": "hope", "outbox": "x.db"},
    ],
)
def test_wrong_arguments_are_named(
    client: ApiClient, options: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ApiValueError, match=next(iter(options))):
        Recorder(client, **options)


# Full buffers


def test_a_full_buffer_raises_and_what_was_taken_is_delivered(recorder: Make, server: FaultServer) -> None:
    server.always = "503"
    made = recorder(max_events=5)
    for one in events(5):
        made.record(one)
    with pytest.raises(BufferFull):
        made.record(event())
    server.always = None
    assert made.flush(10)
    assert len(server.ledger) == made.stats().tracked == 5


def test_dropping_the_newest_is_counted_and_told_once(recorder: Make, server: FaultServer) -> None:
    incidents: List[Incident] = []
    server.always = "503"
    made = recorder(max_events=5, on_full="drop_newest", on_error=incidents.append)
    for one in events(9):
        made.record(one)
    server.always = None
    assert made.flush(10)
    assert (made.stats().accepted, made.stats().dropped, made.stats().tracked) == (5, 4, 9)
    assert [incident.kind for incident in incidents].count("dropped") == 1


def test_spilling_loses_nothing(recorder: Make, server: FaultServer, tmp_path: Path) -> None:
    server.always = "503"
    made = recorder(max_events=5, on_full="spill", spill_path=tmp_path / "spill.db")
    for one in events(30):
        made.record(one)
    assert adds_up(made.stats())
    assert made.stats().tracked == 30
    server.always = None
    assert made.flush(10)
    assert len(server.ledger) == 30
    assert server.billed_once()


# The outbox


def test_what_is_left_waits_for_the_next_start(recorder: Make, server: FaultServer, tmp_path: Path) -> None:
    incidents: List[Incident] = []
    server.always = "503"
    first = recorder(outbox=tmp_path / "usage.db", on_error=incidents.append)
    for one in events(10):
        first.record(one)
    assert first.close(0.2).left == 10
    assert incidents[-1].kind == "left"
    assert str(tmp_path / "usage.db") in incidents[-1].message
    server.always = None
    recorder(outbox=tmp_path / "usage.db")
    assert server.wait_for(10)
    assert server.billed_once()


def test_recorders_that_share_an_outbox_never_send_the_same_events_at_once(
    recorder: Make, server: FaultServer, tmp_path: Path
) -> None:
    server.delay = 0.01
    made = [recorder(outbox=tmp_path / "usage.db", flush_at=10) for _ in range(3)]
    for number in range(600):
        made[number % 3].record(event(number))
    for one in made:
        assert one.flush(30)
    assert len(server.ledger) == 600
    assert sum(server.sizes) == 600
    assert not server.sent_at_once


def test_a_key_that_was_rotated_while_running(
    recorder: Make, server: FaultServer, client: ApiClient, buffered: Any
) -> None:
    made = recorder(**buffered)
    made.record(event())
    assert made.flush(10)
    del server.keys["om_live_a"]
    made.record(event())
    assert not made.flush(10)
    client.configuration.access_token = "om_live_a2"
    made.record(event())
    assert server.wait_for(3)
    assert made.flush(10)
    assert set(server.customers.values()) == {"cust-a"}
    assert made.stats().accepted == 3


def leave_one_behind(recorder: Make, server: FaultServer, outbox: Path) -> None:
    """A run that delivers one event, so that the key's customer is known, and leaves another in the outbox."""
    first = recorder(outbox=outbox)
    first.record(event())
    assert first.flush(10)
    server.always = "503"
    first.record(event())
    first.close(0.1)
    server.always = None


def test_a_rotated_key_at_the_next_start(recorder: Make, server: FaultServer, tmp_path: Path) -> None:
    leave_one_behind(recorder, server, tmp_path / "usage.db")
    del server.keys["om_live_a"]
    new = ApiClient(Configuration(server.url, access_token="om_live_a2"))
    again = recorder(client=new, outbox=tmp_path / "usage.db")
    again.record(event())
    assert server.wait_for(3)


def test_another_customers_key_never_bills_these_events(recorder: Make, server: FaultServer, tmp_path: Path) -> None:
    server.always = "503"
    first = recorder(outbox=tmp_path / "usage.db")
    of_a = events(3)
    for one in of_a:
        first.record(one)
    first.close(0.1)
    server.always = None
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = recorder(client=stranger, outbox=tmp_path / "usage.db")
    of_b = event()
    second.record(of_b)
    assert second.flush(10)
    second.close()
    assert set(server.ledger) == {of_b.event_id}
    recorder(outbox=tmp_path / "usage.db")
    assert server.wait_for(4)
    assert {server.customers[one.event_id] for one in of_a} == {"cust-a"}


def test_a_key_that_was_rotated_before_it_delivered_anything_is_taken_over_on_request(
    recorder: Make, server: FaultServer, tmp_path: Path
) -> None:
    """Nobody ever said whose the old key was."""
    server.always = "503"
    server.keys["om_live_lost"] = ""
    lost = ApiClient(Configuration(server.url, access_token="om_live_lost"))
    first = recorder(client=lost, outbox=tmp_path / "usage.db")
    for one in events(3):
        first.record(one)
    first.close(0.1)
    server.always = None
    told = threading.Event()
    incidents: List[Incident] = []

    def hear(incident: Incident) -> None:
        incidents.append(incident)
        told.set()

    second = recorder(outbox=tmp_path / "usage.db", on_error=hear)
    assert told.wait(20)  # at the start, without an event
    assert [(incident.kind, incident.events) for incident in incidents] == [("other_key", 3)]
    assert "adopt_usage" in incidents[0].message
    second.record(event())
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
    recorder: Make, server: FaultServer, tmp_path: Path
) -> None:
    leave_one_behind(recorder, server, tmp_path / "usage.db")
    stranger = ApiClient(Configuration(server.url, access_token="om_live_b"))
    second = recorder(client=stranger, outbox=tmp_path / "usage.db")
    with pytest.raises(MeteringError, match="cust-a"):
        second.adopt_usage(second.usage_of_other_keys()[0])
    second.record(event())
    assert second.flush(10)
    with pytest.raises(MeteringError, match="cust-a"):
        second.adopt_usage(second.usage_of_other_keys()[0])
    assert sorted(server.customers.values()) == ["cust-a", "cust-b"]


def test_a_thread_that_outlives_close_leaves_no_connection_behind(
    recorder: Make, server: FaultServer, tmp_path: Path
) -> None:
    """It asks the platform whose key this is while the recorder is closed, and goes on only then."""
    server.silent.clear()
    made = recorder(outbox=tmp_path / "usage.db", flush_interval=0)
    made.record(event())
    assert server.asked.wait(20)
    (thread,) = delivering_threads()
    assert made.close(0.0).left == 1
    assert thread.is_alive()
    server.silent.set()
    thread.join(20)
    assert not thread.is_alive()
    assert made._outboxes[0]._side is None
    assert made._outboxes[0]._writer.connection is None
    assert server.requests == 0
    with closing(sqlite3.connect(tmp_path / "usage.db")) as connection:
        assert connection.execute("SELECT owner, until FROM event").fetchall() == [(0, 0.0)]


def test_a_key_that_changes_between_lease_and_request_sends_nothing_of_the_old_ones(
    recorder: Make, server: FaultServer, client: ApiClient, tmp_path: Path
) -> None:
    """The moment is forced: the key changes after the events were taken."""
    made = recorder(outbox=tmp_path / "usage.db", flush_interval=3600)
    lease, keys = made._buffer.lease, ["om_live_b"]

    def lease_and_change(*bounds: int) -> Any:
        batch = lease(*bounds)
        if keys:
            client.configuration.access_token = keys.pop()
        return batch

    of_a, of_b = event(), event()
    made.record(of_a)
    made._buffer.lease = lease_and_change  # type: ignore[method-assign]
    made.flush(0.3)
    made.record(of_b)
    made.flush(10)
    assert server.customers == {of_b.event_id: "cust-b"}
    client.configuration.access_token = "om_live_a"
    made.record(event())
    made.flush(10)
    assert server.customers[str(of_a.event_id)] == "cust-a"


def test_an_outbox_without_room_falls_back_to_memory(recorder: Make, server: FaultServer, tmp_path: Path) -> None:
    incidents: List[Incident] = []
    server.always = "503"
    made = recorder(outbox=tmp_path / "usage.db", outbox_max_bytes=150_000, on_error=incidents.append)
    for one in events(1000):
        made.record(one)
    assert "outbox" in {incident.kind for incident in incidents}
    assert made.stats().tracked == 1000
    assert adds_up(made.stats())
    server.always = None
    assert made.flush(20)
    assert len(server.ledger) == 1000
    assert server.billed_once()


def test_a_damaged_outbox_does_not_stop_the_application_and_is_used_again_once_it_is_away(
    recorder: Make,
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "openmonetize")
    monkeypatch.setattr(fallback, "_PAUSE", 0.0)
    incidents: List[Incident] = []
    path = tmp_path / "usage.db"
    path.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    made = recorder(outbox=path, on_error=incidents.append)
    assert [incident.kind for incident in incidents] == ["outbox"]
    made.record(event())
    assert made.flush(10)
    assert len(server.ledger) == 1
    path.rename(tmp_path / "damaged.db")
    server.always = "503"
    made.record(event())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)
    server.always = None
    assert made.flush(10)
    assert "works again" in caplog.text
    assert made.stats() == (2, 2, 0, 0, 0, 0, 0)
    assert [incident.kind for incident in incidents].count("outbox") == 1


@pytest.mark.parametrize("table", ["account", "event"])
def test_an_outbox_that_is_damaged_while_running_does_not_stop_the_application(
    recorder: Make, server: FaultServer, tmp_path: Path, table: str
) -> None:
    broken = threading.Event()
    server.always = "503"
    made = recorder(
        outbox=tmp_path / "usage.db", on_error=lambda incident: broken.set() if incident.kind == "outbox" else None
    )
    for one in events(100):
        made.record(one)
    connection = sqlite3.connect(tmp_path / "usage.db")
    connection.execute(f"DROP TABLE {table}")
    connection.close()
    made.record(event())
    assert broken.wait(20)
    for one in events(10):
        made.record(one)
    server.always = None
    assert server.wait_for(10)


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_an_outbox_file_that_is_taken_away_while_running_loses_nothing(
    recorder: Make, server: FaultServer, tmp_path: Path, replaced: bool
) -> None:
    path, incidents = tmp_path / "usage.db", []  # type: Path, List[Incident]
    server.always = "503"
    made = recorder(outbox=path, on_error=incidents.append)
    for one in events(20):
        made.record(one)
    if replaced:
        recorder(outbox=tmp_path / "other.db").close()
        os.replace(tmp_path / "other.db", path)
    else:
        for name in tmp_path.glob("usage.db*"):
            name.unlink()
    made._outboxes[0]._next_look = 0.0
    made.record(event())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (21,)
    server.always = None
    assert made.flush(10)
    assert made.stats() == (21, 21, 0, 0, 0, 0, 0)
    assert server.billed_once()
    made.close()
    told = [incident.message for incident in incidents if incident.kind == "outbox"]
    assert len(told) == 1
    assert "deleted or replaced; the 20 usage events" in told[0]


def test_a_wrong_place_is_told_at_once(client: ApiClient, tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="does not exist"):
        Recorder(client, outbox=tmp_path / "no" / "usage.db")


def test_an_outbox_needs_a_key(server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENMONETIZE_API_KEY", raising=False)
    with pytest.raises(ApiKeyError):
        Recorder(ApiClient(Configuration(server.url)), outbox=tmp_path / "usage.db")


# Dead letters


def test_dead_letters_can_be_looked_at_exported_and_replayed(
    recorder: Make, server: FaultServer, tmp_path: Path, buffered: Any
) -> None:
    made = recorder(flush_interval=3600, **buffered)
    one = event()
    server.bad = {one.event_id}
    made.record(one)
    assert made.flush(10).dead == 1
    letter = made.dead_letters()[0]
    assert letter.event["event_id"] == one.event_id
    assert made.export_dead_letters(tmp_path / "dead.jsonl") == 1
    line = json.loads((tmp_path / "dead.jsonl").read_text())
    assert line["event"] == letter.event
    assert line["status"] == 400
    assert line["at"].endswith("Z")
    assert stat.S_IMODE(os.stat(tmp_path / "dead.jsonl").st_mode) == 0o600
    server.bad = set()
    assert made.replay_dead_letters() == 1
    assert made.flush(10)
    assert made.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_dead_letters_can_be_given_up(recorder: Make, server: FaultServer, buffered: Any) -> None:
    made = recorder(flush_interval=3600, **buffered)
    one = event()
    server.bad = {one.event_id}
    made.record(one)
    made.flush(10)
    assert made.discard_dead_letters() == 1
    assert made.stats() == (1, 0, 0, 0, 0, 0, 1)


# Everything at once


def test_threads_and_faults_lose_nothing_and_bill_nothing_twice(
    recorder: Make, server: FaultServer, buffered: Any
) -> None:
    server.rate, server.hang = 0.3, 0.4
    made = recorder(request_timeout=0.3, flush_at=10, flush_interval=0.01, **buffered)
    sums: List[int] = []
    wrong: List[Any] = []

    def work(first: int) -> None:
        for number in range(first, first + 300):
            made.record(event(number))
            if number % 50 == 0 and not adds_up(made.stats()):
                wrong.append(made.stats())
        sums.append(sum(range(first, first + 300)))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 1200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.rate = 0.05
    assert made.flush(40)
    stats = made.stats()
    assert not wrong
    assert stats.accepted + stats.duplicate == stats.tracked == len(server.ledger) == 1200
    assert server.billed_once()
    assert sum(one["input_tokens"] for one in server.ledger.values()) == sum(sums)
