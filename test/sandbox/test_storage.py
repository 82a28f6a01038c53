"""Accepted events survive a restart, and the death of the process."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
import urllib3

from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.clock import EPOCH

from .client import SandboxClient, event, events


def test_a_file_database_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path) as sandbox:
        client = SandboxClient(sandbox)
        customer_id = client.customer_id
        client.grant(100, "anna")
        client.ingest(event(user_id="anna", idempotency_key="one"))
        usage = client.get("/v1/analytics/usage?startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z").body
    with Sandbox(db=path) as sandbox:
        client = SandboxClient(sandbox)
        assert client.customer_id == customer_id
        assert client.get("/v1/users/anna/credits").body["data"]["balance"] == 92
        assert client.get("/v1/credits/balance").body["data"]["balance"] == "10000"
        assert (
            client.get("/v1/analytics/usage?startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z").body == usage
        )
        assert client.ingest(event(user_id="anna", idempotency_key="one")).body["status"] == "all_duplicates"


def test_events_that_wait_for_processing_survive_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path, processing_delay=3600) as sandbox:
        assert SandboxClient(sandbox).ingest(event()).status == 202
        assert sandbox.events() == []
    with Sandbox(db=path, processing_delay=3600) as sandbox:
        assert sandbox.events() == []
        sandbox.advance(seconds=3601)
        assert sandbox.billed() == 8


def test_the_moved_clock_survives_a_restart(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path) as sandbox:
        client = SandboxClient(sandbox)
        assert client.post("/_sandbox/clock", {"days": 31}).status == 200
        moved = _now(sandbox)
    with Sandbox(db=path) as sandbox:
        assert timedelta(0) <= _now(sandbox) - moved < timedelta(minutes=10)
        sandbox.set_time(datetime(2031, 5, 6, tzinfo=timezone.utc))
    with Sandbox(db=path) as sandbox:
        assert _now(sandbox).strftime("%Y-%m-%d") == "2031-05-06"
        sandbox.reset()
        assert abs(_now(sandbox) - datetime.now(timezone.utc)) < timedelta(minutes=1)
    with Sandbox(db=path) as sandbox:
        assert abs(_now(sandbox) - datetime.now(timezone.utc)) < timedelta(minutes=1)
    sandbox.advance(days=1)  # after its end it may be moved, but nothing is kept any more


def _now(sandbox: Sandbox) -> datetime:
    return EPOCH + timedelta(milliseconds=sandbox.state.clock.now())


def test_a_file_of_the_version_before_is_brought_up_to_date(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path) as sandbox:
        client = SandboxClient(sandbox)
        client.grant(100, "anna")
        client.ingest(event(user_id="anna", timestamp="1969-12-31T23:30:00Z"), event(user_id="anna"))
        uses = sandbox.state.db.rows("SELECT * FROM uses ORDER BY hour")
        assert next(tuple(row)[1:] for row in uses) == (-3_600_000, 8)
        client.close()
    with closing(sqlite3.connect(path)) as database:  # as that version left it
        database.executescript(
            """
            DROP TABLE uses; DROP TABLE clock; DROP TABLE queue; DROP TABLE dead_letters;
            CREATE TABLE queue (seq INTEGER PRIMARY KEY, customer INTEGER NOT NULL, batch_id TEXT NOT NULL,
                event TEXT NOT NULL, accepted_at INTEGER NOT NULL, due_at INTEGER NOT NULL);
            CREATE TABLE dead_letters (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,
                customer INTEGER NOT NULL, batch_id TEXT NOT NULL, event TEXT NOT NULL, accepted_at INTEGER NOT NULL,
                failed_at INTEGER NOT NULL, reason TEXT NOT NULL);
            PRAGMA user_version = 2;
            """
        )
        database.execute("INSERT INTO queue VALUES (1, 1, 'a', ?, 0, 0)", (json.dumps(event(user_id="anna")),))
        database.execute("INSERT INTO dead_letters VALUES (1, 'a', 1, 'a', ?, 5, 5, '')", (json.dumps(event()),))
        database.commit()
    with Sandbox(db=path) as sandbox:
        assert sandbox.state.db.rows("SELECT * FROM uses ORDER BY hour") == uses
        assert sandbox.balance("anna") == 76
        assert SandboxClient(sandbox).get("/v1/events/dlq").body["counts"] == {"active": 1}
        sandbox.advance(days=1)


_SERVE = """
import sys, threading
from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.clock import EPOCH
print(Sandbox(db=sys.argv[1]).start().url, flush=True)
threading.Event().wait()
"""


class IngestThread(threading.Thread):
    """Sends batches until the server is gone, and records which events were accepted."""

    def __init__(self, url: str, enough: threading.Event) -> None:
        super().__init__()
        self.url = url
        self.enough = enough
        self.accepted: set[str] = set()
        self.uncertain: set[str] = set()

    def run(self) -> None:
        with urllib3.PoolManager(retries=False, timeout=10.0) as pool:
            for number in range(10_000):
                batch = events(7, user_id=f"user-{number % 3}" if number % 2 else None)
                ids = {item["event_id"] for item in batch}
                headers = {"Authorization": "Bearer om_dev_test_key"}
                try:
                    response = pool.request(
                        "POST", f"{self.url}/v1/events/ingest", json={"events": batch}, headers=headers
                    )
                except urllib3.exceptions.HTTPError:
                    self.uncertain = ids
                    return
                assert response.status == 202
                self.accepted |= ids
                if number == 20:
                    self.enough.set()


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_no_accepted_event_is_lost_to_kill_9(tmp_path: Path) -> None:
    """The process is killed while it works, twice; afterwards every sum fits the stored events."""
    path = str(tmp_path / "sandbox.db")
    accepted: set[str] = set()
    uncertain: set[str] = set()
    for _ in range(2):
        server = subprocess.Popen([sys.executable, "-c", _SERVE, path], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        with server.stdout:
            url = server.stdout.readline().strip()
        enough = threading.Event()
        threads = [IngestThread(url, enough) for _ in range(2)]
        for thread in threads:
            thread.start()
        enough.wait(30)
        os.kill(server.pid, signal.SIGKILL)
        server.wait()
        for thread in threads:
            thread.join()
            accepted |= thread.accepted
            uncertain |= thread.uncertain
    with Sandbox(db=path) as sandbox:
        rows = sandbox.events()
        stored = {row["event_id"] for row in rows}
        assert accepted <= stored <= accepted | uncertain
        client = SandboxClient(sandbox)
        window = "startDate=2026-01-01T00:00:00Z&endDate=2027-01-01T00:00:00Z"
        summary = client.get(f"/v1/analytics/usage?{window}").body["data"]["summary"]
        assert summary["totalEvents"] == len(rows)
        assert summary["totalCreditsBurned"] == str(8 * len(rows))
        unfunded = sandbox.events(outcome="unfunded")  # these users have no wallets
        assert sum(row["totalEvents"] for row in client.get("/v1/users").body["data"]) == len(unfunded)
        assert sandbox.billed() == 8 * (len(rows) - len(unfunded))
        assert sandbox.balance() == 10_000 - sandbox.billed()
        assert client.get("/v1/events?limit=1").body["pagination"]["total"] == len(rows)
        client.close()


def test_a_file_holds_one_sandbox_at_a_time(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with Sandbox(db=path) as sandbox:
        for _ in range(2):
            with pytest.raises(ValueError, match=r"sandbox\.db' is in use by another sandbox"):
                Sandbox(db=path)
        assert SandboxClient(sandbox).grant(100, "anna").status == 200
    with Sandbox(db=path) as sandbox:
        assert sandbox.balance("anna") == 100


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there is no kill -9 here")
def test_the_file_of_a_killed_sandbox_can_be_opened_again(tmp_path: Path) -> None:
    path = str(tmp_path / "sandbox.db")
    with subprocess.Popen([sys.executable, "-c", _SERVE, path], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline()
        with pytest.raises(ValueError, match="in use"):
            Sandbox(db=path)
        server.kill()
    with Sandbox(db=path) as sandbox:
        assert SandboxClient(sandbox).ingest(event()).status == 202


def test_a_file_that_is_not_a_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("milk, eggs, a longer list of things that are not a database at all" * 50)
    with pytest.raises(ValueError, match="cannot be used as the sandbox's database"):
        Sandbox(db=str(path))


def test_a_database_of_another_program_is_refused(tmp_path: Path) -> None:
    path = str(tmp_path / "other.db")
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.close()
    with pytest.raises(ValueError, match="not a database of this version of the sandbox"):
        Sandbox(db=path)
