"""The recorder, measured against a floor made by hand and against other recorders."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import outbox
import peers
from client import canned_server
from measure import QUICK, Pace, Ratio, difference, human, ratio
from recorder_runs import Recorder, column, interleave, sides
from report import Row, Section

MEMORY, OUTBOX = "OpenMonetize", "OpenMonetize with outbox"
_OURS = {
    "floor": Recorder("floor"),
    "by hand": Recorder("by_hand"),
    MEMORY: Recorder("client"),
    OUTBOX: Recorder("outbox"),
    "Recorder": Recorder("memory"),
}
_PEERS = {"posthog": "posthog", "segment": "segment", "OpenTelemetry logs": "otel"}

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
_WHY_OUTBOX = (
    "before the call returns, the event is handed to the operating system, which is a system call and a checksum that "
    "memory does without; the others lose their events with the process"
)
_WHY_OUTBOX_TOTAL = "every event is written, read and checked again, and what was delivered is noted and removed"
_WHY_P99 = "a call that meets the delivering thread waits for the interpreter's lock; the floor's own calls do so too"
_WHY_OUTBOX_P99 = (
    "a call that writes gives the interpreter's lock up and has to get it back from the delivering thread, which "
    "calls that stay in memory need not do"
)
_WHY_BUFFERED = "an event is kept as the bytes that are sent, ids, times and the names of its fields included"


def measure(pace: Pace, beside: Mapping[str, Recorder] | None = None) -> Section:
    """Return all of the recorder's figures.

    Args:
        pace: the amount of measuring.
        beside: other versions' recorders with an outbox, by their names in the report.
    """
    beside = beside or {}
    with TemporaryDirectory() as directory, canned_server() as url:
        others: dict[str, Recorder] = {}
        if pace is QUICK:
            said = "Other recorders are left out of a quick run."
        else:
            try:
                python = peers.install(Path(directory))
                others = {name: Recorder(function, python) for name, function in _PEERS.items()}
                said = f"The others run with their defaults, and queues that never fill: {peers.versions(python)}."
            except peers.Unavailable as reason:
                said = f"Other recorders are left out: {reason}."
        rows = [*_rows(beside, others, url, pace), *outbox.rows(_OURS[OUTBOX], beside, url, pace)]
    return Section("Metering", _TEXT.format(peers=said) + outbox.text(beside, pace), rows)


def _rows(beside: Mapping[str, Recorder], others: Mapping[str, Recorder], url: str, pace: Pace) -> Iterator[Row]:
    recorders = {**_OURS, **beside, **others}
    count, rounds = (2_000, 2) if pace is QUICK else (20_000, 7)
    cost = interleave(recorders, "cost", url, count, rounds)
    yield from _caller(column(cost, "caller"), others)
    yield from _total(column(cost, "total"))
    yield from _calls(column(interleave(recorders, "calls", url, count, rounds), "p99"))
    if Path("/proc/self/statm").exists():
        in_memory = {name: recorder for name, recorder in recorders.items() if recorder.function != "outbox"}
        yield _buffered(in_memory, pace)


def _caller(caller: Mapping[str, list[float]], others: Mapping[str, Recorder]) -> Iterator[Row]:
    what, ours = "caller CPU an event, memory", caller[MEMORY]
    best = min(others, key=lambda name: median(caller[name]), default=None)
    yield _row(what, 1.5, "floor", ratio(ours, caller["floor"]), _WHY, _times(caller))
    yield _row(what, 1.5, "by hand", ratio(ours, caller["by hand"]), _WHY)
    yield _row("an event model, built and recorded", 1.5, "by hand", ratio(caller["Recorder"], caller["by hand"]), _WHY)
    if best is not None:
        yield _row(what, 1 / 3, f"{best}, the best of the others", ratio(ours, caller[best]), _WHY)
    what, ours = "caller CPU an event, outbox", caller[OUTBOX]
    added = difference(ours, caller[MEMORY])
    yield Row(what, "≤ memory + 5 µs", f"memory + {added}", added.value <= 5e-6, why=_WHY_OUTBOX)
    if best is not None:
        yield _row(what, 0.8, f"{best}, the best of the others", ratio(ours, caller[best]), _WHY_OUTBOX)


def _total(total: Mapping[str, list[float]]) -> Iterator[Row]:
    what, ours = "total CPU an event, memory", total[MEMORY]
    yield _row(what, 1.5, "floor", ratio(ours, total["floor"]), _WHY, _times(total))
    yield _row(what, 1.5, "by hand", ratio(ours, total["by hand"]), _WHY)
    yield _row("total CPU an event, outbox", 1.3, "memory", ratio(total[OUTBOX], ours), _WHY_OUTBOX_TOTAL)


def _calls(p99: Mapping[str, list[float]]) -> Iterator[Row]:
    what, ours = "99th percentile of a call while delivering", median(p99[MEMORY])
    yield Row(f"{what}, memory", "≤ 20 µs", human(ours), ours <= 20e-6, _times(p99), _WHY_P99)
    yield _row(f"{what}, outbox", 2.0, "memory", ratio(p99[OUTBOX], p99[MEMORY]), _WHY_OUTBOX_P99)


def _buffered(recorders: Mapping[str, Recorder], pace: Pace) -> Row:
    """Measure memory while all stays in the buffers, because no server listens on port 9."""
    count, rounds = (10_000, 1) if pace is QUICK else (100_000, 3)
    found = column(interleave(recorders, "buffer", "http://127.0.0.1:9", count, rounds), "bytes")
    mebibytes = {name: median(values) * 100_000 / 2**20 for name, values in found.items()}
    texts = sides({name: f"{value:.0f} MiB" for name, value in mebibytes.items()})
    ours = mebibytes[MEMORY]
    what = "resident memory of 100,000 buffered"
    return Row(what, "≤ 45 MiB above idle", f"{ours:.0f} MiB", ours <= 45, texts, _WHY_BUFFERED)


def _times(found: Mapping[str, list[float]]) -> str:
    return sides({name: human(median(values)) for name, values in found.items()})


def _row(what: str, limit: float, floor: str, measured: Ratio, why: str, times: str = "") -> Row:
    return Row(what, f"≤ {limit:.2f} × {floor}", str(measured), measured.within(limit), times, why)
