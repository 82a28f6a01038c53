"""Processes that fork while they write: nothing is lost, or sent twice at once."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from .conftest import MakeRecorder
from .fault_server import FaultServer
from .programs import finish, program, start
from .spool_tools import files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")

# Threads record all the time; children of any kind come of it in the middle of that.
FORKS = """
import itertools, signal, warnings
warnings.simplefilter("ignore")
from openmonetize.metering.buffers.spool import spool
spool.MAX_SEGMENT_BYTES = 8000
recorder = make_recorder(flush_interval=0.02, flush_at=20, durability=sys.argv[3])
stop = threading.Event()
recorder.record(new_event())  # modules are imported now, and models built, which forks do not survive
assert recorder.flush(20)

def record(count):
    for _ in range(count) if count else itertools.count():
        event = new_event()
        recorder.record(event)
        os.write(1, (event.event_id + "\\n").encode())
        if stop.is_set():
            return
        time.sleep(0.001)

threads = [threading.Thread(target=record, args=(0,)) for _ in range(4)]
for thread in threads:
    thread.start()
children = []
for number in range(16):
    time.sleep(0.005)
    pid = os.fork()
    if not pid:
        record(5)
        own = [threading.Thread(target=record, args=(5,)) for _ in range(2)]
        for thread in own:
            thread.start()
        for thread in own:
            thread.join()
        if number % 4 == 0:
            os._exit(0)
        elif number % 4 == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        elif number % 4 == 2:
            assert recorder.close(20)
            os._exit(0)
        sys.exit(0)
    children.append(pid)
stop.set()
for thread in threads:
    thread.join()
for number, pid in enumerate(children):
    assert os.waitpid(pid, 0)[1] == (signal.SIGKILL if number % 4 == 1 else 0), number
assert recorder.close(30)
"""


@pytest.mark.parametrize("durability", ["process", "power"])
def test_forks_in_the_middle_of_writing(
    server: FaultServer, make_recorder: MakeRecorder, tmp_path: Path, durability: str
) -> None:
    outbox = tmp_path / "usage-outbox"
    process = start(program(tmp_path, FORKS), server.url, str(outbox), durability)
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    recorded = set(output.split())
    assert len(recorded) >= 16 * 15
    recorder = make_recorder(outbox=outbox)
    assert recorder.flush(30)
    assert recorded < set(server.ledger)
    assert len(server.ledger) == len(recorded) + 1
    assert server.billed_once()
    stats = recorder.stats()
    assert stats.tracked == stats.accepted + stats.duplicate == len(server.ledger)
    recorder.close()
    assert not files(outbox, ".events")


# A child that was forked in C, as by uWSGI, and does not record: it has its parent's files open, and ends in any way.
KEEPS = """
import ctypes, gc, subprocess
recorder = make_recorder(flush_interval=3600)
for number in range(10):
    recorder.record(new_event(number))
pid = ctypes.PyDLL(None).fork()
if not pid:
    if sys.argv[3] == "finalizes":
        sys.exit(0)
    elif sys.argv[3] == "drops":
        del recorder
        gc.collect()
        os._exit(0)
    elif sys.argv[3] == "waits":
        time.sleep(60)
    os._exit(0)
if sys.argv[3] != "waits":
    assert os.waitpid(pid, 0)[1] == 0
other = [sys.executable, sys.argv[4], url, outbox]
print(subprocess.run(other, capture_output=True, text=True, check=True, timeout=60).stdout.strip())
recorder.record(new_event())
assert recorder.close(20), recorder.stats()
if sys.argv[3] == "waits":
    print(subprocess.run(other, capture_output=True, text=True, check=True, timeout=60).stdout.strip())
    os.kill(pid, 9)
"""
OTHER = """
recorder = make_recorder()
result = recorder.flush(1)
print(result.complete, result.accepted)
recorder.close()
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls the C library's fork")
@pytest.mark.parametrize("child", ["finalizes", "drops", "leaves", "waits"])
def test_a_child_that_never_records_frees_no_segment_of_its_parent(
    server: FaultServer, tmp_path: Path, child: str
) -> None:
    (tmp_path / "other").mkdir()
    other = program(tmp_path / "other", OTHER)
    process = start(program(tmp_path, KEEPS), server.url, str(tmp_path / "usage-outbox"), child, str(other))
    output, errors = process.communicate(timeout=100)
    assert process.returncode == 0, errors
    assert output.split() == ["True", "0"] * (2 if child == "waits" else 1)
    assert len(server.ledger) == 11
    assert server.billed_once()
    assert not server.sent_at_once


FORGETS = """
import ctypes, gc
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.spool import Spool

def make_spool():
    spool = Spool(outbox)
    spool.open()
    spool.serve([account])
    return spool

account = Account(url, "0123456789abcdef")
parent = make_spool()
parent.put(b"an event", account)
pid = ctypes.PyDLL(None).fork()
if not pid:
    del parent
    gc.collect()
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
assert make_spool().lease(10, 1000) is None
assert parent.lease(10, 1000).wires == [b"an event"]
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls the C library's fork")
def test_a_child_that_forgets_its_parents_spool_frees_none_of_its_locks(server: FaultServer, tmp_path: Path) -> None:
    finish(start(program(tmp_path, FORGETS), server.url, str(tmp_path / "usage-outbox")))
