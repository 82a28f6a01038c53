"""uWSGI with four workers: the application is loaded before or after a fork that runs none of Python's hooks."""

from __future__ import annotations

import re
import sysconfig
import time
from pathlib import Path

import pytest

from .fault_server import FaultServer
from .web_server import WebServer, restarts_gracefully, survives_killed_workers

PROGRAM = Path(sysconfig.get_path("scripts")) / "uwsgi"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PROGRAM.exists(), reason="needs uWSGI: pip install pyuwsgi"),
]


class Uwsgi(WebServer):
    def __init__(self, folder: Path, url: str, outbox: str, lazy: bool) -> None:
        command = [str(PROGRAM), "--http-socket", "127.0.0.1:0", "--master", "--processes", "4", "--enable-threads"]
        command += ["--module", "metered_application", "--need-app", "--die-on-term"] + ["--lazy-apps"] * lazy
        super().__init__(folder, command, url, outbox)
        bound = None
        while bound is None and self.process.poll() is None:
            bound = re.search(r"bound to TCP address 127\.0\.0\.1:(\d+)", self.output())
            time.sleep(0.01)
        assert bound is not None, self.output()
        self.port = int(bound.group(1))


@pytest.fixture(params=[False, True], ids=["preload", "lazy-apps"])
def lazy(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


def test_graceful_restarts_lose_nothing_even_from_memory(
    server: FaultServer, tmp_path: Path, lazy: bool, started: list[WebServer]
) -> None:
    uwsgi = Uwsgi(tmp_path, server.url, "", lazy)
    started.append(uwsgi)
    restarts_gracefully(uwsgi, server)


def test_hard_restarts_lose_nothing_from_the_outbox(
    server: FaultServer, tmp_path: Path, lazy: bool, started: list[WebServer]
) -> None:
    uwsgi = Uwsgi(tmp_path, server.url, str(tmp_path / "usage-outbox"), lazy)
    started.append(uwsgi)
    survives_killed_workers(uwsgi, server)
