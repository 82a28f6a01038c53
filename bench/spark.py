"""Spark: events of data frames and their price beside plain Python, the memory of workers, and how time grows.

It needs the extra `spark` and Java, and Linux. `python bench/run.py --only spark`
"""

from __future__ import annotations

import gzip
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from measure import BENCH, QUICK, Pace
from pydantic_core import from_json
from report import Row, Section

from openmonetize.files.encoding import EventEncoder
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation
from openmonetize.files.sources import find_sources
from openmonetize.pricing import TEXT_BOOK
from openmonetize.pricing.credits import event_cost
from openmonetize.pricing.model_names import ModelNames

_DATA = Path(__file__).resolve().parents[1] / "examples" / "data"
_ROWS = 28_185  # of the two traces
_SIZES = (1_000_000, 5_000_000, 20_000_000)
_PLAIN_ROWS = 100_000
_MAPPING = {
    "preset": "azure-llm-trace",
    "columns": {"provider": "provider", "model": "model", "feature_id": "workload"},
    "constants": {"user_id": "acme_{workload}"},
}
_TEXT = """
The Azure traces, several times, with a number that tells the copies apart, become events and get a price, on
`local[2]`. The other side is one process that does the same by `openmonetize.files` with rows of a CSV file. CPU is
that of all processes, Java's included, without the start of Spark; other programs had a part of this machine, so times
on the clock mean less. Rows are numbered among equal ones first, which is a pass over the rows and a shuffle: the plain
path does that in memory. Memory is the most that one Python worker ever had. There is no target.
"""


class Used(NamedTuple):
    """What some work took: seconds on the clock, and of CPU, of Python's workers alone as well."""

    wall: float
    cpu: float
    python: float


def measure(pace: Pace) -> Section:
    """Return all figures of Spark."""
    share = 100 if pace is QUICK else 1
    rows = []
    with TemporaryDirectory() as folder:
        plain = _Plain(Path(folder, "rows.csv"), _PLAIN_ROWS // share)
        spark = _session(folder)
        try:
            _work(spark, 1, True)  # the first run compiles
            found = []
            for size in _SIZES:
                times = max(1, round(size / share / _ROWS))
                per_row = plain()
                events = _used(lambda times=times: _work(spark, times, False))  # type: ignore[misc]
                priced = _used(lambda times=times: _work(spark, times, True))  # type: ignore[misc]
                found.append((times * _ROWS, per_row, events, priced, _resident()))
        finally:
            spark.stop()
    to_events = median(plain_events for _, (plain_events, _), *_ in found)
    priced_too = median(sum(both) for _, both, *_ in found)
    for count, _, events, priced, resident in found:
        beside = [events.cpu / count / to_events, priced.cpu / count / priced_too]
        rows += [
            Row(
                f"`to_events`, {count:,} rows",
                "",
                f"{count / events.cpu:,.0f} rows a second and core; {beside[0]:.2f} × plain Python in CPU",
                None,
                f"{events.wall:,.0f} s, CPU {events.cpu:,.0f} s, of it Python {events.python:,.0f} s",
            ),
            Row(
                f"`rate(to_events(...))`, {count:,} rows",
                "",
                f"{count / priced.cpu:,.0f} rows a second and core; {beside[1]:.2f} × plain Python in CPU",
                None,
                f"{priced.wall:,.0f} s, CPU {priced.cpu:,.0f} s; a worker {resident / 2**20:,.0f} MiB",
            ),
        ]
    (small, _, _, first, _), (large, _, _, last, _) = found[0], found[-1]
    rows += [
        Row(
            f"growth from {small:,} to {large:,} rows",
            "",
            f"{last.cpu / first.cpu:.1f} × the CPU for {large / small:.1f} × the rows",
            None,
            f"on the clock {last.wall / first.wall:.1f} ×",
        ),
        Row(
            "plain Python",
            "",
            f"{1 / to_events:,.0f} rows a second; with prices {1 / priced_too:,.0f}",
            None,
            f"{to_events * 1e6:.1f} µs a row, {priced_too * 1e6:.1f} µs with prices",
        ),
    ]
    return Section("Spark", _TEXT, rows)


def _session(folder: str) -> Any:
    from pyspark.sql import SparkSession

    sys.path.append(str(BENCH.parent / "test"))  # for the Java of the tests
    from integrations.spark_session import find_java

    find_java(Path(folder))
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = str(BENCH.parent)
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.memory", "3g")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "16")
        .config("spark.local.dir", folder)
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("OFF")
    return session


def _work(spark: Any, times: int, is_priced: bool) -> None:
    """Make the events of the traces, taken several times, and throw them away."""
    from pyspark.sql import functions as F

    from openmonetize.integrations.spark import rate, to_events

    frames = []
    for workload, provider, model in _workloads():
        frame = spark.read.csv(str(_trace(workload)), header=True, escape='"')
        assumed = {"workload": workload, "provider": provider, "model": model}
        frames.append(frame.withColumns({name: F.lit(value) for name, value in assumed.items()}))
    rows = frames[0].unionByName(frames[1]).repartition(16)
    rows = rows.withColumn("copy", F.explode(F.sequence(F.lit(1), F.lit(times))))
    events = to_events(rows, customer_id="bench", **_MAPPING)
    (rate(events) if is_priced else events).write.format("noop").mode("overwrite").save()


def _workloads() -> Iterator[tuple[str, str, str]]:
    yield "conv", "openai", "gpt-4o"
    yield "code", "anthropic", "claude-4.5-sonnet"


def _trace(workload: str) -> Path:
    return _DATA / f"AzureLLMInferenceTrace_{workload}.csv.gz"


class _Plain:
    """The same by one process. Calling it returns CPU seconds a row: for the event, and for its price."""

    def __init__(self, path: Path, rows: int) -> None:
        self._path, self._rows = path, rows
        with path.open("w") as file:
            file.write("TIMESTAMP,ContextTokens,GeneratedTokens,workload,provider,model,copy\n")
            for number, line in zip(range(rows), self._lines()):
                file.write(f"{line},{number}\n")

    def _lines(self) -> Iterator[str]:
        while True:
            for workload in _workloads():
                with gzip.open(_trace(workload[0]), "rt") as lines:
                    next(lines)
                    for line in lines:
                        yield f"{line.strip()},{','.join(workload)}"

    def __call__(self) -> tuple[float, float]:
        start = time.process_time()
        ids, mapping = RowIds("bench", "azure-llm-trace"), RowMapping(**_MAPPING)  # type: ignore[arg-type]
        preparation = Preparation(ids, mapping, EventEncoder(ModelNames(True)))
        wires = [prepared.wire for prepared in preparation.prepare(find_sources([str(self._path)]))]
        assert all(wires)
        assert len(wires) == self._rows
        prepared_at = time.process_time()
        for wire in wires:
            event_cost(from_json(wire), TEXT_BOOK, "current", None)
        end = time.process_time()
        return (prepared_at - start) / self._rows, (end - prepared_at) / self._rows


def _used(work: Callable[[], object]) -> Used:
    started, (cpu, python) = time.monotonic(), _cpu()
    work()
    now, (cpu_now, python_now) = time.monotonic(), _cpu()
    return Used(now - started, cpu_now - cpu, python_now - python)


def _cpu() -> tuple[float, float]:
    """Return the CPU seconds of this process and its descendants, and those of Spark's workers alone."""
    whole = python = 0.0
    for pid in _descendants():
        fields = _stat(pid)
        seconds = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")  # the ended children's as well
        whole += seconds
        python += seconds if _is_worker(pid) else 0.0
    return whole, python


def _resident() -> int:
    """Return the most memory that any of Spark's workers ever had, in bytes."""
    most = 0
    for pid in filter(_is_worker, _descendants()):
        status = Path(f"/proc/{pid}/status").read_text()
        most = max(most, *(int(line.split()[1]) * 1024 for line in status.splitlines() if line.startswith("VmHWM:")), 0)
    return most


def _descendants() -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int(_stat(int(entry.name))[1])
            except (OSError, IndexError):  # it has ended
                continue
    found = [os.getpid()]
    for pid in found:
        found += [child for child, parent in parents.items() if parent == pid]
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name: the first is its state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _is_worker(pid: int) -> bool:
    return (
        b"pyspark" in Path(f"/proc/{pid}/cmdline").read_bytes()
        and b"java" not in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
