"""The outbox: shared by many processes, drained, and opened and closed with a backlog."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import urllib3
from backlog import make_backlog, silent_server, size, unused_port
from client import canned_server
from fixtures import RECEIVED_PATH
from measure import QUICK, Pace, human, ratio
from recorder_runs import Recorder, Runs, column, result
from recorder_worker import BURST, PAUSE
from report import Row

OURS = "outbox"

_TEXT = """
*An outbox that processes share*: each process records {burst} events, one after the other, every {pause} on average, at
random intervals, and delivers every second; a single one does the same. One more event before each {burst} is not
measured: it finds cold caches. The processors are idle for most of the time, as *cores busy* shows, so that a call
which takes longer in one of {processes} processes has waited for the others' use of the outbox, or has met them on the
processor, as the same processes with an outbox each do.

*Draining*: events are recorded while nothing listens at the URL; then a new process, which has its imports and a first
request behind it, opens the outbox and delivers all to the canned server. *Opening* is the time from the constructor
to the return of the first recording call, with nothing listening; the memory is the most that is ever resident, while
opening, and while closing. A backlog of a directory is {events:,} real events' segments, copied under other names.
{beside}
"""
_TEXT_BESIDE = "*{name}* is the outbox of another version of this library, {commit}."

_WHY_SHARED = (
    "processes share caches, the kernel's locks and the file system's journal; what {processes} processes with an "
    "outbox each show is not the outbox's"
)
_WHY_DRAIN = "the requests cost the same with both, however fast the events are read"
_WHY_OPEN = "what waits is looked through, which takes longer the more there is"
_WHY_OPEN_MEMORY = "what is known of the backlog is kept in memory, and a batch of it while it is sent"
_WHY_CLOSE = "the request under way when the time is over is waited for, and what is left is counted"
_WHY_DISK = "each event has a frame, and each file a header"


class _Amounts(NamedTuple):
    processes: int
    calls: int
    drained: int
    backlog: int
    recorded: int  # of the backlog, before copies are made
    rounds: int
    timeout: int  # seconds that closing is given


_THOROUGH = _Amounts(processes=16, calls=2000, drained=100_000, backlog=5_000_000, recorded=50_000, rounds=5, timeout=5)
_QUICK = _Amounts(processes=4, calls=100, drained=2_000, backlog=5_000, recorded=1_000, rounds=2, timeout=1)


def _amounts(pace: Pace) -> _Amounts:
    return _QUICK if pace is QUICK else _THOROUGH


def text(beside: Mapping[str, Recorder], pace: Pace) -> str:
    """Return what the rows mean."""
    amounts = _amounts(pace)
    said = " ".join(_TEXT_BESIDE.format(name=name, commit=_commit(other.library)) for name, other in beside.items())
    return _TEXT.format(
        burst=BURST, pause=human(PAUSE), processes=amounts.processes, events=amounts.recorded, beside=said
    )


def _commit(library: Path | None) -> str:
    command = ["git", "-C", str(library), "describe", "--always"]
    described = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return f"commit {described.stdout.strip()}" if described.returncode == 0 else "of an unknown commit"


def rows(ours: Recorder, beside: Mapping[str, Recorder], url: str, pace: Pace) -> Iterator[Row]:
    """Yield the rows of the outbox, ours and those beside it."""
    recorders, amounts = {OURS: ours, **beside}, _amounts(pace)
    yield from _shared(recorders, url, amounts)
    yield from _drained(recorders, amounts)
    yield from _backlog(recorders, amounts)


# Many processes


def _shared(recorders: Mapping[str, Recorder], url: str, amounts: _Amounts) -> Iterator[Row]:
    many = f"{amounts.processes} processes"
    runs: Runs = {}
    for _ in range(amounts.rounds):
        for name, recorder in recorders.items():
            for kind, processes, outboxes in (
                ("1 process", 1, 1),
                (many, amounts.processes, 1),
                (f"{many} with an outbox each", amounts.processes, amounts.processes),
            ):
                found = _at_once(recorder, url, amounts.calls, processes, outboxes)
                runs.setdefault(f"{name}, {kind}", []).append(found)
    why = _WHY_SHARED.format(processes=amounts.processes)
    for what, statistic in (("median", "median"), ("99th percentile", "p99")):
        found = column(runs, statistic)
        measured = ratio(found[f"{OURS}, {many}"], found[f"{OURS}, 1 process"])
        sides = [f"{name} {human(median(values))}" for name, values in found.items()]
        if statistic == "median":
            sides += [f"cores busy {name} {median(values):.0%}" for name, values in column(runs, "busy").items()]
        yield Row(
            f"{what} of a call, {many} share an outbox",
            "≤ 1.50 × 1 process",
            str(measured),
            measured.within(1.5),
            "; ".join(sides),
            why,
        )


def _at_once(recorder: Recorder, url: str, calls: int, processes: int, outboxes: int) -> dict[str, Any]:
    """Return what the calls of processes take that record at the same time."""
    with TemporaryDirectory() as directory:
        started = [
            recorder.start("paced", url, calls, Path(directory) / f"outbox{number % outboxes}")
            for number in range(processes)
        ]
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()  # it is ready
        for process in started:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        found = [result(process) for process in started]
    times = sorted(seconds for one in found for seconds in one["calls"])
    busy = sum(one["cpu"] for one in found) / max(one["wall"] for one in found) / (os.cpu_count() or 1)
    return {"median": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "busy": busy}


# Draining


def _drained(recorders: Mapping[str, Recorder], amounts: _Amounts) -> Iterator[Row]:
    runs: Runs = {name: [] for name in recorders}
    for _ in range(amounts.rounds):
        for name, recorder in recorders.items():
            runs[name].append(_record_and_drain(recorder, amounts.drained))
    cpu, wall = column(runs, "cpu"), column(runs, "wall")
    what = f"draining {amounts.drained:,} events, for each 1,000"
    sides = ", ".join(
        f"{name} CPU {human(median(cpu[name]) * 1000)}, on the clock {human(median(wall[name]) * 1000)}"
        for name in runs
    )
    for other in list(recorders)[1:]:
        faster, sooner = ratio(cpu[OURS], cpu[other]), ratio(wall[OURS], wall[other])
        measured = f"CPU {faster}; on the clock, server included, {sooner.value:.2f}"
        yield Row(what, f"CPU ≤ 0.20 × {other}", measured, faster.within(0.2), sides, _WHY_DRAIN)
    if len(recorders) == 1:
        yield Row(what, "", f"CPU {human(median(cpu[OURS]) * 1000)}", sides=sides)
    disk, own = column(runs, "disk"), column(runs, "own")
    stored = ratio(disk[OURS], own[OURS])
    sides = ", ".join(f"{name} {median(values):.0f} bytes" for name, values in disk.items())
    sides += f", events {median(own[OURS]):.0f} bytes"
    yield Row("bytes on disk an event", "≤ 1.10 × its own", f"{stored.value:.2f}", stored.within(1.1), sides, _WHY_DISK)


def _record_and_drain(recorder: Recorder, events: int) -> dict[str, float]:
    with TemporaryDirectory() as directory:
        outbox, port = Path(directory) / "outbox", unused_port()
        recorder.run("record", f"http://127.0.0.1:{port}", events, outbox)
        stored = size(outbox)
        with canned_server(port) as url:
            found = recorder.run("drain", url, events, outbox)
            received = urllib3.request("GET", url + RECEIVED_PATH).json()
    return {
        "cpu": found["cpu"] / events,
        "wall": found["wall"] / events,
        "disk": stored / events,
        "own": received["bytes"] / received["events"],
    }


# A backlog


def _backlog(recorders: Mapping[str, Recorder], amounts: _Amounts) -> Iterator[Row]:
    found = {name: _with_backlog(recorder, amounts) for name, recorder in recorders.items()}
    ours, pending = found[OURS], f"{amounts.backlog:,} pending"
    sides = ", ".join(
        f"{name} {human(one.opening)}, with an empty outbox {human(one.opening_empty)}" for name, one in found.items()
    )
    yield Row(f"opening with {pending}", "≤ 1 s", human(ours.opening), ours.opening <= 1.0, sides, _WHY_OPEN)
    if ours.memory_empty:
        added = {name: (one.memory - one.memory_empty) / 2**20 for name, one in found.items()}
        yield Row(
            f"resident memory with {pending}",
            "≤ 30 MiB above an empty outbox",
            f"{added[OURS]:.0f} MiB",
            added[OURS] <= 30,
            ", ".join(
                f"{name} {added[name]:.0f} MiB above {one.memory_empty / 2**20:.0f} MiB" for name, one in found.items()
            ),
            _WHY_OPEN_MEMORY,
        )
    slowest = max(one["seconds"] for one in ours.closing.values())
    yield Row(
        f"close({amounts.timeout}) with {pending}, the slowest",
        f"≤ {amounts.timeout + 0.5} s",
        human(slowest),
        slowest <= amounts.timeout + 0.5,
        "; ".join(
            f"{name}, {platform} {human(closed['seconds'])}, {closed['left']:,} left"
            for name, one in found.items()
            for platform, closed in one.closing.items()
        ),
        _WHY_CLOSE,
    )


class _Found(NamedTuple):
    opening: float
    opening_empty: float
    memory: float
    memory_empty: float
    closing: dict[str, dict[str, Any]]


def _with_backlog(recorder: Recorder, amounts: _Amounts) -> _Found:
    """Measure a recorder whose outbox is full, while the platform is away, hangs, and takes events again."""
    with TemporaryDirectory() as directory:
        outbox, port = Path(directory) / "outbox", unused_port()
        url = f"http://127.0.0.1:{port}"
        make_backlog(recorder, url, amounts.backlog, amounts.recorded, outbox)
        empty = [recorder.run("open", url, 1) for _ in range(amounts.rounds)]
        opened = [recorder.run("open", url, 1, outbox) for _ in range(amounts.rounds)]
        if opened[0]["left"] < amounts.backlog:
            raise RuntimeError(f"the outbox says that {opened[0]['left']:,} events wait, not {amounts.backlog:,}")
        closed = {"nothing listens": recorder.run("close", url, amounts.timeout, outbox)}
        with silent_server(port):
            closed["no response"] = recorder.run("close", url, amounts.timeout, outbox)
        with canned_server(port):
            closed["delivering"] = recorder.run("close", url, amounts.timeout, outbox)
    return _Found(
        median(one["seconds"] for one in opened),
        median(one["seconds"] for one in empty),
        max(one["bytes"] for one in (*opened, *closed.values())),
        max(one["bytes"] for one in empty),
        closed,
    )
