"""What was accepted is there: after a restart, and after the process was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import urllib3

from openmonetize.sandbox import Sandbox

from .talk import Talk, event, events


def test_a_file_database_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path) as sandbox:
        talk = Talk(sandbox)
        customer_id = talk.customer_id
        talk.grant(100, "anna")
        talk.ingest(event(user_id="anna", idempotency_key="one"))
        usage = talk.get("/v1/analytics/usage?startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z").body
    with Sandbox(db=path) as sandbox:
        talk = Talk(sandbox)
        assert talk.customer_id == customer_id
        assert talk.get("/v1/users/anna/credits").body["data"]["balance"] == 92
        assert talk.get("/v1/credits/balance").body["data"]["balance"] == "10000"
        assert talk.get("/v1/analytics/usage?startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z").body == usage
        assert talk.ingest(event(user_id="anna", idempotency_key="one")).body["status"] == "all_duplicates"


def test_events_that_wait_for_processing_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path, processing_delay=3600) as sandbox:
        assert Talk(sandbox).ingest(event()).status == 202
        assert sandbox.events() == []
    with Sandbox(db=path, processing_delay=3600) as sandbox:
        assert sandbox.events() == []
        sandbox.advance(seconds=3601)
        assert sandbox.billed() == 8


_SERVE = """
import sys, threading
from openmonetize.sandbox import Sandbox
print(Sandbox(db=sys.argv[1]).start().url, flush=True)
threading.Event().wait()
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_no_accepted_event_is_lost_to_kill_9(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    accepted = set()
    for round_number in range(2):
        server = subprocess.Popen([sys.executable, "-c", _SERVE, path], stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            url = server.stdout.readline().strip()
            with Sandbox() as local:  # only for the client's shape; the requests go to the other process
                talk = Talk(local)
                for _ in range(30):
                    batch = events(20, feature_id=f"round-{round_number}")
                    reply = _post(url, talk.key, batch)
                    assert reply == 202
                    accepted.update(item["event_id"] for item in batch)
                talk.close()
            os.kill(server.pid, signal.SIGKILL)
        finally:
            server.kill()
            server.wait()
            if server.stdout is not None:
                server.stdout.close()
    with Sandbox(db=path) as sandbox:
        stored = {item["event_id"] for item in sandbox.events()}
        assert stored == accepted
        assert sandbox.billed() == 8 * len(accepted)
        assert sandbox.balance() == 10_000 - sandbox.billed()


def _post(url: str, key: object, batch: object) -> int:
    with urllib3.PoolManager(retries=False, timeout=10.0) as pool:
        headers = {"Authorization": f"Bearer {key}"}
        answer = pool.request("POST", f"{url}/v1/events/ingest", json={"events": batch}, headers=headers)
        return int(answer.status)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, eggs, a longer list of things that are not a database at all" * 50)
    with pytest.raises(ValueError, match="cannot be used as the sandbox's database"):
        Sandbox(db=str(path))


def test_a_database_of_something_else_is_refused(tmp_path: Path) -> None:
    import sqlite3

    path = str(tmp_path / "other.db")
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(ValueError, match="not a database of this version of the sandbox"):
        Sandbox(db=path)
