"""A pre-fork server with four workers, the application loaded before or after the fork."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Iterator, List, Set, Tuple

import pytest

from .fault_server import FaultServer
from .programs import environment

settings = pytest.importorskip("gunicorn.config").make_settings
pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

APPLICATION = """
import os
from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.metering import Recorder

client = ApiClient(Configuration(os.environ["METER_URL"], access_token="om_live_a"))
made = Recorder(client, outbox=os.environ["METER_OUTBOX"] or None, flush_interval=0.2)

def application(environ, start_response):
    one = TokenUsageEvent(user_id="u", feature_id="f", provider="OPENAI", model="gpt-4o",
                          input_tokens=1, output_tokens=1)
    made.record(one)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {one.event_id}".encode()]
"""


class Gunicorn:
    def __init__(self, folder: Path, url: str, outbox: str, preload: bool) -> None:
        (folder / "metered_application.py").write_text(APPLICATION)
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        number = self.socket.fileno()
        command = [sys.executable, "-m", "gunicorn", "--workers", "4", "--bind", f"fd://{number}"]
        command += ["--no-control-socket"] * ("control_socket" in settings())
        command += ["--worker-tmp-dir", str(folder), "--graceful-timeout", "15"] + ["--preload"] * preload
        self.process = subprocess.Popen(
            [*command, "metered_application"],
            cwd=folder,
            env={**environment(), "METER_URL": url, "METER_OUTBOX": outbox},
            pass_fds=[number],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def calls(self, count: int, want_workers: int) -> Tuple[Set[str], Set[int]]:
        """Make calls, and more until that many workers have answered. Returns event ids and worker ids."""
        ids: Set[str] = set()
        workers: Set[int] = set()
        for number in range(1000):
            if number >= count and len(workers) >= want_workers:
                break
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
            try:
                connection.request("GET", "/")
                worker, event_id = connection.getresponse().read().decode().split()
            except (OSError, http.client.HTTPException, ValueError):
                continue  # its worker was just killed
            finally:
                connection.close()
            ids.add(event_id)
            workers.add(int(worker))
        return ids, workers

    def end(self) -> str:
        self.process.send_signal(signal.SIGTERM)
        try:
            output, _ = self.process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
        self.socket.close()
        return output.decode()


@pytest.fixture(params=[False, True], ids=["no-preload", "preload"])
def preload(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def started() -> Iterator[List[Gunicorn]]:
    running: List[Gunicorn] = []
    yield running
    for one in running:
        one.end()


def test_graceful_restarts_lose_nothing_even_from_memory(
    server: FaultServer, tmp_path: Path, preload: bool, started: List[Gunicorn]
) -> None:
    gunicorn = Gunicorn(tmp_path, server.url, "", preload)
    started.append(gunicorn)
    ids, before = gunicorn.calls(40, want_workers=3)
    gunicorn.process.send_signal(signal.SIGHUP)
    more, _ = gunicorn.calls(40, want_workers=3)
    output = gunicorn.end()
    assert set(server.ledger) == ids | more, output
    assert len(before) >= 3
    assert sum(server.sizes) == len(ids | more)


def test_hard_restarts_lose_nothing_from_the_outbox(
    server: FaultServer, tmp_path: Path, preload: bool, started: List[Gunicorn]
) -> None:
    server.always = "503"
    gunicorn = Gunicorn(tmp_path, server.url, str(tmp_path / "usage.db"), preload)
    started.append(gunicorn)
    ids, workers = gunicorn.calls(40, want_workers=3)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    more, others = gunicorn.calls(40, want_workers=3)
    server.always = None
    output = gunicorn.end()
    assert server.wait_for(len(ids | more)), output
    assert ids | more <= set(server.ledger), output
    assert server.billed_once()
    assert others - workers
