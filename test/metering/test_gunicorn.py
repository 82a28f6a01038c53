"""gunicorn with four workers: the application is loaded before or after the fork."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path

import pytest

from .fault_server import FaultServer
from .web_server import WebServer, restarts_gracefully, survives_killed_workers

settings = pytest.importorskip("gunicorn.config").make_settings
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")]


class Gunicorn(WebServer):
    def __init__(self, folder: Path, url: str, outbox: str, preload: bool, kind: str = "sync") -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        number = self.socket.fileno()
        command = [sys.executable, "-m", "gunicorn", "--workers", "4", "--bind", f"fd://{number}"]
        command += ["--no-control-socket"] * ("control_socket" in settings())
        command += ["--worker-tmp-dir", str(folder), "--graceful-timeout", "15"] + ["--preload"] * preload
        command += ["--worker-class", kind]
        command.append("metered_application")
        super().__init__(folder, command, url, outbox, self.socket.getsockname()[1], pass_fds=[number])

    def end(self) -> str:
        output = super().end()
        self.socket.close()
        return output


@pytest.fixture(params=[False, True], ids=["no-preload", "preload"])
def preload(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_graceful_restarts_lose_nothing_even_from_memory(
    server: FaultServer, tmp_path: Path, preload: bool, started: list[WebServer]
) -> None:
    gunicorn = Gunicorn(tmp_path, server.url, "", preload)
    started.append(gunicorn)
    restarts_gracefully(gunicorn, server)


def test_hard_restarts_lose_nothing_from_the_outbox(
    server: FaultServer, tmp_path: Path, preload: bool, started: list[WebServer]
) -> None:
    gunicorn = Gunicorn(tmp_path, server.url, str(tmp_path / "usage-outbox"), preload)
    started.append(gunicorn)
    survives_killed_workers(gunicorn, server)


def test_hard_restarts_of_gevent_workers_lose_nothing_from_the_outbox(
    server: FaultServer, tmp_path: Path, started: list[WebServer]
) -> None:
    pytest.importorskip("gevent")
    gunicorn = Gunicorn(tmp_path, server.url, str(tmp_path / "usage-outbox"), preload=False, kind="gevent")
    started.append(gunicorn)
    survives_killed_workers(gunicorn, server)
