"""The demo's hour: ``sandbox --demo``, ``demo`` and ``demo --keep``; and events as they come in."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .conftest import KEY
from .program import COMMAND, TIMEOUT, Serving, run, take_ctrl_c

pytestmark = pytest.mark.slow  # a process for each command


def test_a_sandbox_starts_with_the_hour_billed_to_five_users(tmp_path: Path) -> None:
    database = str(tmp_path / "sandbox.db")
    with Serving("--demo", "--db", database) as serving:
        assert "demo: 28,185 requests of an hour of real LLM traffic were loaded" in serving.welcome
        with OpenMonetize("om_dev_test_key", serving.url) as client:
            usage = client.analytics.usage().data
            assert usage is not None
            assert usage.summary is not None
            assert usage.summary.total_events == 28_185
            assert usage.summary.total_credits_burned == 167_909
            balances = [user.credit_balance for user in client.users.iter_list(search="demo_")]
            assert sum(60_000 - (balance or 0) for balance in balances) == 167_909
        assert urllib3.request("GET", f"{serving.url}/").status == 200
        if os.name != "nt":
            serving.end(signal.SIGTERM)
    if os.name != "nt":
        with Serving("--demo", "--db", database) as serving:  # nothing is loaded twice
            assert "demo: 0 requests of an hour of real LLM traffic were loaded" in serving.welcome


def test_the_hour_needs_an_account() -> None:
    done = run("sandbox", "--demo", "--accounts", "none", "--port", "0")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "--accounts" in done.stderr


def test_demo_shows_what_was_metered() -> None:
    done = run("demo")
    assert (done.returncode, done.stderr) == (0, "")
    for number in ("19,366", "8,819", "105,598", "62,311", "167,909 credits burned; the reports say the same"):
        assert number in done.stdout


@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_demo_keep_goes_on_serving_until_it_is_ended(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "demo", "--keep"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as it:
        assert it.stdout is not None
        line = next(line for line in it.stdout if line.startswith("console: "))
        assert urllib3.request("GET", line.split()[1] + "health").status == 200
        it.send_signal(number)
        _, errors = it.communicate(timeout=TIMEOUT)
        assert (it.returncode, errors) == (0, "")


@pytest.mark.skipif(os.name == "nt", reason="needs SIGINT")
def test_events_are_followed_oldest_first_each_once() -> None:
    with Sandbox(key=KEY) as sandbox, OpenMonetize(KEY, sandbox.url) as client:
        ids = [record(client)]
        variables = {**os.environ, "OPENMONETIZE_API_KEY": KEY, "OPENMONETIZE_BASE_URL": sandbox.url}
        command = [sys.executable, "-m", "openmonetize", "events", "--follow", "--json"]
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=variables,
            preexec_fn=take_ctrl_c,
        ) as process:
            assert process.stdout is not None
            seen = [json.loads(process.stdout.readline())["id"]]
            ids += [record(client) for _ in range(3)]
            seen += [json.loads(process.stdout.readline())["id"] for _ in range(3)]
            process.send_signal(signal.SIGINT)
            rest, errors = process.communicate(timeout=TIMEOUT)
            assert (process.returncode, rest, errors.strip()) == (130, "", "")
    assert seen == ids


def record(client: OpenMonetize) -> str:
    event_id = client.track_custom_event(unit_type="page", quantity=1, user_id="acme_ada", feature_id="ocr")
    assert client.flush()
    return event_id
