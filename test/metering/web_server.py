"""A metered web application under a pre-fork server, and its visitors."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .fault_server import FaultServer
from .programs import environment

VISITORS = 4  # concurrent calls, so that every worker has something to do

APPLICATION = """
import os, time
from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.metering import Recorder

client = ApiClient(Configuration(os.environ["METER_URL"], access_token="om_live_a"))
recorder = Recorder(client, outbox=os.environ["METER_OUTBOX"] or None, flush_interval=0.2)

def application(environ, start_response):
    event = TokenUsageEvent(user_id="u", feature_id="f", provider="OPENAI", model="gpt-4o",
                            input_tokens=1, output_tokens=1)
    recorder.record(event)
    time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()} {event.event_id}".encode()]
"""


class WebServer:
    """Runs `APPLICATION`, which is the module `metered_application` in ``folder``.

    Args:
        folder: where the server runs.
        command: starts the server.
        url: the platform.
        outbox: path of the outbox; empty for memory.
        port: where the server listens.
    """

    def __init__(self, folder: Path, command: list[str], url: str, outbox: str, port: int = 0, **options: Any) -> None:
        (folder / "metered_application.py").write_text(APPLICATION)
        self.port = port
        self._log = folder / "server.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                command,
                cwd=folder,
                env={**environment(), "METER_URL": url, "METER_OUTBOX": outbox},
                stdout=log,
                stderr=subprocess.STDOUT,
                **options,
            )

    def output(self) -> str:
        """Return what the server has written so far."""
        return self._log.read_text(errors="replace")

    def calls(self, count: int, want_workers: int) -> tuple[set[str], set[int]]:
        """Make calls, at least until that many workers have responded. Return event ids and worker ids."""
        ids: set[str] = set()
        workers: set[int] = set()
        with ThreadPoolExecutor(VISITORS) as visitors:
            for number in range(0, 1000, VISITORS):
                if number >= count and len(workers) >= want_workers:
                    break
                for response in visitors.map(self._call, range(VISITORS)):
                    if response is not None:
                        workers.add(int(response[0]))
                        ids.add(response[1])
        return ids, workers

    def _call(self, _: int) -> list[str] | None:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", "/")
            worker, event_id = connection.getresponse().read().decode().split()
        except (OSError, http.client.HTTPException, ValueError):
            return None  # its worker was just killed
        finally:
            connection.close()
        return [worker, event_id]

    def end(self) -> str:
        """Stop the server gracefully, and return what it wrote."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        return self.output()


def restarts_gracefully(web: WebServer, server: FaultServer) -> None:
    """Replace the workers while they record: every event is delivered, once."""
    ids, before = web.calls(40, want_workers=3)
    web.process.send_signal(signal.SIGHUP)
    more, _ = web.calls(40, want_workers=3)
    output = web.end()
    assert set(server.ledger) == ids | more, output
    assert len(before) >= 3
    assert sum(server.sizes) == len(ids | more)


def survives_killed_workers(web: WebServer, server: FaultServer) -> None:
    """Kill the workers while the platform is down: the next ones deliver every event, once."""
    server.always = "503"
    ids, workers = web.calls(40, want_workers=3)
    for worker in workers:
        os.kill(worker, signal.SIGKILL)
    more, others = web.calls(40, want_workers=3)
    server.always = None
    output = web.end()
    assert server.wait_for(len(ids | more)), output
    assert ids | more <= set(server.ledger), output
    assert server.billed_once()
    assert others - workers
