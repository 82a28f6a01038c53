"""The outbox in PostgreSQL: what an event costs where it is recorded, and how fast many processes deliver."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from measure import BENCH, QUICK, Pace, Worker, human, measure_workers, ratio, walls
from report import Row, Section

sys.path.append(str(BENCH.parent / "test"))  # for the servers of the tests

import engines
import pytest

_TEXT = """
*An order with its usage* is a transaction of two inserts on a connection of psycopg: a row of an order, and the usage
event, by `om.track_token_usage(connection=...)`, or, *bare*, by an `INSERT` of the same bytes into a table of a number
and a `bytea`. *Alone* is `om.track_token_usage()`, against that insert, which commits by itself. Other processes would
deliver (`deliver=False`). The server is on this machine, behind a Unix socket, and shares one core with the program: on
two, whether the one wakes up beside the other makes a call take 150 or 330 µs, which says nothing of either side.

*Draining*: {events:,} events wait, and processes deliver them to a sandbox in a process of its own, which takes
{limit} requests a minute for the key where a limit is named. The rate is from the first answer to the last.
"""
_WHY = "the event is completed, checked and written as JSON, which the bare insert is given"
_SHARE = 0.5  # of the limit that deliveries use by default
LIMIT = 100  # requests a minute of the platform's, by key
_MAX_EVENTS = 1000  # of one request


class _Amounts(NamedTuple):
    events: int  # that wait
    drainers: int


def measure(pace: Pace) -> Section:
    """Measure what is installed."""
    amounts = _Amounts(2_000, 2) if pace is QUICK else _Amounts(100_000, 16)
    rows: list[Row] = []
    try:
        for flush in (False, True):
            with _one_core(), engines.postgres_server(flush=flush) as server:
                rows += _inserts(engines.database(server.url), pace, flush)
        with engines.postgres() as url:
            rows += _drains(url, amounts)
    except pytest.skip.Exception as reason:
        print(f"PostgreSQL is left out: {reason}")
    return Section("Outbox in PostgreSQL", _TEXT.format(events=amounts.events, limit=LIMIT), rows)


@contextmanager
def _one_core() -> Iterator[None]:
    """Have all that is started in a block run on one core, where the system can."""
    if sys.platform != "linux":
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _inserts(database: str, pace: Pace, flush: bool) -> Iterator[Row]:
    flushed = ", flushed to disk" if flush else ""
    for what, function, target in (("an order with its usage", "order", 1.2), ("an event alone", "alone", None)):
        sides = {
            name: partial(Worker, "postgres_work", f"{function}_{name}", database) for name in ("ours", "bare", "again")
        }
        samples = measure_workers(sides, pace)
        measured = ratio(walls(samples["ours"]), walls(samples["bare"]))
        sides_text = ", ".join(f"{name} {human(_median(walls(found)))}" for name, found in samples.items())
        yield Row(
            f"{what}{flushed}",
            f"≤ {target:.2f} × bare" if target else "—",
            f"{measured} × bare",
            measured.within(target) if target else None,
            sides_text,
            _WHY,
        )


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _drains(url: str, amounts: _Amounts) -> Iterator[Row]:
    alone = _drained(url, amounts, 1)
    many = _drained(url, amounts, amounts.drainers)
    for processes, found in ((1, alone), (amounts.drainers, many)):
        yield Row(
            f"draining {amounts.events:,} events, {processes} process{'es' if processes > 1 else ''}",
            "—",
            f"{found['rate']:,.0f} events a second",
            None,
            f"{found['requests']} requests, sent twice {found['duplicates']}",
        )
    limited = _drained(url, amounts, amounts.drainers, limit=LIMIT)
    possible = LIMIT * _SHARE * _MAX_EVENTS / 60
    yield Row(
        f"the same, {amounts.drainers} processes, at the limit of {LIMIT} requests a minute",
        f"≥ 0.90 × {possible:,.0f} events a second",
        f"{limited['rate']:,.0f} events a second, {limited['rate'] / possible:.2f} × the deliveries' half of the limit",
        limited["rate"] >= 0.9 * possible if amounts.events >= 100_000 else None,
        f"{limited['requests']} requests, refused {limited['refused']}, sent twice {limited['duplicates']}",
        "processes that do not know of each other's requests yet leave a part of it",
    )


def _drained(url: str, amounts: _Amounts, drainers: int, limit: int = 0) -> dict[str, Any]:
    """Deliver events that wait, and return how that went."""
    database = engines.database(url)
    with _program("sandbox", str(limit)) as sandbox:
        platform = _line(sandbox)
        _fill(database, platform, amounts.events)
        processes = [_program("drain", platform, database) for _ in range(drainers)]
        for process in processes:
            _line(process)
        for process in processes:
            _tell(process)
        _wait_until_empty(database)
        found = []
        for process in processes:
            _tell(process)
            found.append(json.loads(_line(process)))
        for process in processes:
            process.communicate()
        sandbox.communicate()
    sent = sorted(one for each in found for one in each["sent"])
    return {
        "rate": sum(one[1] for one in sent[1:]) / max(0.001, sent[-1][0] - sent[0][0]),
        "requests": len(sent),
        "duplicates": sum(one[2] for one in sent),
        "refused": sum(each["refused"].count(429) for each in found),
    }


def _fill(database: str, platform: str, events: int) -> None:
    import psycopg
    from postgres_work import record_one

    event_id = record_one(database, platform)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO openmonetize.events (account, wire)"
            " SELECT account, convert_to(replace(convert_from(wire, 'UTF8'), %s, gen_random_uuid()::text), 'UTF8')"
            " FROM openmonetize.events, generate_series(2, %s)",
            (event_id, events),
        )
        connection.execute("VACUUM ANALYZE openmonetize.events")


def _wait_until_empty(database: str) -> None:
    import psycopg

    with psycopg.connect(database, autocommit=True) as connection:
        while connection.execute("SELECT 1 FROM openmonetize.events LIMIT 1").fetchone():
            time.sleep(0.1)


def _program(*arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(BENCH / "postgres_work.py"), *arguments]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    if not line:
        raise RuntimeError(f"{' '.join(map(str, process.args[1:3]))} failed")  # type: ignore[index]
    return line


def _tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()
