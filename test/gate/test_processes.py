"""64 parallel callers in 4 processes and a wallet for 10 calls: exactly 10 pass, also when processes are killed."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from metering.programs import environment

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .callers import CALLERS, CREDITS
from .conftest import SHARED

PROGRAM = Path(__file__).with_name("callers.py")
RUNS = int(os.environ.get("OPENMONETIZE_SOAK") or 2)

shared_stores = pytest.mark.parametrize("kind", SHARED, indirect=True)


class Callers:
    """A process of callers, which begin when they are told to."""

    def __init__(self, sandbox: Sandbox, user: str, **settings: Any) -> None:
        settings = {"callers": CALLERS, "patience": 0.0, "stuck": False, "ttl": 60.0, **settings}
        self._process = subprocess.Popen(
            [sys.executable, str(PROGRAM), sandbox.url, str(sandbox.key), user, json.dumps(settings)],
            env={**environment(), "PYTHONPATH": os.pathsep.join([environment()["PYTHONPATH"], *sys.path])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._words: list[str] = []
        self.wait_for("ready")

    def begin(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def wait_for(self, word: str, times: int = 1) -> None:
        assert self._process.stdout is not None
        while self._words.count(word) < times:
            line = self._process.stdout.readline()
            assert line, f"it ended, and said {self._words}"
            self._words.append(line.strip())

    def kill(self) -> None:
        self._process.kill()

    def end(self) -> Counter[str]:
        """Return how often it said each word."""
        out, _ = self._process.communicate(timeout=120)
        return Counter([*self._words, *out.split("\n")[:-1]])


def after_billing(om: OpenMonetize, sandbox: Sandbox, user: str) -> int:
    """Return the balance when the platform has billed everything."""
    for _ in range(200):
        before = sandbox.balance(user)
        time.sleep(0.3)
        if sandbox.balance(user) == before:
            return before
    raise AssertionError("it bills for ever")


@pytest.fixture
def shared(setting: Any, tmp_path: Path) -> dict[str, Any]:
    """The settings of processes that share a store, and an outbox."""
    return {"holds": setting, "outbox": str(tmp_path / "outbox")}


@shared_stores
def test_exactly_as_many_pass_as_the_wallet_has_credits_for(
    om: OpenMonetize, sandbox: Sandbox, user: str, shared: dict[str, Any]
) -> None:
    processes = [Callers(sandbox, user, **shared) for _ in range(4)]
    for process in processes:
        process.begin()
    said = sum((process.end() for process in processes), Counter[str]())
    assert (said["held"], said["settled"], said["denied"]) == (10, 10, 54), said
    assert said["flushed"] == 4
    assert after_billing(om, sandbox, user) == 0


@shared_stores
@pytest.mark.slow
@pytest.mark.parametrize("run", range(RUNS))
def test_the_holds_of_a_killed_process_come_back_and_nothing_is_overspent(
    om: OpenMonetize, sandbox: Sandbox, user: str, shared: dict[str, Any], run: int
) -> None:
    doomed = Callers(sandbox, user, stuck=True, ttl=3.0, callers=6, **shared)
    others = [Callers(sandbox, user, patience=8.0, **shared) for _ in range(3)]
    doomed.begin()
    doomed.wait_for("held", 6)
    for process in others:
        process.begin()
    time.sleep(random.uniform(0.0, 1.0))
    doomed.kill()
    assert doomed.end()["held"] == 6
    said = sum((process.end() for process in others), Counter[str]())
    assert (said["settled"], said["denied"]) == (10, 38), said
    assert after_billing(om, sandbox, user) == 0


@shared_stores
@pytest.mark.slow
@pytest.mark.parametrize("run", range(RUNS))
def test_kills_at_any_moment_overspend_nothing(
    om: OpenMonetize, sandbox: Sandbox, user: str, shared: dict[str, Any], run: int
) -> None:
    processes = [Callers(sandbox, user, patience=6.0, ttl=2.0, **shared) for _ in range(4)]
    for process in processes:
        process.begin()
    time.sleep(random.uniform(0.05, 0.6))
    for process in processes[:2]:
        process.kill()
    said = sum((process.end() for process in processes), Counter[str]())
    assert said["settled"] <= 10
    OpenMonetize(sandbox.key, sandbox.url, outbox=shared["outbox"]).close(30.0)  # what the killed left behind
    balance = after_billing(om, sandbox, user)
    # A process that was killed between counting its usage and recording it leaves that held, for a day.
    assert 0 <= balance <= 100 - CREDITS * said["settled"], said
