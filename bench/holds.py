"""Holds: what a reservation costs in each store, against the least that the store itself takes for one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from measure import BENCH, Pace, Worker, human, measure_workers, ratio, walls
from report import Row, Section

sys.path.append(str(BENCH.parent / "test"))  # for the servers of the tests

import engines
import pytest

_TEXT = """
A reservation is `hold` and `release` of the store, for one wallet with ten other holds; the platform is not asked,
since its balance is known. *Bare* are two statements of the store that change one row, each a transaction of its
own: the least that a reservation takes, without expiry, usage that is not burned, and protection from balances that
were overtaken. In memory it is two changes of a dict under a lock. Servers are on this machine, behind a Unix socket;
PostgreSQL does not flush to disk. Threads at once reserve from the same wallet; the time is that of one reservation.
There is no target.
"""
_NAMES = {"memory": "in memory", "sqlite": "SQLite", "postgres": "PostgreSQL", "redis": "Redis"}


def measure(pace: Pace) -> Section:
    """Measure all stores that are installed."""
    rows = []
    with TemporaryDirectory() as folder:
        for kind in _NAMES:
            with _setting(kind, Path(folder)) as setting:
                if setting is None:
                    continue
                rows += [_row(kind, setting, pace, threads) for threads in (1, 8)]
    return Section("Holds", _TEXT, rows)


@contextmanager
def _setting(kind: str, folder: Path) -> Iterator[str | None]:
    """Yield what names the store, None if it is not installed."""
    with ExitStack() as stack:
        try:
            if kind == "postgres":
                found = stack.enter_context(engines.postgres())
            elif kind == "redis":
                found = stack.enter_context(engines.redis())
            else:
                found = str(folder / "holds.sqlite3") if kind == "sqlite" else ""
        except pytest.skip.Exception as reason:
            print(f"{_NAMES[kind]} is left out: {reason}")
            yield None
            return
        yield found


def _row(kind: str, setting: str, pace: Pace, threads: int) -> Row:
    sides = {
        "openmonetize": partial(Worker, "holds_work", "reservations", setting, threads),
        "bare": partial(Worker, "holds_work", "bare", kind, setting, threads),
    }
    samples = measure_workers(sides, pace)
    ours, bare = walls(samples["openmonetize"]), walls(samples["bare"])
    text = f"{_us(ours)}, bare {_us(bare)}"
    what = f"a reservation, {_NAMES[kind]}" + (f", {threads} threads at once" if threads > 1 else "")
    return Row(what, "—", f"{ratio(ours, bare)} × bare", None, text)


def _us(samples: list[float]) -> str:
    return human(sorted(samples)[len(samples) // 2])
