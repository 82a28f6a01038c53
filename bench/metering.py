"""The recorder, measured against a floor made by hand and against other recorders."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import peers
from client import canned_server
from measure import BENCH, QUICK, Pace, Ratio, human, ratio
from report import Row, Section

_OURS = ("floor", "by_hand", "client", "outbox", "memory")
_PEERS = ("posthog", "segment", "otel")
_NAMES = {
    "floor": "floor",
    "by_hand": "by hand",
    "client": "OpenMonetize",
    "outbox": "OpenMonetize with outbox",
    "memory": "Recorder",
    "posthog": "posthog",
    "segment": "segment",
    "otel": "OpenTelemetry logs",
}

_TEXT = """
Each recorder takes the same event, in a new process for each round, and sends it to the canned server. *Floor* is a
pydantic model of the same fields whose id and time are given to it, its JSON in a queue, and a thread that posts 1,000
at once; *by hand* is the same with `uuid4` and a time for each event, as it would have to be written. *OpenMonetize* is
`track_token_usage`, with checks, id and time, scope, model names and warnings; *Recorder* is handed a
`TokenUsageEvent` that is built for each event. {peers} Caller is the CPU time of the recording thread, total that of
the process until everything is delivered.
"""

_WHY = (
    "the caller gets an id from the operating system, a time in UTC, checks of every value and of what is never "
    "billed, and a bounded buffer behind a lock; the floor does none of it"
)

_WHY_P99 = "a call that meets the delivering thread waits for the interpreter's lock; the floor's own calls do so too"

_Runs = dict[str, list[dict[str, float]]]


def measure(pace: Pace) -> Section:
    """Return all of the recorder's figures."""
    with TemporaryDirectory() as directory, canned_server() as url:
        python: str | None = None
        if pace is QUICK:
            said = "Other recorders are left out of a quick run."
        else:
            try:
                python = peers.install(Path(directory))
                said = f"The others run with their defaults and room enough: {peers.versions(python)}."
            except peers.Unavailable as reason:
                said = f"Other recorders are left out: {reason}."
        pythons = {**dict.fromkeys(_OURS, sys.executable), **(dict.fromkeys(_PEERS, python) if python else {})}
        rows = list(_rows(pythons, url, pace))
    return Section("Metering", _TEXT.format(peers=said), rows)


def _rows(pythons: Mapping[str, str], url: str, pace: Pace) -> Iterator[Row]:
    count, rounds = (2_000, 2) if pace is QUICK else (20_000, 7)
    cost = _runs(pythons, url, count, "cost", rounds)
    caller, total = _column(cost, "caller"), _column(cost, "total")
    best = min((name for name in _PEERS if name in caller), key=lambda name: median(caller[name]), default=None)
    sides = _sides({name: human(median(values)) for name, values in caller.items()})
    yield _row("caller CPU an event, memory", 1.5, "floor", ratio(caller["client"], caller["floor"]), sides)
    yield _row("caller CPU an event, memory", 1.5, "by hand", ratio(caller["client"], caller["by_hand"]))
    yield _row("an event model, built and recorded", 1.5, "by hand", ratio(caller["memory"], caller["by_hand"]))
    if best is not None:
        peer = f"{_NAMES[best]}, the best of the others"
        yield _row("caller CPU an event, memory", 1 / 3, peer, ratio(caller["client"], caller[best]))
        yield _row("caller CPU an event, outbox", 2.0, peer, ratio(caller["outbox"], caller[best]))
    sides = _sides({name: human(median(values)) for name, values in total.items()})
    yield _row("total CPU an event, memory", 1.5, "floor", ratio(total["client"], total["floor"]), sides)
    yield _row("total CPU an event, memory", 1.5, "by hand", ratio(total["client"], total["by_hand"]))
    calls = _runs(pythons, url, count, "calls", rounds)
    p99 = _column(calls, "p99")
    met = median(p99["client"]) <= 20e-6
    sides = _sides({name: human(median(values)) for name, values in p99.items()})
    yield Row(
        "99th percentile of a call while delivering", "≤ 20 µs", human(median(p99["client"])), met, sides, _WHY_P99
    )
    if Path("/proc/self/statm").exists():
        yield _memory(pythons, pace)


def _memory(pythons: Mapping[str, str], pace: Pace) -> Row:
    """Measure memory while all stays in the buffers, because no server listens on port 9."""
    count, rounds = (10_000, 1) if pace is QUICK else (100_000, 3)
    held = {name: python for name, python in pythons.items() if name != "outbox"}
    found = _column(_runs(held, "http://127.0.0.1:9", count, "buffer", rounds), "bytes")
    mebibytes = {name: median(values) * 100_000 / 2**20 for name, values in found.items()}
    sides = _sides({name: f"{value:.0f} MiB" for name, value in mebibytes.items()})
    ours = mebibytes["client"]
    return Row("resident memory of 100,000 buffered", "≤ 45 MiB above idle", f"{ours:.0f} MiB", ours <= 45, sides)


def _runs(pythons: Mapping[str, str], url: str, count: int, what: str, rounds: int) -> _Runs:
    runs: _Runs = {name: [] for name in pythons}
    for _ in range(rounds):
        for name, python in pythons.items():
            command = [python, str(BENCH / "recorder_worker.py"), name, url, str(count), what]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=300)
            runs[name].append(json.loads(done.stdout))
    return runs


def _column(runs: _Runs, what: str) -> dict[str, list[float]]:
    return {name: [run[what] for run in found] for name, found in runs.items()}


def _sides(texts: Mapping[str, str]) -> str:
    return ", ".join(f"{_NAMES[name]} {text}" for name, text in texts.items())


def _row(what: str, limit: float, floor: str, measured: Ratio, sides: str = "") -> Row:
    return Row(what, f"≤ {limit:.2f} × {floor}", str(measured), measured.within(limit), sides, _WHY)
