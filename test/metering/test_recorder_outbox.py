"""Recorders whose outbox file cannot be used, or is deleted: the application goes on, and no event is lost."""

from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from openmonetize import ApiClient
from openmonetize.metering import Incident, OutboxError, Recorder
from openmonetize.metering.buffers import fallback

from .conftest import MakeRecorder, adds_up, new_event, new_events, sender_threads
from .fault_server import FaultServer


def test_a_thread_that_outlives_close_leaves_no_connection_behind(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    """The thread asks the platform whose key this is while the recorder is closed, and goes on only then."""
    server.may_identify.clear()
    recorder = make_recorder(outbox=tmp_path / "usage.db", flush_interval=0)
    recorder.record(new_event())
    assert server.identify_asked.wait(20)
    (thread,) = sender_threads()
    assert recorder.close(0.0).left == 1
    assert thread.is_alive()
    server.may_identify.set()
    thread.join(20)
    assert not thread.is_alive()
    assert recorder._outboxes[0]._side is None
    assert recorder._outboxes[0]._writer.connection is None
    assert server.requests == 0
    with closing(sqlite3.connect(tmp_path / "usage.db")) as connection:
        assert connection.execute("SELECT owner, until FROM event").fetchall() == [(0, 0.0)]


def test_an_outbox_without_room_falls_back_to_memory(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=tmp_path / "usage.db", outbox_max_bytes=150_000, on_error=incidents.append)
    for event in new_events(1000):
        recorder.record(event)
    assert "outbox" in {incident.kind for incident in incidents}
    assert recorder.stats().tracked == 1000
    assert adds_up(recorder.stats())
    server.always = None
    assert recorder.flush(20)
    assert len(server.ledger) == 1000
    assert server.billed_once()


def test_a_damaged_outbox_does_not_stop_the_application_and_is_used_again_after_it_was_moved_away(
    make_recorder: MakeRecorder,
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "openmonetize")
    monkeypatch.setattr(fallback, "RETRY_INTERVAL", 0.0)
    incidents: list[Incident] = []
    path = tmp_path / "usage.db"
    path.write_bytes(b"SQLite format 3\0" + b"nonsense" * 1000)
    recorder = make_recorder(outbox=path, on_error=incidents.append)
    assert [incident.kind for incident in incidents] == ["outbox"]
    recorder.record(new_event())
    assert recorder.flush(10)
    assert len(server.ledger) == 1
    path.rename(tmp_path / "damaged.db")
    server.always = "503"
    recorder.record(new_event())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (1,)
    server.always = None
    assert recorder.flush(10)
    assert "works again" in caplog.text
    assert recorder.stats() == (2, 2, 0, 0, 0, 0, 0)
    assert [incident.kind for incident in incidents].count("outbox") == 1


@pytest.mark.parametrize("table", ["account", "event"])
def test_an_outbox_that_is_damaged_while_running_does_not_stop_the_application(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, table: str
) -> None:
    broken = threading.Event()
    server.always = "503"
    recorder = make_recorder(
        outbox=tmp_path / "usage.db", on_error=lambda incident: broken.set() if incident.kind == "outbox" else None
    )
    for event in new_events(100):
        recorder.record(event)
    connection = sqlite3.connect(tmp_path / "usage.db")
    connection.execute(f"DROP TABLE {table}")
    connection.close()
    recorder.record(new_event())
    assert broken.wait(20)
    for event in new_events(10):
        recorder.record(event)
    server.always = None
    assert server.wait_for(10)


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_an_outbox_file_that_is_deleted_or_replaced_while_running_loses_nothing(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, replaced: bool
) -> None:
    path = tmp_path / "usage.db"
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=path, on_error=incidents.append)
    for event in new_events(20):
        recorder.record(event)
    if replaced:
        make_recorder(outbox=tmp_path / "other.db").close()
        os.replace(tmp_path / "other.db", path)
    else:
        for name in tmp_path.glob("usage.db*"):
            name.unlink()
    recorder._outboxes[0]._next_file_check = 0.0
    recorder.record(new_event())
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM event").fetchone() == (21,)
    server.always = None
    assert recorder.flush(10)
    assert recorder.stats() == (21, 21, 0, 0, 0, 0, 0)
    assert server.billed_once()
    recorder.close()
    reported = [incident.message for incident in incidents if incident.kind == "outbox"]
    assert len(reported) == 1
    assert "deleted or replaced; the 20 usage events" in reported[0]


def test_a_wrong_path_is_reported_at_once(client: ApiClient, tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="does not exist"):
        Recorder(client, outbox=tmp_path / "no" / "usage.db")
