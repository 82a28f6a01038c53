"""kill -9 at random moments: no event for which `record` returned is lost or billed twice."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from .fault_server import FaultServer
from .programs import finish, program, start

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("OPENMONETIZE_SOAK") or 20)

WORK = """
from openmonetize.metering.buffers.spool import spool
spool.MAX_SEGMENT_BYTES = int(sys.argv[4])
recorder = make_recorder(flush_interval=0.003, flush_at=9, durability=sys.argv[3])
print("ready", flush=True)
for number in range(2000):
    event = new_event(number)
    recorder.record(event)
    os.write(1, (event.event_id + "\\n").encode())
    if number % 10 == 0:
        time.sleep(0.002)
"""
REST = """
recorder = make_recorder()
assert recorder.flush(30), recorder.stats()
stats = recorder.stats()
assert stats.tracked == stats.accepted + stats.duplicate, stats
recorder.close()
"""


@pytest.mark.parametrize("durability", ["process", "power"])
def test_kills(server: FaultServer, tmp_path: Path, durability: str) -> None:
    moments = random.Random(11)
    server.rate, server.hang = 0.05, 0.2
    outbox = str(tmp_path / "usage-outbox")
    work = program(tmp_path, WORK)
    confirmed: set[str] = set()
    for _ in range(max(1, KILLS // 2)):
        # Small segments are sealed, delivered, counted and removed all the time.
        process = start(work, server.url, outbox, durability, moments.choice(["2000", "4194304"]))
        assert process.stdout is not None
        ready = process.stdout.readline()
        assert ready == "ready\n", finish(process)
        lines = [process.stdout.readline() for _ in range(moments.randrange(1, 250))]
        process.kill()
        output, errors = process.communicate(timeout=60)
        assert "Traceback" not in errors
        confirmed.update(line for line in "".join([*lines, output]).split("\n") if len(line) == 36)
    server.rate = 0.0
    (tmp_path / "rest").mkdir()
    finish(start(program(tmp_path / "rest", REST), server.url, outbox))
    assert confirmed <= set(server.ledger)
    assert server.billed_once()
    assert not list(Path(outbox).glob("*/*.events"))
