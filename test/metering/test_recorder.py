"""Recording, delivering, and the life of the recorder."""

from __future__ import annotations

import gc
import json
import os
import stat
import sys
import threading
import time
import weakref
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiClient, ApiTypeError, ApiValueError, RetryPolicy
from openmonetize.metering import BufferFull, Delivered, Incident, MeteringError, Recorder, sender

from .conftest import MakeRecorder, adds_up, new_event, new_events, sender_threads
from .fault_server import FaultServer

# Recording and delivering


def test_an_event_arrives_by_itself(make_recorder: MakeRecorder, server: FaultServer, buffered: Any) -> None:
    event = new_event(7)
    make_recorder(**buffered).record(event)
    assert server.wait_for(1)
    assert server.ledger[event.event_id]["input_tokens"] == 7


def test_events_travel_together(make_recorder: MakeRecorder, server: FaultServer, buffered: Any) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    for event in new_events(50):
        recorder.record(event)
    assert recorder.flush(10)
    assert server.sizes == [50]


def test_enough_events_do_not_wait_for_the_interval(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, flush_at=10, **buffered)
    for event in new_events(10):
        recorder.record(event)
    assert server.wait_for(10)


def test_a_dict_is_an_event_too(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600)
    recorder.record({"event_type": "CUSTOM", "user_id": "u", "feature_id": "f", "unit_type": "page", "quantity": 2})
    assert recorder.flush(10).accepted == 1


@pytest.mark.parametrize(
    "bad", [{"event_type": "FEATURE_ACCESS"}, {"event_type": "CUSTOM", "quantity": -1}, "event", None]
)
def test_a_bad_event_raises_at_the_callers_line_and_nothing_is_queued(make_recorder: MakeRecorder, bad: Any) -> None:
    recorder = make_recorder()
    with pytest.raises((ApiValueError, ApiTypeError)):
        recorder.record(bad)
    assert recorder.stats().tracked == 0


def test_an_event_too_large_for_any_request_is_refused_at_once(make_recorder: MakeRecorder) -> None:
    recorder = make_recorder()
    event = new_event()
    event.metadata = {"text": "x" * 1_000_000}
    with pytest.raises(ApiValueError, match="bytes"):
        recorder.record(event)
    assert recorder.stats().tracked == 0


def test_flush_says_what_happened(make_recorder: MakeRecorder, server: FaultServer, buffered: Any) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    batch = new_events(10)
    server.bad = {batch[4].event_id}
    server.faults.append("reset_after")
    for event in batch[:4]:
        recorder.record(event)
    assert recorder.flush(10) == (True, 0, 4, 0, 0)
    for event in batch[4:]:
        recorder.record(event)
    assert recorder.flush(10) == (True, 5, 0, 1, 0)
    assert recorder.stats() == (10, 5, 4, 0, 0, 1, 0)


def test_flush_without_events_succeeds(make_recorder: MakeRecorder, server: FaultServer) -> None:
    assert make_recorder().flush(10)
    assert server.requests == 0


def test_flush_does_not_wait_for_what_cannot_happen(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(**buffered)
    server.always = "402"
    recorder.record(new_event())
    result = recorder.flush(3600)
    assert not result
    assert result.left == 1
    server.always = None
    server.delay = 0.2  # longer than flush waits between two looks
    assert recorder.flush(3600)


def test_flush_goes_on_when_a_refused_account_has_only_bad_events(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    bad = new_events(5)
    server.bad = {event.event_id for event in bad}
    server.always = "402"
    for event in bad:
        recorder.record(event)
    assert not recorder.flush(3600)
    server.always = None
    assert recorder.flush(3600) == (True, 0, 0, 5, 0)


def test_flush_waits_for_the_answer_to_a_new_key(
    make_recorder: MakeRecorder, server: FaultServer, client: ApiClient, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    recorder.record(new_event())
    assert recorder.flush(10)
    del server.keys["om_live_a"]
    recorder.record(new_event())
    assert not recorder.flush(3600)
    client.configuration.access_token = "om_live_a2"
    server.delay = 0.2  # longer than flush waits between two looks
    assert recorder.flush(3600)


def test_flushes_in_an_outage_send_a_request_a_second_at_the_most(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    server.always = "503"
    recorder = make_recorder(flush_interval=3600, retry=RetryPolicy(base=30.0, cap=30.0), **buffered)
    began = time.monotonic()
    while time.monotonic() < began + 3.0:
        recorder.record(new_event())
        assert not recorder.flush(0.02)
        time.sleep(0.002)
    assert 1 <= server.requests <= 2 + (time.monotonic() - began)
    server.always = None
    assert recorder.flush(20)
    assert server.billed_once()


@pytest.mark.parametrize("callback", ["on_delivered", "on_error"])
def test_a_flush_in_a_callback_does_not_wait_for_itself(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any, callback: str
) -> None:
    results: list[Any] = []
    options: dict[str, Any] = {callback: lambda _: results.append(recorder.flush(3600)), **buffered}
    recorder = make_recorder(flush_interval=3600, **options)
    server.faults.append("503")
    for event in new_events(3):
        recorder.record(event)
    assert recorder.flush(20)
    assert len(server.ledger) == 3
    assert [result.complete for result in results] == [callback == "on_delivered"]


def test_a_flush_returns_after_the_callback_of_what_it_delivered(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    told: list[Delivered] = []

    def tell(delivered: Delivered) -> None:
        time.sleep(0.2)
        told.append(delivered)

    recorder = make_recorder(flush_interval=3600, on_delivered=tell, **buffered)
    for event in new_events(3):
        recorder.record(event)
    result = recorder.flush(20)
    assert (result.complete, result.accepted, [delivered.accepted for delivered in told]) == (True, 3, [3])


def test_a_flush_does_not_wait_for_a_callback_that_does_not_end(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    end = threading.Event()
    recorder = make_recorder(flush_interval=3600, on_delivered=lambda _: end.wait(30), **buffered)
    recorder.record(new_event())
    started = time.monotonic()
    assert recorder.flush(20)
    assert time.monotonic() - started < 10
    end.set()


def test_close_in_a_callback_is_refused_and_the_events_arrive(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = make_recorder(flush_interval=3600, on_delivered=lambda _: recorder.close(3600), **buffered)
    recorder.record(new_event())
    assert recorder.flush(20)
    assert "call it from another thread" in caplog.text
    recorder.record(new_event())
    assert recorder.flush(20)
    assert len(server.ledger) == 2


def test_a_flush_during_which_the_platform_takes_events_again_delivers_all(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    server.faults.extend(['json:403:{"error":"FORBIDDEN","message":"no"}'] * 3)
    for event in new_events(2):
        recorder.record(event)
    assert not recorder.flush(20)  # each of them was refused alone, and one waits behind the other
    assert recorder.flush(20)
    assert len(server.ledger) == 2


def test_callbacks_hear_of_deliveries_and_trouble(make_recorder: MakeRecorder, server: FaultServer) -> None:
    delivered: list[Delivered] = []
    incidents: list[Incident] = []
    recorder = make_recorder(on_delivered=delivered.append, on_error=incidents.append, flush_interval=3600)
    server.faults.append("503")
    for event in new_events(3):
        recorder.record(event)
    assert recorder.flush(10)
    assert delivered == [(3, 0, "b")]
    assert [(incident.kind, incident.status, incident.events) for incident in incidents] == [("retrying", 503, 3)]


def test_the_key_is_in_no_text(
    make_recorder: MakeRecorder, server: FaultServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG", "openmonetize")
    incidents: list[Incident] = []
    recorder = make_recorder(on_error=incidents.append)
    server.faults.extend(["401", "503", "reset", "html200"])
    recorder.record(new_event())
    recorder.flush(1)
    assert incidents
    assert "om_live_a" not in caplog.text + repr(incidents) + repr(recorder) + repr(recorder.stats())


# The life of the thread


def test_an_event_that_is_recorded_twice_is_sent_and_counted_once(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    fields = new_event().to_dict()
    recorder.record(fields)
    recorder.record(dict(fields))
    assert recorder.flush(20) == (True, 1, 0, 0, 0)
    recorder.record(dict(fields))
    assert recorder.flush(20) == (True, 0, 0, 0, 0)
    assert server.sizes == [1]
    assert recorder.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_an_event_that_was_not_taken_can_be_recorded_again(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=3600, max_events=1)
    server.always = "503"
    recorder.record(new_event())
    event = new_event().to_dict()
    with pytest.raises(BufferFull):
        recorder.record(event)
    server.always = None
    assert recorder.flush(20)
    recorder.record(event)
    assert recorder.flush(20)
    assert event["event_id"] in server.ledger


def test_an_event_that_was_given_up_can_be_recorded_again(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    event = new_event().to_dict()
    server.bad = {event["event_id"]}
    recorder.record(event)
    assert recorder.flush(20).dead == 1
    assert recorder.discard_dead_letters() == 1
    server.bad.clear()
    recorder.record(event)
    assert recorder.flush(20).accepted == 1


def test_threads_that_record_the_same_events_send_each_once(make_recorder: MakeRecorder, server: FaultServer) -> None:
    recorder = make_recorder(flush_interval=0.001)
    events = [event.to_dict() for event in new_events(300)]

    def record_all() -> None:
        for event in events:
            recorder.record(event)

    threads = [threading.Thread(target=record_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert recorder.flush(20)
    assert recorder.stats().tracked == sum(server.sizes) == 300


def test_no_thread_before_the_first_event_and_none_after_close(client: ApiClient) -> None:
    recorder = Recorder(client)
    assert not sender_threads()
    recorder.record(new_event())
    assert len(sender_threads()) == 1
    recorder.close()
    assert not sender_threads()


@pytest.mark.parametrize("outbox", [False, True])
def test_a_recorder_that_is_dropped_delivers_and_leaves_nothing_behind(
    client: ApiClient, server: FaultServer, tmp_path: Path, outbox: bool
) -> None:
    server.delay = 0.2
    gc.collect()
    files = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
    dropped = []
    for _ in range(5):
        recorder = Recorder(client, outbox=tmp_path / "usage-outbox" if outbox else None)
        recorder.record(new_event())
        dropped.append(weakref.ref(recorder))
        del recorder
    gc.collect()
    assert not any(recorder() for recorder in dropped)
    assert server.wait_for(5)
    until = time.monotonic() + 20.0
    while sender_threads() and time.monotonic() < until:
        time.sleep(0.01)
    assert not sender_threads()
    assert server.billed_once()
    client.close()
    while sys.platform == "linux" and len(os.listdir("/proc/self/fd")) > files:
        assert time.monotonic() < until  # the server needs a moment to close its ends of the connections
        gc.collect()
        time.sleep(0.01)


def test_a_recorder_that_is_dropped_in_an_outage_leaves_its_events_in_the_outbox(
    client: ApiClient, make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    server.always = "503"
    recorder = Recorder(client, outbox=tmp_path / "usage-outbox")
    recorder.record(new_event())
    assert not recorder.flush(0.2)
    del recorder
    until = time.monotonic() + 20.0
    while sender_threads() and time.monotonic() < until:
        time.sleep(0.01)
    assert not sender_threads()
    server.always = None
    assert make_recorder(outbox=tmp_path / "usage-outbox").flush(20)
    assert len(server.ledger) == 1


def test_an_idle_thread_ends_and_the_next_event_starts_another(
    make_recorder: MakeRecorder, server: FaultServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "IDLE_TIMEOUT", 0.05)
    recorder = make_recorder()
    for count in (1, 2):
        recorder.record(new_event())
        assert server.wait_for(count)
        for thread in sender_threads():
            thread.join(20)
        assert not sender_threads()


def test_a_closed_recorder_takes_nothing(client: ApiClient) -> None:
    with Recorder(client) as recorder:
        recorder.record(new_event())
    with pytest.raises(MeteringError, match="closed"):
        recorder.record(new_event())
    assert recorder.close()


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
        {"spill_path": "x-outbox"},
        {"rate_share": 0},
        {"durability": "hope", "outbox": "x-outbox"},
    ],
)
def test_wrong_arguments_are_named(
    client: ApiClient, options: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ApiValueError, match=next(iter(options))):
        Recorder(client, **options)


# Full buffers


def test_a_full_buffer_raises_and_what_was_taken_is_delivered(make_recorder: MakeRecorder, server: FaultServer) -> None:
    server.always = "503"
    recorder = make_recorder(max_events=5)
    for event in new_events(5):
        recorder.record(event)
    with pytest.raises(BufferFull):
        recorder.record(new_event())
    server.always = None
    assert recorder.flush(10)
    assert len(server.ledger) == recorder.stats().tracked == 5


def test_dropping_the_newest_is_counted_and_reported_once(make_recorder: MakeRecorder, server: FaultServer) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(max_events=5, on_full="drop_newest", on_error=incidents.append)
    for event in new_events(9):
        recorder.record(event)
    server.always = None
    assert recorder.flush(10)
    assert (recorder.stats().accepted, recorder.stats().dropped, recorder.stats().tracked) == (5, 4, 9)
    assert [incident.kind for incident in incidents].count("dropped") == 1


def test_spilling_loses_nothing(make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path) -> None:
    server.always = "503"
    recorder = make_recorder(max_events=5, on_full="spill", spill_path=tmp_path / "spill-outbox")
    for event in new_events(30):
        recorder.record(event)
    assert adds_up(recorder.stats())
    assert recorder.stats().tracked == 30
    server.always = None
    assert recorder.flush(10)
    assert len(server.ledger) == 30
    assert server.billed_once()


# A shared outbox


def test_undelivered_events_are_kept_for_the_next_start(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    first = make_recorder(outbox=tmp_path / "usage-outbox", on_error=incidents.append)
    for event in new_events(10):
        first.record(event)
    assert first.close(0.2).left == 10
    assert incidents[-1].kind == "left"
    assert str(tmp_path / "usage-outbox") in incidents[-1].message
    server.always = None
    make_recorder(outbox=tmp_path / "usage-outbox")
    assert server.wait_for(10)
    assert server.billed_once()


def test_recorders_that_share_an_outbox_never_send_the_same_events_at_once(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    server.delay = 0.01
    recorders = [make_recorder(outbox=tmp_path / "usage-outbox", flush_at=10) for _ in range(3)]
    for number in range(600):
        recorders[number % 3].record(new_event(number))
    for recorder in recorders:
        assert recorder.flush(30)
    assert len(server.ledger) == 600
    assert sum(server.sizes) == 600
    assert not server.sent_at_once


# Dead letters


def test_dead_letters_can_be_looked_at_exported_and_replayed(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, buffered: Any
) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    event = new_event()
    server.bad = {event.event_id}
    recorder.record(event)
    assert recorder.flush(10).dead == 1
    letter = recorder.dead_letters()[0]
    assert letter.event["event_id"] == event.event_id
    assert recorder.export_dead_letters(tmp_path / "dead.jsonl") == 1
    line = json.loads((tmp_path / "dead.jsonl").read_text())
    assert line["event"] == letter.event
    assert line["status"] == 400
    assert line["at"].endswith("Z")
    assert stat.S_IMODE(os.stat(tmp_path / "dead.jsonl").st_mode) == 0o600
    server.bad = set()
    assert recorder.replay_dead_letters() == 1
    assert recorder.flush(10)
    assert recorder.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_dead_letters_can_be_given_up(make_recorder: MakeRecorder, server: FaultServer, buffered: Any) -> None:
    recorder = make_recorder(flush_interval=3600, **buffered)
    event = new_event()
    server.bad = {event.event_id}
    recorder.record(event)
    recorder.flush(10)
    assert recorder.discard_dead_letters() == 1
    assert recorder.stats() == (1, 0, 0, 0, 0, 0, 1)


# Everything at once


def test_threads_and_faults_lose_nothing_and_bill_nothing_twice(
    make_recorder: MakeRecorder, server: FaultServer, buffered: Any
) -> None:
    server.rate, server.hang = 0.3, 0.4
    recorder = make_recorder(request_timeout=0.3, flush_at=10, flush_interval=0.01, **buffered)
    sums: list[int] = []
    wrong: list[Any] = []

    def work(first: int) -> None:
        for number in range(first, first + 300):
            recorder.record(new_event(number))
            if number % 50 == 0 and not adds_up(recorder.stats()):
                wrong.append(recorder.stats())
        sums.append(sum(range(first, first + 300)))

    threads = [threading.Thread(target=work, args=(first,)) for first in range(0, 1200, 300)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    server.rate = 0.05
    assert recorder.flush(40)
    stats = recorder.stats()
    assert not wrong
    assert stats.accepted + stats.duplicate == stats.tracked == len(server.ledger) == 1200
    assert server.billed_once()
    assert sum(event["input_tokens"] for event in server.ledger.values()) == sum(sums)
