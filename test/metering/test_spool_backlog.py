"""Millions of events that wait, or thousands of segments: opening, recording, counting and closing take their time."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from openmonetize import Configuration
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.account_directory import directory_name
from openmonetize.metering.buffers.spool.records import encode
from openmonetize.metering.buffers.spool.segment import header, new_name

from .fault_server import FaultServer
from .programs import finish, program, start
from .spool_tools import Process, pending, wire_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")]

SOAK = bool(os.environ.get("OPENMONETIZE_SOAK"))
EVENTS = 5_000_000 if SOAK else 500_000
SEGMENTS = 20_000 if SOAK else 1_000

# Memory is measured from before the outbox is opened. Times are bounds for hangs, far above what is needed.
OPENS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
waiting = int(sys.argv[3])

def took(seconds, what):
    global now
    then, now = now, time.monotonic()
    print(what, round(now - then, 3), "s", round(most_resident() - base), "MiB", file=sys.stderr)
    assert now - then < seconds, what
    assert len(os.listdir("/proc/self/fd")) < 40, what

warm = make_recorder.__globals__["Recorder"](client, flush_interval=3600)
warm.record(new_event())
warm.flush(0.1)
warm.close(0)
base, now = most_resident(), time.monotonic()
recorder = make_recorder(flush_interval=3600, outbox_max_bytes=2**40, outbox_min_free_bytes=0)
took(20, "open")
recorder.record(new_event())
took(20, "record")
recorder.flush(1)
took(20, "flush")
assert recorder.stats().tracked == waiting + 1, recorder.stats()
took(120, "stats")
recorder.stats()
took(20, "stats again")
assert recorder.usage_of_other_keys() == []
took(20, "other keys")
result = recorder.close(int(sys.argv[4]))
took(25, "close")
assert result.left in (None, waiting + 1), result
assert most_resident() - base < 80
"""


@pytest.fixture
def account(server: FaultServer) -> Account:
    return Account(server.url, Configuration(server.url, access_token="om_live_a").account_fingerprint())


def write_segments(outbox: Path, account: Account, segments: int, events: int) -> None:
    """Leave segments as killed processes do."""
    folder = outbox / directory_name(account)
    folder.mkdir(parents=True, mode=0o700)
    number = 0
    for _ in range(segments):
        records = [encode(wire_of(number + one, 120), one) for one in range(events)]
        number += events
        name = f"{new_name()}.events"
        (folder / name).write_bytes(header(account, name) + b"".join(records))


@pytest.mark.parametrize(
    ("segments", "events", "timeout"),
    [(EVENTS // 25_000, 25_000, 5), (SEGMENTS, 3, 1)],
    ids=["many events", "many segments"],
)
def test_a_backlog_takes_bounded_memory_and_files(
    server: FaultServer, account: Account, tmp_path: Path, segments: int, events: int, timeout: int
) -> None:
    server.always = "503"
    outbox = tmp_path / "usage-outbox"
    write_segments(outbox, account, segments, events)
    errors = finish(start(program(tmp_path, OPENS), server.url, str(outbox), str(segments * events), str(timeout)))
    assert "Traceback" not in errors
    assert not server.ledger


LARGE = """
from openmonetize.metering import sender
sender.MAINTENANCE_INTERVAL = 3600.0
recorder = make_recorder(flush_interval=3600)
recorder.record(new_event())
base = most_resident()
event = {**new_event().to_dict(), "metadata": {"filler": "x" * 100_000}}
for _ in range(1500):
    recorder.record({name: value for name, value in event.items() if name not in ("event_id", "idempotency_key")})
more = most_resident() - base
assert more < 60, more
assert recorder.stats().tracked == 1501, recorder.stats()
recorder.close(0)
"""


def test_large_events_that_wait_take_bounded_memory(server: FaultServer, tmp_path: Path) -> None:
    server.always = "503"
    finish(start(program(tmp_path, LARGE), server.url, str(tmp_path / "usage-outbox")))
    assert len(pending(tmp_path / "usage-outbox")) == 1501


def test_thousands_of_segments_drain(account: Account, tmp_path: Path) -> None:
    outbox = tmp_path / "usage-outbox"
    write_segments(outbox, account, 300, 3)
    process = Process(outbox, account)
    mark = process.spool.watermark()
    assert not process.spool.is_past(mark)
    assert sorted(process.drain()) == [wire_of(number, 120) for number in range(900)]
    assert process.spool.is_past(mark)
    assert not pending(outbox)
    assert process.spool.stats() == (900, 900, 0, 0, 0, 0, 0)
