"""Usage files: the preparation of rows beside `json.dumps` of the same rows, and its memory over five million."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from measure import QUICK, Pace, Samples, Worker, cpus, human, measure_workers, ratio, walls
from recorder_worker import most_resident
from report import Row, Section

from openmonetize.files.encoding import EventEncoder
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation
from openmonetize.files.sources import find_sources
from openmonetize.pricing.model_names import ModelNames

_ROWS = 20_000  # of a measured file
_MANY = 5_000_000
_LEAST = 50_000  # rows a second
_MEMORY = 150  # MiB
_TEXT = """
Rows in the form of the Azure trace, with a user and times that all differ, are read, identified, mapped, checked and
written as the bytes of events, by one core. *Floor* is `json.dumps` of the same rows, which are in memory already. The
rate is of CPU time.
"""


def measure(pace: Pace) -> Section:
    """Return all figures of usage files."""
    with TemporaryDirectory() as directory:
        rows = [_rate(Path(directory, f"rows.{form}"), form, pace) for form in ("csv", "jsonl")]
        rows.append(_memory(Path(directory, "many.csv"), _MANY // 100 if pace is QUICK else _MANY))
    return Section("Usage files", _TEXT, rows)


def _rate(path: Path, form: str, pace: Pace) -> Row:
    write(path, _ROWS)
    samples: Samples = measure_workers(
        {"files": partial(Worker, "files", "prepare", str(path)), "floor": partial(Worker, "files", "dump", str(path))},
        pace,
    )
    rate = _ROWS / median(cpus(samples["files"]))
    ours, floor = (human(median(walls(samples[side])) / _ROWS) for side in ("files", "floor"))
    beside = ratio(walls(samples["files"]), walls(samples["floor"]))
    return Row(
        f"preparation of {form.upper()}",
        f"≥ {_LEAST:,} rows a second",
        f"{rate:,.0f} rows a second; {beside} × `json.dumps`",
        rate >= _LEAST,
        f"{ours} a row, floor {floor}",
    )


def _memory(path: Path, rows: int) -> Row:
    write(path, rows)
    command = [sys.executable, "-c", "import files, sys; files.show_peak(sys.argv[1])", str(path)]
    done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    peak = float(done.stdout)
    return Row(f"memory, {rows:,} rows", f"≤ {_MEMORY} MiB", f"{peak:.0f} MiB", peak <= _MEMORY)


def write(path: Path, rows: int) -> None:
    """Write a file of rows."""
    with path.open("w", newline="") as file:
        if path.suffix == ".csv":
            file.write("TIMESTAMP,ContextTokens,GeneratedTokens,user\n")
        for number in range(rows):
            second = number // 1000
            time = (
                f"2023-11-{1 + second // 86400:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
            )
            values = f"{time}.{number % 1000:03d}0000", number % 5000, number % 77, f"acme_user_{number % 1000}"
            if path.suffix == ".csv":
                file.write(",".join(map(str, values)) + "\n")
            else:
                names = ("TIMESTAMP", "ContextTokens", "GeneratedTokens", "user")
                file.write(json.dumps(dict(zip(names, values))) + "\n")


def prepare(path: str) -> Callable[[], None]:
    """Return a function that prepares all rows of a file."""
    sources = find_sources(path)
    constants = {"provider": "openai", "model": "gpt-4o"}

    def work() -> None:
        mapping = RowMapping({"user_id": "user"}, constants, "azure-llm-trace")
        preparation = Preparation(RowIds("customer", "files"), mapping, EventEncoder(ModelNames(True)))
        count = sum(1 for row in preparation.prepare(sources) if row.wire)
        assert count

    return work


def dump(path: str) -> Callable[[], None]:
    """Return a function that writes all rows of a file as JSON."""
    with open(path, newline="") as file:
        rows = list(csv.DictReader(file)) if path.endswith(".csv") else [json.loads(line) for line in file]

    def work() -> None:
        for row in rows:
            json.dumps(row)

    return work


def show_peak(path: str) -> None:
    """Prepare a file, and print the largest memory of this process in MiB."""
    prepare(path)()
    print(most_resident() / 2**20)
