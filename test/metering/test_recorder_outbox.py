"""Recorders whose outbox cannot be used, or is deleted: the application goes on, and no event is lost."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from openmonetize import ApiClient, ApiValueError
from openmonetize.metering import Incident, OutboxError, Recorder
from openmonetize.metering.buffers import fallback
from openmonetize.metering.buffers.spool import spool

from .conftest import MakeRecorder, adds_up, new_event, new_events, sender_threads
from .fault_server import FaultServer
from .programs import finish, program, start


def account_directory(outbox: Path) -> Path:
    """Return the only account's directory in an outbox."""
    (found,) = outbox.iterdir()
    return found


def segments(outbox: Path) -> list[Path]:
    return sorted(outbox.glob("*/*.events"))


def kinds(incidents: list[Incident]) -> list[str]:
    return [incident.kind for incident in incidents]


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_a_thread_that_outlives_close_leaves_nothing_open(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    """The thread asks the platform whose key this is while the recorder is closed, and goes on only then."""
    server.may_identify.clear()
    recorder = make_recorder(outbox=tmp_path / "usage-outbox", flush_interval=0)
    recorder.record(new_event())
    assert server.identify_asked.wait(20)
    (thread,) = sender_threads()
    assert recorder.close(0.0).left == 1
    assert thread.is_alive()
    server.may_identify.set()
    thread.join(20)
    assert not thread.is_alive()
    assert server.requests == 0
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    opened = [os.readlink(link) for link in links if os.path.lexists(link)]
    assert not [path for path in opened if path.startswith(str(tmp_path)) and path.endswith(".events")]
    make_recorder(outbox=tmp_path / "usage-outbox")
    assert server.wait_for(1)


def test_an_outbox_without_room_falls_back_to_memory(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=tmp_path / "usage-outbox", outbox_max_bytes=150_000, on_error=incidents.append)
    for event in new_events(1000):
        recorder.record(event)
    assert "outbox" in kinds(incidents)
    assert recorder.stats().tracked == 1000
    assert adds_up(recorder.stats())
    server.always = None
    assert recorder.flush(20)
    assert len(server.ledger) == 1000
    assert server.billed_once()


def test_an_outbox_on_a_disk_without_room_falls_back_to_memory(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    """What is free on the disk is left to others."""
    incidents: list[Incident] = []
    server.always = "503"
    outbox = tmp_path / "usage-outbox"
    recorder = make_recorder(outbox=outbox, outbox_min_free_bytes=2**60, on_error=incidents.append)
    recorder.record(new_event())
    assert [incident.message for incident in incidents if "left to others" in incident.message]
    assert not segments(outbox)
    server.always = None
    assert recorder.flush(10)
    assert recorder.stats() == (1, 1, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("at", ["start", "work"])
def test_an_outbox_that_cannot_be_used_does_not_stop_the_application_and_is_used_again_when_it_can(
    make_recorder: MakeRecorder,
    server: FaultServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    at: str,
) -> None:
    """A file where a directory belongs stands for every error of the disk, also for root."""
    caplog.set_level("INFO", "openmonetize")
    monkeypatch.setattr(fallback, "RETRY_INTERVAL", 0.0)
    monkeypatch.setattr(spool, "_CHECK_INTERVAL", 0.0)
    incidents: list[Incident] = []
    outbox = tmp_path / "usage-outbox"
    first = make_recorder(outbox=outbox, on_error=incidents.append)
    first.record(new_event())
    assert first.flush(10)
    folder = account_directory(outbox)
    if at == "start":
        first.close()
    folder.rename(tmp_path / "aside")
    folder.touch()
    recorder = first if at == "work" else make_recorder(outbox=outbox, on_error=incidents.append)
    for event in new_events(10):
        recorder.record(event)
    assert server.wait_for(11)
    assert kinds(incidents).count("outbox") == 1
    folder.unlink()
    server.always = "503"
    recorder.record(new_event())
    assert segments(outbox)
    server.always = None
    assert recorder.flush(10)
    assert "works again" in caplog.text
    assert len(server.ledger) == 12
    assert server.billed_once()
    assert kinds(incidents).count("outbox") == 1


def put(folder: Path, place: Callable[[], object]) -> None:
    """Put something in the place of a directory that was taken away, and that the recorder's thread may make again."""
    until = time.monotonic() + 20.0
    while True:
        try:
            place()
            return
        except OSError:
            assert time.monotonic() < until
            shutil.rmtree(folder, ignore_errors=True)


def test_an_outbox_that_works_now_and_then_is_reported_once(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallback, "RETRY_INTERVAL", 0.0)
    monkeypatch.setattr(spool, "_CHECK_INTERVAL", 0.0)
    server.always = "503"
    incidents: list[Incident] = []
    outbox = tmp_path / "usage-outbox"
    recorder = make_recorder(outbox=outbox, on_error=incidents.append)
    recorder.record(new_event())
    folder = account_directory(outbox)
    for _ in range(10):
        aside = folder.rename(tmp_path / "aside")
        put(folder, partial(folder.touch, exist_ok=False))
        recorder.record(new_event())
        folder.unlink()
        put(folder, partial(aside.rename, folder))
        recorder.record(new_event())
    assert kinds(incidents).count("outbox") == 1
    server.always = None
    assert recorder.flush(20)
    assert len(server.ledger) == 21
    assert server.billed_once()


def overwrite(path: Path) -> None:
    path.write_bytes(b"nonsense" * 1000)


def cut(path: Path) -> None:
    os.truncate(path, 300)


def replace_by_a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("kind", ["*.events", "*.pos", "account", "counts", "pace"])
@pytest.mark.parametrize("harm", [overwrite, cut, Path.unlink, replace_by_a_directory])
def test_an_outbox_that_is_damaged_while_running_does_not_stop_the_application(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, kind: str, harm: Callable[[Path], None]
) -> None:
    outbox = tmp_path / "usage-outbox"
    recorder = make_recorder(outbox=outbox)
    recorder.record(new_event())
    assert recorder.flush(10)
    recorder.close()
    server.always = "503"
    recorder = make_recorder(outbox=outbox)
    for event in new_events(100):
        recorder.record(event)
    folder = account_directory(outbox)
    for path in folder.glob(kind):
        harm(path)
    before = len(server.ledger)
    later = new_events(10)
    for event in later:
        recorder.record(event)
    server.always = None
    assert server.wait_for(before + 10)
    recorder.flush(10)
    assert {str(event.event_id) for event in later} <= set(server.ledger)
    assert server.billed_once()
    recorder.stats()
    recorder.close(1.0)


@pytest.mark.parametrize("replaced", [False, True], ids=["deleted", "replaced"])
def test_an_outbox_that_is_deleted_or_replaced_while_running_loses_nothing(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "_CHECK_INTERVAL", 0.0)
    path = tmp_path / "usage-outbox"
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=path, on_error=incidents.append)
    for event in new_events(20):
        recorder.record(event)
    if replaced:
        make_recorder(outbox=tmp_path / "other").close()
        path.rename(tmp_path / "aside")
        (tmp_path / "other").rename(path)
    else:
        shutil.rmtree(path)
    recorder.record(new_event())
    with recorder._pipeline.delivery._one_at_a_time:
        recorder._durable[0].maintain()
    assert sum(segment.read_bytes().count(b'"event_id"') for segment in segments(path)) == 21
    server.always = None
    assert recorder.flush(10)
    assert recorder.stats() == (21, 21, 0, 0, 0, 0, 0)
    assert server.billed_once()
    recorder.close()
    (reported,) = [incident for incident in incidents if incident.kind == "damaged"]
    assert "was deleted or replaced; its 20 usage events were written again" in reported.message
    assert reported.events == 20


def test_an_outbox_that_is_deleted_between_two_runs_is_made_again(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path
) -> None:
    server.always = "503"
    recorder = make_recorder(outbox=tmp_path / "usage-outbox")
    recorder.record(new_event())
    recorder.close(0.1)
    shutil.rmtree(tmp_path / "usage-outbox")
    server.always = None
    recorder = make_recorder(outbox=tmp_path / "usage-outbox")
    recorder.record(new_event())
    assert recorder.flush(10)
    assert recorder.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_a_wrong_path_is_reported_at_once(client: ApiClient, tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="does not exist"):
        Recorder(client, outbox=tmp_path / "no" / "usage-outbox")


# What cannot be read is not known


@pytest.fixture
def unreadable(make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path) -> tuple[Recorder, Path, Path]:
    """A recorder with 5 events in an outbox that cannot be read any more, the directory, and where it has gone."""
    server.always = "503"
    outbox = tmp_path / "usage-outbox"
    writer = make_recorder(outbox=outbox)
    for event in new_events(5):
        writer.record(event)
    writer.close(0.0)
    folder = account_directory(outbox)
    folder.rename(tmp_path / "aside")
    folder.touch()  # a sender that were there would make a directory meanwhile
    server.always = None
    return make_recorder(outbox=outbox), folder, tmp_path / "aside"


def test_flush_and_stats_of_an_unreadable_outbox_say_unknown(unreadable: tuple[Recorder, Path, Path]) -> None:
    recorder, _, _ = unreadable
    result = recorder.flush(0.3)
    assert not result
    assert result.left is None
    assert "usage-outbox" in (recorder.stats().unknown or "")
    recorder.record(new_event())
    result = recorder.flush(0.3)
    assert not result
    assert result.left is None
    assert recorder.stats().accepted <= 1
    assert recorder.stats().unknown is not None


def test_close_of_an_unreadable_outbox_reports_an_unknown_number(
    unreadable: tuple[Recorder, Path, Path], caplog: pytest.LogCaptureFixture
) -> None:
    recorder, folder, _ = unreadable
    result = recorder.close(0.3)
    assert not result
    assert result.left is None
    assert f"an unknown number of usage events are undelivered and wait in {folder.parent}" in caplog.text


def test_an_outbox_that_can_be_read_again_is_known_and_delivered(
    unreadable: tuple[Recorder, Path, Path], server: FaultServer
) -> None:
    recorder, folder, aside = unreadable
    assert recorder.flush(0.1).left is None
    folder.unlink()
    aside.rename(folder)
    assert recorder.flush(20)
    stats = recorder.stats()
    assert stats.accepted + stats.duplicate == stats.tracked == 5  # what became of them could not be noted meanwhile
    assert stats.unknown is None
    assert server.billed_once()


@pytest.mark.parametrize(
    "calls", ["dead_letters", "replay_dead_letters", "discard_dead_letters", "usage_of_other_keys"]
)
def test_no_call_on_an_unreadable_outbox_raises_anything_but_an_outbox_error(
    unreadable: tuple[Recorder, Path, Path], calls: str
) -> None:
    try:
        getattr(unreadable[0], calls)()
    except OutboxError:
        pass


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs fork, and a limit on open files")
def test_without_a_file_to_open_nothing_is_called_delivered(server: FaultServer, tmp_path: Path) -> None:
    """After a fork, the child has to open its own."""
    text = """
        import resource
        recorder = make_recorder(flush_interval=3600, atexit_timeout=0)
        for number in range(100):
            recorder.record(new_event(number))
        pid = os.fork()
        if pid:
            assert os.waitpid(pid, 0)[1] == 0
            os._exit(0)
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
        files = []
        try:
            while True:
                files.append(os.open(os.devnull, os.O_RDONLY))
        except OSError:
            pass
        recorder.record(new_event())  # in memory
        for result in (recorder.flush(0.3), recorder.close(0.3)):
            assert not result, result
            assert result.left is None or result.left, result
        os._exit(0)
        """
    errors = finish(start(program(tmp_path, text), server.url, str(tmp_path / "usage-outbox")))
    assert errors.count("usage-outbox': too many open files") == 1
    assert "usage events are undelivered" in errors
    assert not server.ledger


# Delivered events that are kept


def test_delivered_events_are_kept_when_asked(make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path) -> None:
    recorder = make_recorder(outbox=tmp_path / "usage-outbox", keep="35d")
    recorded = new_events(5)
    for event in recorded:
        recorder.record(event)
    assert recorder.flush(10)
    recorder.close()
    again = make_recorder(outbox=tmp_path / "usage-outbox", keep="35d")
    assert [event["event_id"] for event in again.kept_events()] == [str(event.event_id) for event in recorded]
    assert again.stats() == (5, 5, 0, 0, 0, 0, 0)
    assert again.flush(10)
    assert sum(server.sizes) == 5


def test_delivered_events_are_not_kept_when_not_asked(make_recorder: MakeRecorder, tmp_path: Path) -> None:
    recorder = make_recorder(outbox=tmp_path / "usage-outbox")
    recorder.record(new_event())
    assert recorder.flush(10)
    recorder.close()
    assert list(recorder.kept_events()) == []
    assert not segments(tmp_path / "usage-outbox")


@pytest.mark.parametrize("keep", ["35", "d", "-1d", "1.5h", "1w", 0, -1, True, float("inf"), float("nan"), b"35d"])
def test_a_keep_that_is_no_time_is_refused(client: ApiClient, tmp_path: Path, keep: object) -> None:
    with pytest.raises(ApiValueError, match="keep"):
        Recorder(client, outbox=tmp_path / "usage-outbox", keep=keep)  # type: ignore[arg-type]


def test_events_in_memory_cannot_be_kept(client: ApiClient) -> None:
    with pytest.raises(ApiValueError, match="keep needs an outbox"):
        Recorder(client, keep="35d")
