"""Celery with two prefork workers, whose broker is a directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import MakeRecorder
from .fault_server import FaultServer
from .programs import environment

pytest.importorskip("celery")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]

TASKS = """
import os
from celery import Celery
from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.metering import Recorder

folder = os.environ["METER_FOLDER"]
app = Celery("metered_tasks", broker="filesystem://", backend="file://" + folder)
app.conf.broker_transport_options = {"data_folder_in": folder, "data_folder_out": folder}
app.conf.worker_prefetch_multiplier = 1
client = ApiClient(Configuration(os.environ["METER_URL"], access_token="om_live_a"))
recorder = Recorder(client, outbox=os.environ["METER_OUTBOX"] or None, flush_interval=3600)

@app.task
def use():
    event = TokenUsageEvent(user_id="u", feature_id="f", provider="OPENAI", model="gpt-4o",
                            input_tokens=1, output_tokens=1)
    recorder.record(event)
    return event.event_id, os.getpid()

if __name__ == "__main__":
    for result in [use.delay() for _ in range(20)]:
        print(*result.get(timeout=60))
"""


class Workers:
    """A Celery worker with two processes, and those who give it tasks."""

    def __init__(self, folder: Path, url: str, outbox: str) -> None:
        self._folder = folder
        (folder / "metered_tasks.py").write_text(TASKS)
        broker = folder / "broker"
        broker.mkdir()
        self._environment = {
            **environment(), "METER_URL": url, "METER_OUTBOX": outbox, "METER_FOLDER": str(broker)
        }  # fmt: skip
        self._environment["PYTHONPATH"] += os.pathsep + str(folder)
        command = ["celery", "--app", "metered_tasks", "worker", "--pool", "prefork", "--concurrency", "2"]
        self.process = self._start("-m", *command, "--without-gossip", "--without-mingle", "--loglevel", "WARNING")

    def _start(self, *arguments: str) -> subprocess.Popen[str]:
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self._folder,
                env=self._environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def use(self) -> dict[str, int]:
        """Run twenty tasks. Return the ids of their events, each with the process that recorded it."""
        output, _ = self._start("metered_tasks.py").communicate(timeout=90)
        pairs = [line.split() for line in output.splitlines()]
        assert len(pairs) == 20, (self._folder / "log").read_text()
        return {event_id: int(worker) for event_id, worker in pairs}

    def end(self) -> None:
        """Stop the worker as an operator does, and wait for it."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise


def test_the_end_of_the_workers_delivers_what_they_have_in_memory(server: FaultServer, tmp_path: Path) -> None:
    workers = Workers(tmp_path, server.url, "")
    used = workers.use()
    assert not server.ledger
    workers.end()
    assert set(server.ledger) == set(used)
    assert server.billed_once()


def test_killed_workers_lose_nothing_from_the_outbox(
    server: FaultServer, tmp_path: Path, make_recorder: MakeRecorder
) -> None:
    outbox = tmp_path / "usage-outbox"
    workers = Workers(tmp_path, server.url, str(outbox))
    used = workers.use()
    for process in {workers.process.pid, *used.values()}:
        os.kill(process, signal.SIGKILL)
    workers.process.communicate(timeout=60)
    assert not server.ledger
    assert make_recorder(outbox=outbox).flush(30)
    assert set(server.ledger) == set(used)
    assert server.billed_once()
