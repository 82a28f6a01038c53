"""A year of LiteLLM's spend logs is loaded by the command, killed, resumed, and checked against the ledger."""

from __future__ import annotations

import csv
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from openmonetize import OpenMonetize
from openmonetize.pricing import credits_for_tokens

pytest.importorskip("werkzeug")
pytest.importorskip("click")

from openmonetize.sandbox import Sandbox

pytestmark = pytest.mark.slow

CALLS = 200_000
OVERLAP = 500  # rows at the end of a month that the next month's export has too, by then with another spend
FAILED = 50  # of so many calls one has failed, and no tokens
USERS = 40
GRANT = 10**9
# The names of vendors, and those of the platform's price list.
MODELS = {
    "openai/gpt-4o": ("OPENAI", "gpt-4o"),
    "openai/gpt-4o-mini-2024-07-18": ("OPENAI", "gpt-4o-mini"),
    "anthropic/claude-sonnet-4-5-20250929": ("ANTHROPIC", "claude-4.5-sonnet"),
}
# A person waits ten minutes for all of it; here other tests run besides.
MAX_SECONDS = 600.0


def year(chance: random.Random) -> Iterator[dict[str, Any]]:
    """Yield the calls of a year, the first ones first."""
    start, gap = datetime(2025, 1, 1, tzinfo=timezone.utc), timedelta(days=365) / CALLS
    for number in range(CALLS):
        model = chance.choice(list(MODELS))
        failed = number % FAILED == 0
        at = start + number * gap
        yield {
            "request_id": f"chatcmpl-{number:032x}",
            "call_type": "acompletion",
            "startTime": at.strftime("%Y-%m-%d %H:%M:%S.%f"),
            "endTime": (at + timedelta(seconds=2)).strftime("%Y-%m-%d %H:%M:%S.%f"),
            "custom_llm_provider": model.partition("/")[0],
            "model": model,
            "prompt_tokens": 0 if failed else chance.randint(1, 20_000),
            "completion_tokens": 0 if failed else chance.randint(1, 2_000),
            "spend": 0.0 if failed else round(chance.random(), 6),
            "end_user": f"user_{chance.randrange(USERS)}",
            "metadata": json.dumps({"status": "failure" if failed else "success"}),
        }


def write_months(place: Path, calls: list[dict[str, Any]]) -> None:
    """Write twelve exports, compressed: CSV and JSON Lines in turn, each with the last rows of the month before."""
    size = -(-len(calls) // 12)
    for month in range(12):
        part = calls[month * size : (month + 1) * size]
        before = [{**row, "spend": row["spend"] + 1} for row in calls[max(0, month * size - OVERLAP) : month * size]]
        path = place / f"spend-{month + 1:02d}.{'jsonl' if month % 2 else 'csv'}.gz"
        with gzip.open(path, "wt", compresslevel=1, newline="", encoding="utf-8") as file:
            if month % 2:
                file.writelines(json.dumps(row) + "\n" for row in before + part)
            else:
                writer = csv.DictWriter(file, list(calls[0]))
                writer.writeheader()
                writer.writerows(before + part)


def test_a_year_of_spend_logs_is_loaded_killed_resumed_and_checked(tmp_path: Path) -> None:
    calls = list(year(random.Random(2025)))
    write_months(tmp_path, calls)
    owed: Counter[str] = Counter()
    for row in calls:
        tokens = row["prompt_tokens"], row["completion_tokens"]
        owed[f"acme_{row['end_user']}"] += credits_for_tokens(*MODELS[row["model"]], *tokens).credits
    used = CALLS - CALLS // FAILED

    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        for user in owed:
            om.credits.grant(user_id=user, amount=GRANT)
        mapping = ["--preset", "litellm-spend-logs", "--set", "user_id=acme_{end_user}"]
        command = [sys.executable, "-m", "openmonetize", "ingest", str(tmp_path / "*.gz"), *mapping, "--json"]
        own = {name: value for name, value in os.environ.items() if not name.startswith("OPENMONETIZE")}
        account = {"OPENMONETIZE_API_KEY": str(sandbox.key), "OPENMONETIZE_BASE_URL": sandbox.url}
        environment = {**own, **account, "XDG_CONFIG_HOME": str(tmp_path)}

        started = time.monotonic()
        for part in (0.2, 0.6):
            with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as process:
                try:
                    while process.poll() is None and count(sandbox) < part * used:
                        assert time.monotonic() - started < MAX_SECONDS
                        time.sleep(0.05)
                finally:
                    process.send_signal(signal.SIGKILL)
        before = count(sandbox)
        assert 0.6 * used <= before < used
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=MAX_SECONDS)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert time.monotonic() - started < MAX_SECONDS

        assert (report["rows"], report["refused"]) == (CALLS + 11 * OVERLAP, 0)
        # Rows of failed calls, those within the months' overlaps too.
        assert report["skipped"] == sum(not int(row["prompt_tokens"]) for row in calls) + 11 * OVERLAP // FAILED
        assert report["repeated"] == 11 * OVERLAP - 11 * OVERLAP // FAILED
        assert report["sent"] == used - before
        assert report["sent"] + report["duplicates"] + report["already_sent"] == used
        assert report["already_sent"] > 0  # the killed runs' checkpoint saved their quota
        assert count(sandbox) == used
        assert {user: GRANT - sandbox.balance(user) for user in owed} == owed
        assert sandbox.billed() == sum(owed.values())


def count(sandbox: Sandbox) -> int:
    """Return how many events the ledger has."""
    with sandbox.state.db.lock:
        (events,) = sandbox.state.db.execute("SELECT count(*) FROM events").fetchone()
    return int(events)
