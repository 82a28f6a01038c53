"""Recorders to compare, each run in processes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from measure import BENCH

_TIMEOUT = 1800.0  # seconds that one run may take

Runs = dict[str, list[dict[str, Any]]]


class Recorder(NamedTuple):
    """How to run a recorder.

    Attributes:
        function: the function of ``recorders.py`` that makes it.
        python: the interpreter.
        library: a checkout to take ``openmonetize`` from; without it, the one that the interpreter finds.
    """

    function: str
    python: str = sys.executable
    library: Path | None = None

    def start(self, task: str, url: str, count: int, outbox: Path) -> subprocess.Popen[str]:
        """Start a process that does a task of ``recorder_worker.py``."""
        environment = dict(os.environ)
        if self.library is not None:
            environment["PYTHONPATH"] = str(self.library)
        return subprocess.Popen(
            [self.python, str(BENCH / "recorder_worker.py"), self.function, url, str(count), task, str(outbox)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )

    def run(self, task: str, url: str, count: int, outbox: Path | None = None) -> dict[str, Any]:
        """Return what a task has measured, with a new outbox or the one at a path."""
        with TemporaryDirectory() as directory:
            return result(self.start(task, url, count, outbox or Path(directory) / "outbox"))


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a process has measured, once it has ended.

    Raises:
        RuntimeError: it failed.
    """
    with process:
        try:
            output, _ = process.communicate(timeout=_TIMEOUT)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, process.args[2:6]))} failed")  # type: ignore[index]
    measured: dict[str, Any] = json.loads(output)
    return measured


def interleave(recorders: Mapping[str, Recorder], task: str, url: str, count: int, rounds: int) -> Runs:
    """Return the results of all recorders, which take turns."""
    runs: Runs = {name: [] for name in recorders}
    for _ in range(rounds):
        for name, recorder in recorders.items():
            runs[name].append(recorder.run(task, url, count))
    return runs


def column(runs: Runs, what: str) -> dict[str, list[float]]:
    """Return one of the results of each run."""
    return {name: [run[what] for run in found] for name, found in runs.items()}


def sides(texts: Mapping[str, str]) -> str:
    """Return the texts of all recorders as one."""
    return ", ".join(f"{name} {text}" for name, text in texts.items())
