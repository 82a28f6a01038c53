"""Whatever interrupts a call, wherever: a signal handler or finalizer that records, raises or forks loses no event."""

from __future__ import annotations

import faulthandler
import gc
import os
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize.metering.buffers.spool import spool

from .spool_tools import JumpingTime, Process, files, pending, wire_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.implementation.name != "cpython", reason="traces frames")]

SOAK = bool(os.environ.get("OPENMONETIZE_SOAK"))
STEP = 1 if SOAK else 149  # from one point that is tried to the next
MAX_POINTS = 100_000  # of a call, more than any has
HANG = 300.0 if SOAK else 60.0  # seconds for one test
PACKAGE = os.path.dirname(spool.__file__)


class Interrupt(Exception):
    """What a signal handler raises."""


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[JumpingTime]:
    clock = JumpingTime()
    clock.install(monkeypatch)
    faulthandler.dump_traceback_later(HANG, exit=True)
    gc.freeze()  # so that collecting what a test leaves is quick
    yield clock
    gc.unfreeze()
    faulthandler.cancel_dump_traceback_later()


@contextmanager
def interrupted(point: int, action: Callable[[], None]) -> Iterator[list[int]]:
    """Run an action within the spool's own code, after so many of its instructions. Yield how many there were."""
    count = [0]

    def trace(frame: Any, event: str, argument: Any) -> Any:
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    def local(frame: Any, event: str, argument: Any) -> Any:
        if event == "opcode":
            count[0] += 1
            if count[0] == point:
                sys.settrace(None)
                action()
        return local

    sys.settrace(trace)
    try:
        yield count
    finally:
        sys.settrace(None)


def record(process: Process, clock: JumpingTime) -> None:
    process.put(*map(wire_of, range(5)))
    clock.offset += 1.5  # it is checked whether the file is still there
    process.put(wire_of(5))
    clock.offset += 61.0  # a new segment is begun
    process.put(*map(wire_of, range(6, 10)))


def look(process: Process, clock: JumpingTime) -> None:
    process.spool.stats()
    process.spool.has_pending()
    process.spool.is_past(process.spool.watermark())
    process.spool.dead_letters()


def close(process: Process, clock: JumpingTime) -> None:
    process.spool.close()


CALLS = [record, look, close]


def prepare(path: Path, durability: str) -> Process:
    process = Process(path, durability=durability)
    process.put(*map(wire_of, range(100, 110)))
    batch = process.lease(4)
    assert batch is not None
    batch.source.dead_letter(batch.slice(0, 2), 400, "refused")
    batch.source.nack(batch.slice(2, 4))
    process.batches.clear()
    return process


def every_point(
    path: Path,
    call: Callable[[Process, JumpingTime], None],
    durability: str,
    clock: JumpingTime,
    action: Callable[[Process], None],
) -> Iterator[tuple[Process, Path]]:
    """Make a call again and again, interrupted at one point after the other, and yield the process then."""
    moments = random.Random(f"{call.__name__} {durability}")
    for point in range(1 + moments.randrange(STEP), MAX_POINTS, STEP):
        place = path / str(point)
        process = prepare(place, durability)
        with suppress(Interrupt), interrupted(point, partial(action, process)) as count:
            call(process, clock)
        gc.collect()  # of tracebacks that refer to files
        yield process, place
        if count[0] < point:
            return


def is_left(
    process: Process, place: Path, clock: JumpingTime, expected: set[bytes], acked: Sequence[bytes] = ()
) -> None:
    """Check that a process delivers all that was recorded, and that a crash before that would have lost nothing."""
    assert expected <= {*pending(place)}
    delivered = [*acked]
    for _ in range(3):
        clock.offset += 10.0
        delivered += process.drain()
        process.spool.maintain()
    assert expected <= set(delivered)
    assert process.spool.stats().tracked == len(delivered) + 2
    process.close()  # an event of a call that was interrupted before it returned is in the file alone until then
    clock.offset += 10.0
    last = Process(place)
    last.spool.replay_dead_letters()
    delivered += last.drain()
    assert len(set(delivered)) == len(delivered)
    assert set(delivered) <= expected | {*acked} | OWN | {wire_of(100), wire_of(101)}
    assert last.spool.stats().accepted == last.spool.stats().tracked == len(delivered)
    last.close()
    assert not [file.name for ending in (".events", ".pos", ".dead") for file in files(place, ending)]
    assert not process.told
    assert not last.told


LEFT = {*map(wire_of, range(102, 110))}
OWN = {*map(wire_of, range(10))}


@pytest.mark.parametrize("durability", ["process", "power"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_call_that_is_interrupted_by_recording(
    tmp_path: Path, clock: JumpingTime, call: Callable[[Process, JumpingTime], None], durability: str
) -> None:
    recorded: list[bytes] = []

    def put(process: Process) -> None:
        for number in (500, 501):
            process.put(wire_of(number))
            recorded.append(wire_of(number))

    for process, place in every_point(tmp_path, call, durability, clock, put):
        is_left(process, place, clock, {*LEFT, *(OWN if call is record else ()), *recorded})
        recorded.clear()


@pytest.mark.parametrize("durability", ["process", "power"])
def test_recording_while_the_sender_works(tmp_path: Path, clock: JumpingTime, durability: str) -> None:
    """Recording takes no lock: the sender's thread may come in between anywhere."""
    acked: list[bytes] = []

    def send(process: Process) -> None:
        process.put(wire_of(500))
        for count in (5, 1, 100):
            batch = process.lease(count)
            if batch is not None and count < 100:
                process.ack(batch)
                acked.extend(batch.wires)
            elif batch is not None:
                batch.source.nack(batch)
            process.spool.maintain()

    for process, place in every_point(tmp_path, record, durability, clock, send):
        expected = {*LEFT, *OWN, *(wire for wire in [wire_of(500)] if wire in pending(place))} - {*acked}
        is_left(process, place, clock, expected, acked)
        acked.clear()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of an interrupted finalizer
@pytest.mark.parametrize("durability", ["process", "power"])
@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__)
def test_a_call_that_is_interrupted_by_an_exception(
    tmp_path: Path, clock: JumpingTime, call: Callable[[Process, JumpingTime], None], durability: str
) -> None:
    def fail(process: Process) -> None:
        raise Interrupt

    for process, place in every_point(tmp_path, call, durability, clock, fail):
        process.put(wire_of(600))
        is_left(process, place, clock, {*LEFT, wire_of(600)})
