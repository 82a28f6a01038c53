"""Interleaved measurements: all sides work in turn, round after round, and only ratios within one run are compared."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Callable, NamedTuple

BENCH = Path(__file__).parent


class Sample(NamedTuple):
    """Seconds for one unit of work.

    Attributes:
        wall: on the clock.
        cpu: of the process's own CPU.
    """

    wall: float
    cpu: float


Side = Callable[[], Sample]
Samples = dict[str, list[Sample]]


class Pace(NamedTuple):
    """The amount of measuring.

    Attributes:
        rounds: turns of each side.
        generations: how many times long-lived workers are started anew.
        seconds: the length of one turn, in seconds.
        starts: the number of fresh processes of each kind.
    """

    rounds: int
    generations: int
    seconds: float
    starts: int


THOROUGH = Pace(rounds=60, generations=4, seconds=0.03, starts=25)
QUICK = Pace(rounds=3, generations=1, seconds=0.01, starts=2)


def interleave(sides: Mapping[str, Side], rounds: int) -> Samples:
    """Measure all sides in turn, beginning each round with another of them."""
    names = list(sides)
    samples: Samples = {name: [] for name in names}
    for number in range(rounds):
        first = number % len(names)
        for name in names[first:] + names[:first]:
            samples[name].append(sides[name]())
    return samples


class Worker:
    """A separate process that does one kind of work; see ``worker.py``.

    Args:
        module: the module with the work.
        function: its function that prepares a callable.
        arguments: the function's arguments; JSON.
        python: the interpreter to use.
        path: more directories to import from.
    """

    def __init__(
        self, module: str, function: str, *arguments: Any, python: str = sys.executable, path: Sequence[str] = ()
    ) -> None:
        self._process = subprocess.Popen(
            [python, str(BENCH / "worker.py"), module, function, json.dumps(arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        )
        self._turns = 1

    def stop(self) -> None:
        """End the process."""
        self._process.communicate()

    def _run(self, turns: int) -> tuple[float, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{turns}\n")
        self._process.stdin.flush()
        times = self._process.stdout.readline().split()
        if not times:
            raise RuntimeError(f"{' '.join(map(str, self._process.args[2:4]))} failed")  # type: ignore[index,union-attr]
        return float(times[0]), float(times[1])

    def warm_up(self, seconds: float) -> None:
        """Run until one turn is about this many seconds long, which leaves out the one-time costs of the first runs."""
        self._run(10)
        while True:
            wall, _ = self._run(self._turns)
            if wall >= seconds / 2:
                self._turns = max(1, round(self._turns * seconds / wall))
                return
            self._turns *= 2

    def __call__(self) -> Sample:
        wall, cpu = self._run(self._turns)
        return Sample(wall / self._turns, cpu / self._turns)


def measure_workers(sides: Mapping[str, Callable[[], Worker]], pace: Pace) -> Samples:
    """Measure workers in several generations, since the memory layout of a process makes a difference too."""
    samples: Samples = {name: [] for name in sides}
    for _ in range(pace.generations):
        workers = {name: start() for name, start in sides.items()}
        try:
            for worker in workers.values():
                worker.warm_up(pace.seconds)
            for name, found in interleave(workers, pace.rounds // pace.generations).items():
                samples[name] += found
        finally:
            for worker in workers.values():
                worker.stop()
    return samples


def fresh_process(*command: str, path: Sequence[str] = ()) -> Side:
    """Return a side that runs a Python process from its start to its end."""
    arguments = [sys.executable, *command]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # else modules installed from a checkout are compiled each time

    def side() -> Sample:
        start = time.perf_counter()
        child = os.posix_spawn(sys.executable, arguments, environment)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        if status:
            raise RuntimeError(f"{' '.join(command)} failed")
        return Sample(wall, usage.ru_utime + usage.ru_stime)

    return side


class Spread(NamedTuple):
    """How one side of a run compares with another.

    Attributes:
        value: of the medians.
        low: the lower quartile of single rounds.
        high: the upper quartile of single rounds.
    """

    value: float
    low: float
    high: float


class Ratio(Spread):
    """How many times as much one side takes as another."""

    def within(self, limit: float) -> bool:
        """Return whether the ratio is within a limit, rounded to hundredths: smaller differences are noise."""
        return round(self.value, 2) <= round(limit, 2)

    def __str__(self) -> str:
        return f"{self.value:.2f} ({self.low:.2f} to {self.high:.2f})"


class Difference(Spread):
    """How many seconds one side takes more than another."""

    def __str__(self) -> str:
        return f"{human(self.value)} ({human(self.low)} to {human(self.high)})"


def ratio(ours: Sequence[float], floor: Sequence[float]) -> Ratio:
    """Return the ratio of two sides of one run."""
    return Ratio(median(ours) / median(floor), *_quartiles([a / b for a, b in zip(ours, floor)]))


def difference(ours: Sequence[float], floor: Sequence[float]) -> Difference:
    """Return the difference of two sides of one run."""
    return Difference(median(ours) - median(floor), *_quartiles([a - b for a, b in zip(ours, floor)]))


def _quartiles(rounds: Sequence[float]) -> tuple[float, float]:
    low, _, high = quantiles(rounds, n=4, method="inclusive")
    return low, high


def walls(samples: Sequence[Sample]) -> list[float]:
    """Return the seconds on the clock."""
    return [sample.wall for sample in samples]


def cpus(samples: Sequence[Sample]) -> list[float]:
    """Return the seconds of CPU."""
    return [sample.cpu for sample in samples]


def human(seconds: float) -> str:
    """Return seconds as text with a fitting unit."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"
