"""Many processes share a spool, and are killed: nothing is lost or billed twice, and those that live deliver it all."""

from __future__ import annotations

import json
import os
import random
import selectors
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .conftest import QUICK, MakeRecorder
from .fault_server import FaultServer
from .programs import environment, program
from .spool_tools import dead, files, pending

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")]

SOAK = int(os.environ.get("OPENMONETIZE_SOAK") or 0)
PROCESSES, THREADS = 16, 4
KILLS = SOAK or 25
HANG = 60.0  # seconds after which a test gives up

# A parent that forks workers when it is told so. Each line that is written is one event of a worker, or names a worker.
CROWD = """
import gc, random, signal
from openmonetize.metering.buffers.spool import counts, segment, spool
spool.MAX_SEGMENT_BYTES = 6000  # a dozen events
spool._SCAN_INTERVAL = 0.05
counts._MAX_BYTES = 1000
segment.MAX_OWN_EVENTS = 40

def work(number):
    moments = random.Random(number)
    def report(incident):
        if incident.kind in ("damaged", "outbox", "dropped", "left"):
            os.write(1, f"incident {incident.message}\\n".encode())

    recorder = make_recorder(flush_interval=0.02, flush_at=10, durability=sys.argv[3], on_error=report)
    go_on = threading.Event()

    def record():
        for _ in range(int(sys.argv[4])):
            event = new_event()
            recorder.record(event)
            os.write(1, f"event {event.event_id}\\n".encode())
            if moments.random() < 0.1:
                time.sleep(moments.random() * 0.02)
            if moments.random() < 0.01:
                recorder.stats()
            if moments.random() < 0.02:
                recorder.replay_dead_letters()

    threads = [threading.Thread(target=record) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.write(1, f"done {os.getpid()}\\n".encode())
    while not os.path.exists(sys.argv[5]):
        time.sleep(0.02)
    result = recorder.close(30)
    os.write(1, f"closed {os.getpid()} {result.complete}\\n".encode())

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
import openmonetize.metering.lifecycle
openmonetize.metering.lifecycle.import_all()
number = 0
for line in sys.stdin:
    number += 1
    if not os.fork():
        sys.stdin.close()
        os.write(1, f"started {os.getpid()}\\n".encode())
        work(number)
        os._exit(0)
"""


class OneInEight(set[str]):
    """The ids that are refused."""

    def __contains__(self, name: object) -> bool:
        return str(name)[-1] in "07"


class Crowd:
    """Processes that record and deliver, and what they have said."""

    def __init__(self, folder: Path, url: str, outbox: str, durability: str, events: int) -> None:
        self.recorded: set[str] = set()
        self.incidents: list[str] = []
        self.alive: set[int] = set()
        self.done: set[int] = set()
        self.closed: dict[int, bool] = {}
        self.end = folder / "end"
        self._errors = folder / "errors"  # a pipe would be full some time, and stop them
        self._rest = b""
        with self._errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, program(folder, CROWD), url, outbox, durability, str(events), str(self.end)],
                env=environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def start(self, count: int = 1) -> None:
        assert self.process.stdin is not None
        expected = len(self.alive) + count
        self.process.stdin.write(b"go\n" * count)
        self.process.stdin.flush()
        self.wait(lambda: len(self.alive) >= expected)

    def wait(self, condition: Any) -> None:
        deadline = time.monotonic() + HANG
        while not condition():
            self.listen(0.05)
            assert self.process.poll() is None, self._errors.read_text()
            assert time.monotonic() < deadline, "a process hangs"

    def listen(self, seconds: float) -> None:
        """Read what the processes say for so long."""
        until = time.monotonic() + seconds
        assert self.process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while (left := until - time.monotonic()) > 0:
                if selector.select(left):
                    *lines, self._rest = (self._rest + os.read(self.process.stdout.fileno(), 2**20)).split(b"\n")
                    for line in lines:
                        self.hear(*line.decode().split())

    def hear(self, what: str, value: str, *more: str) -> None:
        if what == "event":
            self.recorded.add(value)
        elif what == "incident":
            self.incidents.append(f"{value} {more}")
        elif what == "started":
            self.alive.add(int(value))
        elif what == "done":
            self.done.add(int(value))
        else:
            self.closed[int(value)] = more == ("True",)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.alive.discard(pid)

    def stop(self) -> str:
        """End what is left, and return what was written to stderr."""
        for pid in self.alive - set(self.closed):
            os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.communicate(timeout=HANG)
        return self._errors.read_text()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_sixteen_processes_that_are_killed_lose_nothing(
    server: FaultServer, make_recorder: MakeRecorder, tmp_path: Path, durability: str
) -> None:
    moments = random.Random(3)
    server.rate, server.hang, server.bad = 0.05, 0.1, OneInEight()
    outbox = tmp_path / "usage-outbox"
    crowd = Crowd(tmp_path, server.url, str(outbox), durability, events=40)
    try:
        crowd.start(PROCESSES)
        for _ in range(KILLS):
            crowd.listen(moments.random() * 0.1)
            crowd.kill(moments.choice(sorted(crowd.alive)))
            crowd.start()
        crowd.wait(lambda: crowd.alive <= crowd.done)
        for pid in sorted(crowd.alive)[: PROCESSES // 2]:
            crowd.kill(pid)
        server.rate = 0.0
        crowd.wait(lambda: not pending(outbox))  # those that are left deliver it
        refused = {name for name in crowd.recorded if name in server.bad}
        assert {json.loads(letter)["event_id"] for letter in dead(outbox)} >= refused
        assert crowd.recorded - refused <= set(server.ledger)
        crowd.end.touch()
        crowd.wait(lambda: crowd.closed.keys() >= crowd.alive)
        assert all(crowd.closed.values())
    finally:
        errors = crowd.stop()
    assert "Traceback" not in errors, errors
    assert not crowd.incidents
    server.bad = set()
    recorder = make_recorder(outbox=outbox, retry=QUICK)
    assert recorder.replay_dead_letters() >= len(refused) > 10
    assert recorder.flush(HANG)
    assert crowd.recorded <= set(server.ledger)
    assert server.billed_once()
    stats = recorder.stats()
    assert stats.tracked == stats.accepted + stats.duplicate >= len(crowd.recorded)
    recorder.close()
    assert not files(outbox, ".events")
    assert not files(outbox, ".pos")
