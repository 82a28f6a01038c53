"""Processes that record usage in a database and deliver it, and are killed at any moment."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import engines

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .programs import environment

USER = "acme-ada-lovelace"
FEATURE = "orders"
CREDITS = 8  # of one event
USAGE: dict[str, Any] = {
    "provider": "openai",
    "model": "gpt-4o",
    "input_tokens": 1000,
    "output_tokens": 500,
    "user_id": USER,
    "feature_id": FEATURE,
}

_START = """
import logging, random, sys, time
url, key, database, seed, hours, verify = sys.argv[1:]
ahead, real = 3600.0 * float(hours), time.time
if ahead:
    time.time = lambda: real() + ahead

import psycopg
from openmonetize import OpenMonetize
from openmonetize.exceptions import OpenApiException
from openmonetize.metering.buffers.postgres import outbox
from openmonetize.metering.verification import verifier

logging.disable()
outbox.LEASE_SECONDS = 2.0
outbox.PostgresOutbox.poll_interval = 0.05
verifier.FIRST_LOOK_INTERVAL = 0.1

"""
# Each order is committed with its usage, and one of ten is rolled back. What is known of its outcome is written.
_WRITER = """
chance, connection = random.Random(int(seed)), None
om = OpenMonetize(key, url, outbox=database, deliver=False)
usage = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}
print("ready", flush=True)
while True:
    rolled_back = chance.random() < 0.1
    try:
        connection = connection or psycopg.connect(database, prepare_threshold=None)
        with connection.transaction():
            id = om.track_token_usage(**usage, user_id="acme-ada-lovelace", feature_id="orders", connection=connection)
            connection.execute("INSERT INTO orders VALUES (%s)", (id,))
            if rolled_back:
                raise psycopg.Rollback
    except (psycopg.Error, psycopg.Rollback, OpenApiException):
        if connection is not None:
            connection.close()
        connection = None
        time.sleep(0.05)
        continue
    print("rolled-back" if rolled_back else "committed", id, flush=True)
    time.sleep(0.001)
"""
_DRAINER = """
om = OpenMonetize(key, url, outbox=database, flush_interval=0.05, flush_at=100, verify=verify == "verify")
print("ready", flush=True)
while True:
    time.sleep(1.0)
"""
PROGRAMS = {"writer": _START + _WRITER, "drainer": _START + _DRAINER}


class Fleet:
    """Writers and drainers.

    Args:
        sandbox: where the usage is delivered.
        database: the outbox.
        folder: for what they write.
        writers, drainers: how many of each.
        hours: by which their clocks are ahead, in turn.
        verify: whether they look for what the platform has lost.

    Attributes:
        kills: how many were killed.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        database: str,
        folder: Path,
        writers: int = 2,
        drainers: int = 2,
        hours: tuple[float, ...] = (0.0,),
        verify: bool = False,
    ) -> None:
        self._folder = folder
        self._fixed = [sandbox.url, str(sandbox.key), database]
        self._verify = "verify" if verify else "no"
        self._hours = hours
        self._started = 0
        self.kills = 0
        self._running = [self._start(kind) for kind in ["writer"] * writers + ["drainer"] * drainers]

    def _start(self, kind: str) -> tuple[str, subprocess.Popen[bytes], Path]:
        self._started += 1
        hours = self._hours[self._started % len(self._hours)]
        path = self._folder / f"{kind}-{self._started}.txt"
        arguments = [*self._fixed, str(self._started), str(hours), self._verify]
        with path.open("wb") as output, path.with_suffix(".errors").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-c", PROGRAMS[kind], *arguments], stdout=output, stderr=errors, env=environment()
            )
        return kind, process, path

    def wait_until_ready(self) -> None:
        """Wait until all have begun."""
        deadline = time.monotonic() + 120.0
        while not all(path.stat().st_size for _, _, path in self._running):
            assert time.monotonic() < deadline, "a process does not begin"
            time.sleep(0.01)

    def kill_one(self, chance: random.Random) -> None:
        """Kill any of them that has begun, and start another one in its place."""
        begun = [place for place, (_, _, path) in enumerate(self._running) if path.stat().st_size]
        if not begun:
            return
        place = chance.choice(begun)
        self._kill(*self._running[place])
        self._running[place] = self._start(self._running[place][0])

    def _kill(self, kind: str, process: subprocess.Popen[bytes], path: Path) -> None:
        assert process.poll() is None, f"a {kind} has ended by itself"
        process.kill()
        process.wait()
        self.kills += 1
        errors = path.with_suffix(".errors").read_text()
        assert not errors, errors

    def end(self) -> None:
        """Kill all."""
        while self._running:
            self._kill(*self._running.pop())

    def told(self, outcome: str) -> set[str]:
        """Return the orders of which a writer has said that they are ``committed``, or ``rolled-back``."""
        lines = [line for path in self._folder.glob("writer-*.txt") for line in path.read_text().split("\n")[:-1]]
        return {line.split()[1] for line in lines if line.startswith(outcome)}


def shop(url: str) -> str:
    """Return the URL of a new database with the tables of an outbox, and one of orders."""
    import psycopg

    database = engines.database(url)
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE orders (event_id text PRIMARY KEY)")
    return database


def drain(sandbox: Sandbox, database: str, timeout: float = 180.0) -> Any:
    """Deliver all that is there, have it billed, and return the final counts."""
    deadline = time.monotonic() + timeout
    with OpenMonetize(sandbox.key, sandbox.url, outbox=database, flush_interval=0.05) as om:
        while True:
            om.flush(timeout=timeout)  # what killed processes have leased, it does not wait for
            stats = om.stats()
            if stats.unknown is None and not stats.pending:
                break
            assert time.monotonic() < deadline, stats
            time.sleep(0.1)
    assert stats.tracked == stats.accepted + stats.duplicate, stats
    sandbox.advance(seconds=1)  # what it has accepted, it bills a moment later
    return stats


def orders(database: str) -> set[str]:
    """Return the committed orders."""
    import psycopg

    with psycopg.connect(database) as connection:
        return {row[0] for row in connection.execute("SELECT event_id FROM orders")}


def billed(sandbox: Sandbox) -> set[str]:
    """Return the orders that are billed, each of them once."""
    events = Counter(event["event_id"] for event in sandbox.events(feature_id=FEATURE))
    assert set(events.values()) <= {1}
    assert sandbox.billed(USER) == CREDITS * len(events)
    return set(events)


def grant(sandbox: Sandbox) -> None:
    """Give the user credits for all orders."""
    with OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id=USER, amount=100_000_000)
