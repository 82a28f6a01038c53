"""A process that is killed before any of its system calls, or within a write, loses nothing and leaves nothing."""

from __future__ import annotations

import json
import os
import random
import signal
import sys
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize.metering.buffers.base import Batch
from openmonetize.metering.buffers.spool import counts

from .programs import fork
from .spool_tools import ALICE, BOB, JumpingTime, Process, dead, files, pending, wire_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")]

# Each has something on disk, or something to order.
CALLS = {"open", "write", "rename", "replace", "unlink", "ftruncate", "mkdir", "flock", "close", "fdatasync", "fsync"}
MAX_POINTS = 1000  # of a scenario, more than any has
STEP = 1 if os.environ.get("OPENMONETIZE_SOAK") else 7  # from one point that is tried to the next
ACKED = 8


class Child:
    """What a child does and tells, until it is killed.

    Attributes:
        process: its process.
        tell: tells what has been done when it can be relied on: "put", "acked" or "dropped", and the events.
    """

    def __init__(self, process: Process, pipe: int) -> None:
        self.process = process
        self._pipe = pipe

    def tell(self, what: str, *wires: bytes) -> None:
        os.write(self._pipe, json.dumps([what, [wire.decode() for wire in wires]]).encode() + b"\n")

    def tell_of_flushes(self) -> None:
        flush = os.fdatasync

        def tell(fd: int) -> None:
            status = os.fstat(fd)
            flush(fd)
            os.write(self._pipe, json.dumps(["flushed", [status.st_ino, status.st_size]]).encode() + b"\n")

        os.fdatasync = tell

    def put(self, *numbers: int, size: int = 0) -> None:
        for number in numbers:
            self.process.put(wire_of(number, size))
            self.tell("put", wire_of(number, size))

    def lease(self, most: int = 1000) -> Batch:
        batch = self.process.lease(most)
        assert batch is not None
        self.process.batches.clear()  # each is settled before the process is closed
        return batch

    def ack(self, batch: Batch) -> None:
        batch.source.ack(batch)
        self.tell("acked", *batch.wires)

    def deliver(self) -> None:
        while (batch := self.process.lease(4)) is not None:
            self.ack(batch)
        self.process.batches.clear()


def record_and_rotate(child: Child) -> None:
    child.put(*range(10, 22), size=1500)


def deliver(child: Child) -> None:
    child.put(*range(10, 20), size=1500)
    child.process.spool.close()
    child.deliver()


def refuse(child: Child) -> None:
    child.put(*range(10, 16))
    batch = child.lease()
    child.ack(batch.slice(0, 2))
    for number in range(2, 6):
        batch.slice(number, number + 1).source.dead_letter(batch.slice(number, number + 1), 400, "refused")
    child.process.spool.maintain()
    child.process.spool.close()


def replay(child: Child) -> None:
    child.process.spool.replay_dead_letters()
    batch = child.lease(3)
    batch.source.dead_letter(batch, 400, "refused again")
    child.deliver()
    child.process.spool.replay_dead_letters()
    child.deliver()


def discard(child: Child) -> None:
    child.tell("dropped", *(letter.wire for letter in child.process.spool.dead_letters()))  # from now on they may be
    child.process.spool.discard_dead_letters()
    child.put(10)
    batch = child.lease(1)
    batch.source.dead_letter(batch, 400, "refused")


def adopt(child: Child) -> None:
    child.process.spool.adopt(BOB, ALICE)
    child.process.spool.adopt(ALICE, BOB)
    child.process.spool.adopt(BOB, ALICE)
    child.deliver()


def rescue(child: Child) -> None:
    """Lose the own file, or a part of it, and write its events again."""
    for damage, first in ((os.unlink, 10), (lambda path: os.truncate(path, 300), 20)):
        before = {*files(child.process.spool.path, ".events")}
        child.put(*range(first, first + 6))
        (own,) = {*files(child.process.spool.path, ".events")} - before
        events = [wire_of(number) for number in range(first, first + 6)]
        child.tell("dropped", *events)
        damage(own)
        child.process.spool.maintain()
        child.process.spool.maintain()
        child.tell("rescued", *events)
        child.process.spool.close()
    child.deliver()


def close(child: Child) -> None:
    child.put(*range(10, 14))
    child.ack(child.lease(3))
    child.process.close()
    child.put(20)
    child.process.close()


SCENARIOS = [record_and_rotate, deliver, refuse, replay, discard, adopt, rescue, close]
CASES = [
    *((scenario, "process") for scenario in SCENARIOS),
    *((scenario, "power") for scenario in (record_and_rotate, refuse, replay, adopt, rescue)),
]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> JumpingTime:
    clock = JumpingTime()
    clock.install(monkeypatch)
    monkeypatch.setattr(counts, "_MAX_BYTES", 200)
    return clock


def prepare(path: Path) -> set[bytes]:
    """Leave segments and dead letters of two accounts, as killed processes do.

    Returns:
        The events in them. `ACKED` others were delivered.
    """
    for account, first in ((ALICE, 100), (BOB, 200)):
        for start in (first, first + 50):
            process = Process(path, account)
            process.put(*map(wire_of, range(start, start + 8)))
            batch = process.lease(4)
            assert batch is not None
            batch.source.ack(batch.slice(0, 2))
            batch.slice(2, 4).source.dead_letter(batch.slice(2, 4), 400, "refused")
            process.crash()
    return {*pending(path), *dead(path)}


def killed(
    path: Path, scenario: Callable[[Child], None], point: int, torn: bool, durability: str
) -> tuple[bool, list[Any]]:
    """Run a scenario in a child that is killed at a point. Return whether it was, and what it has told."""
    reading, writing = os.pipe()
    pid = fork()
    if not pid:
        code = 1
        try:
            os.close(reading)
            child = Child(Process(path, max_bytes=2**16, durability=durability), writing)
            child.tell_of_flushes()
            if torn:
                kill_within_write(point, writing)
            else:
                kill_before_call(point)
            scenario(child)
            sys.setprofile(None)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with open(reading, "rb") as pipe:
        told = [json.loads(line) for line in pipe]
    status = os.waitpid(pid, 0)[1]
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, scenario
    return os.WIFSIGNALED(status), told


def kill_before_call(point: int) -> None:
    left = point

    def profile(frame: Any, event: str, function: Any) -> None:
        nonlocal left
        if event == "c_call" and function.__module__ in ("posix", "fcntl") and function.__name__ in CALLS:
            if frame.f_code.co_name == "tell":
                return
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(profile)


def kill_within_write(point: int, pipe: int) -> None:
    write, left = os.write, point

    def torn(fd: int, data: bytes) -> int:
        nonlocal left
        if fd != pipe:
            left -= 1
            if left < 0:
                write(fd, data[: len(data) * 2 // 3])
                os.kill(os.getpid(), signal.SIGKILL)
        return write(fd, data)

    os.write = torn  # type: ignore[assignment]


def lose_power(path: Path, on_device: dict[int, int], told: list[Any]) -> None:
    """Leave of events what was flushed, and of positions everything, so that they may be ahead."""
    on_device.update(facts for what, facts in told if what == "flushed")
    for file in files(path):
        if file.suffix in (".events", ".dead"):
            os.truncate(file, min(on_device.get(file.stat().st_ino, 0), file.stat().st_size))


@pytest.mark.parametrize("torn", [False, True], ids=["before a call", "within a write"])
@pytest.mark.parametrize(("scenario", "durability"), CASES, ids=lambda case: getattr(case, "__name__", case))
def test_nothing_is_lost_and_nothing_left(
    tmp_path: Path, clock: JumpingTime, scenario: Callable[[Child], None], torn: bool, durability: str
) -> None:
    moments = random.Random(f"{scenario.__name__} {torn} {durability}")
    for point in range(moments.randrange(STEP), MAX_POINTS, STEP):
        path = tmp_path / str(point)
        known = prepare(path)
        on_device = {file.stat().st_ino: file.stat().st_size for file in files(path)}
        was_killed, told = killed(path, scenario, point, torn, durability)
        if durability == "power":
            lose_power(path, on_device, told)
        done = {
            what: {str(wire).encode() for each, wires in told if each == what for wire in wires}
            for what in ("put", "acked", "dropped", "rescued")
        }
        expected = (((known | done["put"]) - done["dropped"]) | done["rescued"]) - done["acked"]
        clock.offset += 10.0
        last = Process(path)
        last.spool.serve((ALICE, BOB))
        letters = {letter.wire for letter in last.spool.dead_letters()}
        last.spool.maintain()
        delivered = set(last.drain())
        where = scenario.__name__, point
        assert expected <= delivered | letters, where
        assert delivered | letters <= known | {
            wire_of(number, size) for number in range(10, 30) for size in (0, 1500)
        }, where
        assert not last.told or scenario is rescue or durability == "power", where
        stats = last.spool.stats()
        assert stats.pending == 0, where
        assert stats.dead == len(letters), where
        last.spool.replay_dead_letters()
        assert set(last.drain()) == letters, where
        # What was on its way when the process was killed may be counted twice.
        assert (
            scenario is rescue
            or durability == "power"
            or 0 <= stats.tracked - len(known | delivered | done["put"]) - ACKED <= 8
        ), where
        last.close()
        clock.offset += 10_000.0
        last = Process(path)
        last.spool.maintain()
        last.close()
        assert not [file.name for ending in (".events", ".pos", ".new", ".dead") for file in files(path, ending)], where
        if not was_killed:
            assert point > 3
            return
    raise AssertionError("there is no end of it")
