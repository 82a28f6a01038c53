"""PostgreSQL and Redis for tests: servers of the distribution's packages, in directories of their own.

Each listens on a Unix socket in a temporary directory and on no port, so that runs side by side do not meet. Where a
server or its client library is not installed, tests that need it are skipped and say so.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_START_TIMEOUT = 60.0  # seconds


@contextmanager
def postgres() -> Iterator[str]:
    """Start PostgreSQL, and yield the URL of an empty database. It is stopped at the end."""
    psycopg = pytest.importorskip("psycopg", reason="psycopg is not installed")
    programs = _programs_of_postgres()
    if programs is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with _folder() as folder:
        as_user = _unprivileged(folder)
        data = folder / "data"
        # Nothing survives these tests' end: a disk flush for each commit would be a waste.
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}", "-c", "max_connections=300"]
        _run([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync"], as_user)
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, "-F", *options],
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_user,
        )
        url = f"postgresql://postgres@/postgres?host={folder}"

        def answers() -> bool:
            try:
                psycopg.connect(url).close()
            except psycopg.OperationalError:
                return False
            return True

        with _stopped(server, signal.SIGINT):  # a "fast shutdown", which does not wait for clients
            _wait(server, answers)
            yield url


@contextmanager
def redis() -> Iterator[str]:
    """Start Redis, and yield the URL of an empty database. It is stopped at the end."""
    library = pytest.importorskip("redis", reason="redis is not installed")
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("Redis is not installed: apt-get install redis-server")
    with _folder() as folder:
        socket = folder / "redis.sock"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no", "--dir", str(folder)]
        server = subprocess.Popen([program, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        url = f"unix://{socket}"

        def answers() -> bool:
            try:
                with library.Redis.from_url(url) as client:
                    return bool(client.ping())
            except library.RedisError:
                return False

        with _stopped(server, signal.SIGTERM):
            _wait(server, answers)
            yield url


@contextmanager
def _folder() -> Iterator[Path]:
    """Yield a directory with a short path, since that of a socket may have 107 bytes at most."""
    with tempfile.TemporaryDirectory(prefix="engine-", dir="/tmp" if os.path.isdir("/tmp") else None) as name:
        yield Path(name)


def _programs_of_postgres() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return None if initdb is None else Path(initdb).resolve().parent


def _unprivileged(folder: Path) -> dict[str, Any]:
    """Return how to start a program as somebody else than root, whom PostgreSQL refuses."""
    if os.getuid() != 0:
        return {}
    import pwd

    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: list[Any], as_user: dict[str, Any]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd="/", **as_user)
    assert done.returncode == 0, done.stdout


@contextmanager
def _stopped(server: subprocess.Popen[bytes], how: signal.Signals) -> Iterator[None]:
    try:
        yield
    finally:
        if server.poll() is None:
            server.send_signal(how)
        try:
            server.wait(_START_TIMEOUT)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait(server: subprocess.Popen[bytes], answers: Any) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not answers():
        assert server.poll() is None, f"the server has ended with {server.returncode}"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.02)
