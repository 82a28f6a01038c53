"""Processes that record, deliver, verify and repair are killed at any moment: each event is billed once in the end."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

pytest.importorskip("werkzeug")

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")]

USER = "acme-ada-lovelace"
GRANT = 1_000_000
PROGRAM = """
import logging, sys, time
from openmonetize import OpenMonetize
from openmonetize.metering.verification import verifier

logging.disable()
verifier.FIRST_LOOK_INTERVAL = 0.1
om = OpenMonetize(sys.argv[1], sys.argv[2], outbox=sys.argv[3], verify=True, flush_interval=0.05, flush_at=20)
print("ready", flush=True)
while True:
    usage = {"provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 500}
    print(om.track_token_usage(**usage, user_id="acme-ada-lovelace", feature_id="chat"), flush=True)
    time.sleep(0.002)
"""


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_processes_of_an_outbox_leave_nothing_lost_and_nothing_doubled(tmp_path: Path, seed: int) -> None:
    chance, outbox, recorded = random.Random(seed), tmp_path / "usage-outbox", set()
    faults = ("accept-and-lose:5%", "accept-nothing:5%")
    # What one process was sending when it was killed, the other sends at once: the first may be in the queue still.
    taken_over: list[tuple[float, float]] = []
    with Sandbox(processing_delay=0.05, faults=faults) as sandbox:
        with OpenMonetize(sandbox.key, sandbox.url) as om:
            om.credits.grant(user_id=USER, amount=GRANT)
        arguments = [sys.executable, "-c", PROGRAM, str(sandbox.key), sandbox.url, str(outbox)]
        for _ in range(6):
            running = [subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) for _ in range(2)]
            for process in running:
                assert process.stdout is not None and process.stdout.readline() == "ready\n"
            time.sleep(chance.uniform(0.5, 3.0))
            began = time.time()
            for process in running:
                time.sleep(chance.uniform(0.0, 0.3))
                process.send_signal(signal.SIGKILL)
            taken_over.append((began, time.time() + 0.5))
            for process in running:
                lines = process.communicate(timeout=20)[0].split("\n")
                recorded |= {line for line in lines if len(line) == 36}  # the last may be cut off

        with OpenMonetize(sandbox.key, sandbox.url, outbox=outbox, verify="report") as om:
            report, deadline = None, time.monotonic() + 90
            while not report:  # what is lost again can be found as soon as there is later traffic
                assert time.monotonic() < deadline, report
                om.track_api_call(user_id=USER, feature_id="end")
                report = om.verify(timeout=3, repair=True)
            assert report.repaired > 0
        stored = Counter(event["event_id"] for event in sandbox.events(feature_id="chat"))
        assert recorded <= stored.keys() and set(stored.values()) == {1}
        copies = [letter for letter in sandbox.dead_letters() if "stored already" in letter["reason"]]
        accepted = {
            datetime.fromisoformat(letter["accepted_at"].replace("Z", "+00:00")).timestamp() for letter in copies
        }
        # Of what was sent again because it was lost, nothing was in the queue still.
        assert all(any(first <= second <= last for first, last in taken_over) for second in accepted), (
            accepted,
            taken_over,
        )
        assert sandbox.balance(USER) == GRANT - 8 * len(stored)
