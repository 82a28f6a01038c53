"""Disks that are full, read-only, or without free names, and other limits: recording goes on, and all is delivered."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Callable

import pytest

from openmonetize.metering import BufferFull, Incident, OutboxError
from openmonetize.metering.buffers import fallback
from openmonetize.metering.buffers.spool import spool

from .conftest import MakeRecorder, new_event, new_events
from .fault_server import FaultServer
from .programs import finish, fork, program, start
from .spool_tools import Process, files, pending, wire_of

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a tmpfs")


@contextmanager
def mounted(path: Path, options: str) -> Iterator[Path]:
    """Mount a small disk for a block."""
    if os.geteuid():
        pytest.skip("mounts a disk, which needs root")
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield path
    finally:
        while os.path.ismount(path):  # also what a failed test has bound over it
            subprocess.run(["umount", "-l", path], check=True)


@pytest.fixture(params=["2m", "16m"])
def disk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", f"size={request.param}") as path:
        yield path


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with mounted(tmp_path / "disk", "size=2m") as path:
        yield path


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Try a disk again with the next event."""
    monkeypatch.setattr(fallback, "RETRY_INTERVAL", 0.0)


def fill(disk: Path, leave: int = 0) -> Path:
    """Fill a disk to its last byte, or leave some."""
    path = disk / "filling"
    with path.open("wb", buffering=0) as file:
        size = 0
        try:
            while True:
                size += file.write(bytes(4096))
        except OSError:
            file.truncate(size - leave)
    return path


def large_events(count: int) -> list[dict[str, object]]:
    return [{**new_event(number).to_dict(), "metadata": {"filler": "x" * 2000}} for number in range(count)]


def test_a_disk_that_fills_goes_on_in_memory_and_drains(
    make_recorder: MakeRecorder, server: FaultServer, disk: Path
) -> None:
    incidents: list[Incident] = []
    server.always = "503"
    recorder = make_recorder(outbox=disk / "usage-outbox", on_error=incidents.append)
    size = os.statvfs(disk).f_blocks * os.statvfs(disk).f_frsize
    count = size // 2300 + 500  # more than there is room for
    for event in large_events(count):
        recorder.record(event)
    on_disk = len(pending(disk / "usage-outbox"))
    assert 0.5 * size < on_disk * 2300 < size
    assert [incident.kind for incident in incidents].count("outbox") == 1
    assert recorder.stats().tracked == count
    server.always = None
    assert recorder.flush(60)
    assert len(server.ledger) == count
    assert server.billed_once()
    assert not files(disk / "usage-outbox", ".events")
    server.always = "503"
    recorder.record(new_event())
    assert len(pending(disk / "usage-outbox")) == 1
    server.always = None
    recorder.close()
    assert recorder.stats() == (count + 1, count + 1, 0, 0, 0, 0, 0)


FILL = """
import json
from openmonetize.metering.buffers import fallback
fallback.RETRY_INTERVAL = 3600.0
full = threading.Event()

def report(incident):
    if incident.kind == "outbox":
        full.set()

recorder = make_recorder(on_error=report, flush_interval=3600)
ids = []
while not full.is_set():
    event = new_event()
    recorder.record({**event.to_dict(), "metadata": {"filler": "x" * 2000}})
    ids.append(event.event_id)
print(json.dumps(ids[:-1]), flush=True)
os.kill(os.getpid(), 9)
"""


def test_the_next_process_drains_a_full_disk(
    make_recorder: MakeRecorder, server: FaultServer, disk: Path, tmp_path: Path
) -> None:
    outbox = disk / "usage-outbox"
    process = start(program(tmp_path, FILL), server.url, str(outbox))
    output, errors = process.communicate(timeout=60)
    assert process.returncode == -9, errors
    ids = set(json.loads(output))
    fill(disk)
    recorder = make_recorder(outbox=outbox)
    assert recorder.flush(60)
    assert set(server.ledger) >= ids
    assert server.billed_once()
    assert not files(outbox, ".events")
    assert recorder.stats().pending == 0


def test_a_disk_that_others_fill_drains_and_counts(
    make_recorder: MakeRecorder, server: FaultServer, small_disk: Path
) -> None:
    incidents: list[Incident] = []
    outbox = small_disk / "usage-outbox"
    server.always = "503"
    recorder = make_recorder(outbox=outbox, outbox_min_free_bytes=0, on_error=incidents.append)
    for event in new_events(100):
        recorder.record(event)
    filling = fill(small_disk)
    for event in large_events(100):  # the first is written in part
        recorder.record(event)
    assert recorder.stats().tracked == 200
    assert "no room left" in next(incident.message for incident in incidents if incident.kind == "outbox")
    server.always = None
    assert recorder.flush(30)
    assert len(server.ledger) == 200
    assert server.billed_once()
    assert recorder.stats() == (200, 200, 0, 0, 0, 0, 0)
    recorder.close()
    assert not files(outbox, ".events")
    filling.unlink()
    again = make_recorder(outbox=outbox)
    assert again.stats().accepted >= 99  # those that were on disk
    assert not [incident for incident in incidents if incident.kind == "damaged"]


def test_a_process_that_dies_on_a_full_disk_costs_no_event(small_disk: Path) -> None:
    """It cannot write how far its delivery came: what it had delivered is sent again, under the same ids."""
    process = Process(small_disk / "spool")
    wires = [wire_of(number, 1000) for number in range(500)]
    process.put(*wires)
    fill(small_disk)
    batch = process.lease(300)
    assert batch is not None
    process.ack(batch)
    process.crash()
    next_one = Process(small_disk / "spool")
    assert next_one.drain() == wires
    assert not files(small_disk / "spool", ".events")
    assert next_one.spool.stats() == (500, 500, 0, 0, 0, 0, 0)


def test_refused_events_wait_for_room_and_others_are_delivered_meanwhile(
    make_recorder: MakeRecorder, server: FaultServer, small_disk: Path
) -> None:
    incidents: list[Incident] = []
    outbox = small_disk / "usage-outbox"
    recorder = make_recorder(
        outbox=outbox, outbox_min_free_bytes=0, on_error=incidents.append, flush_interval=3600, flush_at=10
    )
    server.always = "503"
    events = new_events(300)
    server.bad.update(str(event.event_id) for event in events[5:20:3])
    for event in events:
        recorder.record(event)
    filling = fill(small_disk)
    server.always = None
    assert not recorder.flush(2.0)
    assert len(server.ledger) == 295
    assert recorder.stats().tracked == 300
    assert recorder.stats().pending == 5
    assert "outbox" in {incident.kind for incident in incidents}
    filling.unlink()
    assert recorder.flush(30)
    assert {letter.event["event_id"] for letter in recorder.dead_letters()} == server.bad
    assert recorder.stats() == (300, 295, 0, 0, 0, 5, 0)
    assert server.billed_once()


def test_a_caller_is_told_when_memory_is_full_too(
    make_recorder: MakeRecorder, server: FaultServer, small_disk: Path
) -> None:
    server.always = "503"
    recorder = make_recorder(outbox=small_disk / "usage-outbox", outbox_min_free_bytes=0, max_events=10)
    fill(small_disk)
    for event in new_events(10):
        recorder.record(event)
    with pytest.raises(BufferFull, match="10 events"):
        recorder.record(new_event())
    server.always = None
    assert recorder.flush(10)
    assert len(server.ledger) == 10


def test_a_caller_is_told_when_there_is_no_room_to_spill(
    make_recorder: MakeRecorder, server: FaultServer, small_disk: Path
) -> None:
    server.always = "503"
    recorder = make_recorder(
        on_full="spill", spill_path=small_disk / "spill", outbox_min_free_bytes=0, max_events=10, flush_interval=3600
    )
    for event in new_events(20):
        recorder.record(event)
    filling = fill(small_disk)
    told = 0
    for event in large_events(5):
        try:
            recorder.record(event)
        except OutboxError as error:
            assert "no room left" in str(error)  # noqa: PT017
            told += 1
    assert told >= 4
    assert recorder.stats().tracked == 25 - told
    server.always = None
    assert recorder.flush(30)
    filling.unlink()
    assert len(server.ledger) >= 25 - told
    assert server.billed_once()


def test_a_disk_without_free_names_goes_on_in_memory_and_drains(
    make_recorder: MakeRecorder, server: FaultServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "MAX_SEGMENT_BYTES", 4096)
    incidents: list[Incident] = []
    with mounted(tmp_path / "disk", "size=16m,nr_inodes=12") as disk:
        server.always = "503"
        recorder = make_recorder(outbox=disk / "usage-outbox", on_error=incidents.append)
        for event in new_events(1000):
            recorder.record(event)
        assert "outbox" in {incident.kind for incident in incidents}
        assert recorder.stats().tracked == 1000
        server.always = None
        assert recorder.flush(30)
        assert len(server.ledger) == 1000
        assert server.billed_once()
        recorder.close()
        assert not files(disk / "usage-outbox", ".events")


def test_a_disk_that_becomes_read_only_is_read_and_used_again_later(
    make_recorder: MakeRecorder, server: FaultServer, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    incidents: list[Incident] = []
    outbox = small_disk / "usage-outbox"
    server.always = "503"
    monkeypatch.setattr(spool, "_CHECK_INTERVAL", 0.0)
    recorder = make_recorder(outbox=outbox, on_error=incidents.append)
    for event in new_events(20):
        recorder.record(event)
    monkeypatch.setattr(spool, "MAX_SEGMENT_AGE", 0.0)  # files that are open for writing stay so
    with read_only(small_disk):
        with pytest.raises(OutboxError, match="no permission to write"):
            make_recorder(outbox=outbox)
        for event in new_events(20):
            recorder.record(event)
        assert "outbox" in {incident.kind for incident in incidents}
        server.always = None
        assert server.wait_for(40)
        assert recorder.flush(10)
    recorder.record(new_event())
    assert recorder.flush(10)
    assert recorder.stats() == (41, 41, 0, 0, 0, 0, 0)
    assert len(server.ledger) == 41
    recorder.close()
    assert not files(outbox, ".events")
    assert "damaged" not in {incident.kind for incident in incidents}


@contextmanager
def read_only(disk: Path) -> Iterator[None]:
    """Bind the disk over itself, read-only."""
    for _ in range(100):
        subprocess.run(["mount", "--bind", disk, disk], check=True)
        if subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=False).returncode == 0:
            break
        subprocess.run(["umount", "-l", disk], check=True)  # a file was opened for writing in between
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


LIMITED = """
import resource
sys.dont_write_bytecode = True  # Python would keep modules that are cut off
recorder = make_recorder(flush_interval=3600)
for number in range(20):
    recorder.record(new_event(number))
incidents = []
recorder._incidents._on_error = incidents.append
if sys.argv[3] == "size":
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
else:
    taken = []
    try:
        while True:
            taken.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        pass
    recorder._durable[0]._appender = None
for number in range(200):
    recorder.record(new_event(number))
assert "outbox" in {incident.kind for incident in incidents}, incidents
assert sys.argv[4] in incidents[0].message, incidents
stats = recorder.stats()
assert stats.tracked == 220 or stats.unknown, stats
if sys.argv[3] == "files":
    for fd in taken:
        os.close(fd)
assert recorder.flush(20), recorder.stats()
assert recorder.stats().accepted == 220, recorder.stats()
recorder.close()
"""


@pytest.mark.parametrize(("limit", "words"), [("size", "no room left"), ("files", "too many open files")])
def test_a_process_at_its_limits_goes_on_in_memory_and_delivers(
    server: FaultServer, tmp_path: Path, limit: str, words: str
) -> None:
    finish(start(program(tmp_path, LIMITED), server.url, str(tmp_path / "usage-outbox"), limit, words))
    assert len(server.ledger) == 220
    assert server.billed_once()
    assert not files(tmp_path / "usage-outbox", ".events")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becomes another user, which needs root")
def test_a_file_of_another_user_is_told_and_does_not_keep_others_from_being_delivered() -> None:
    """Root has used the outbox of a service once."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o711)
        path = Path(folder) / "spool"
        path.mkdir()
        os.chown(path, NOBODY, NOBODY)
        for first in (0, 10, 20):
            as_nobody(lambda first=first: Process(path).put(*map(wire_of, range(first, first + 10))))  # type: ignore[misc]
        middle = files(path, ".events")[1]
        os.chown(middle, 0, 0)

        def deliver() -> None:
            process = Process(path)
            assert process.drain() == [*map(wire_of, range(10)), *map(wire_of, range(20, 30))]
            (told,) = process.told
            assert "Permission denied" in told[0]

        as_nobody(deliver)
        assert pending(path) == [*map(wire_of, range(10, 20))]


NOBODY = 65534


def as_nobody(action: Callable[[], object]) -> None:
    """Do something in a process of another user, which is killed then."""
    pid = fork()
    if not pid:
        try:
            os.setuid(NOBODY)
            action()
            os.kill(os.getpid(), 9)
        finally:
            traceback.print_exc()
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 9
