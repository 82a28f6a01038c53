"""PostgreSQL, pgbouncer and Redis for tests: servers of the distribution's packages, in directories of their own.

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
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_START_TIMEOUT = 60.0  # seconds


class PostgresServer:
    """A PostgreSQL server, which can be killed and started again.

    Args:
        folder: a directory of its own, where it listens as well.
        flush: whether a commit is flushed to the disk.

    Attributes:
        url: of its first, empty database.
    """

    def __init__(self, folder: Path, flush: bool) -> None:
        self.folder = folder
        self.url = f"postgresql://postgres@/postgres?host={folder}"
        self._programs = programs_of_postgres()
        self._as_user = _unprivileged(folder)
        listening = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={folder}"]
        self._options = [*listening, "-c", "max_connections=300", *([] if flush else ["-F"])]
        self._process: subprocess.Popen[bytes] | None = None

    def create(self) -> None:
        """Make an empty cluster."""
        data = ["-D", self.folder / "data"]
        _run([self._programs / "initdb", *data, "-U", "postgres", "-A", "trust", "--no-sync"], self._as_user)

    def copy(self, primary: PostgresServer) -> None:
        """Make a copy of a running server, which follows it from its start on."""
        options = ["-D", self.folder / "data", "-h", primary.folder, "-U", "postgres", "--write-recovery-conf"]
        _run([self._programs / "pg_basebackup", *options, "--checkpoint=fast", "--no-sync"], self._as_user)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        process = self._process = subprocess.Popen(
            [self._programs / "postgres", "-D", self.folder / "data", *self._options],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **self._as_user,
        )
        _wait(process, self._answers)

    def _answers(self) -> bool:
        import psycopg

        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True

    def kill(self) -> None:
        """End all of its processes with SIGKILL."""
        process = self._process
        assert process is not None
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        process.kill()
        for child in map(int, children):
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.wait()
        # A new server does not start while one of them is there.
        deadline = time.monotonic() + _START_TIMEOUT
        while any(_runs(int(child)) for child in children):
            assert time.monotonic() < deadline, "a killed process of PostgreSQL does not end"
            time.sleep(0.01)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it, by a "fast shutdown", which does not wait for clients, or another way."""
        if self._process is not None:
            _stop(self._process, how)


@contextmanager
def postgres_server(*, flush: bool = False) -> Iterator[PostgresServer]:
    """Start a PostgreSQL server, and yield it. It is stopped at the end.

    Args:
        flush: flush commits to the disk, which is a waste where nothing has to survive.
    """
    with _postgres(flush) as server:
        server.create()
        server.start()
        yield server


@contextmanager
def standby(primary: PostgresServer) -> Iterator[PostgresServer]:
    """Start a server that follows another one, and yield it. It is stopped at the end."""
    with _postgres(flush=True) as server:
        server.copy(primary)
        server.start()
        yield server


@contextmanager
def _postgres(flush: bool) -> Iterator[PostgresServer]:
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    if programs_of_postgres() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    with _folder() as folder:
        server = PostgresServer(folder, flush)
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def postgres() -> Iterator[str]:
    """Start PostgreSQL, and yield the URL of an empty database. It is stopped at the end."""
    with postgres_server() as server:
        yield server.url


@contextmanager
def pgbouncer(url: str, connections: int) -> Iterator[str]:
    """Start pgbouncer before a database, in the mode of transactions, and yield the URL to use instead.

    Args:
        url: of the database.
        connections: that it keeps to the server, for all clients together.
    """
    conninfo = pytest.importorskip("psycopg.conninfo", reason="psycopg is not installed")
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed: apt-get install pgbouncer")
    server = conninfo.conninfo_to_dict(url)["host"]
    with _folder() as folder:
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={server} user=postgres\n[pgbouncer]\nlisten_port = 5432\n"
            f"unix_socket_dir = {folder}\nauth_type = any\npool_mode = transaction\n"
            f"default_pool_size = {connections}\nmax_client_conn = 300\n"
        )
        process = subprocess.Popen(
            [program, "-q", settings],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **_unprivileged(folder),
        )
        try:
            _wait(process, (folder / ".s.PGSQL.5432").exists)
            yield url.replace(server, str(folder))
        finally:
            _stop(process, signal.SIGINT)


def database(url: str, tables: bool = True) -> str:
    """Return the URL of a new database on a server, with the tables of an outbox or without."""
    import psycopg

    from openmonetize.metering.buffers.postgres.schema import migration

    name = f"outbox_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(url, autocommit=True) as server:
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = 'outbox_tables'").fetchone():
            server.execute("CREATE DATABASE outbox_tables")
            with psycopg.connect(url.replace("/postgres?", "/outbox_tables?"), autocommit=True) as empty:
                empty.execute(migration().encode())
        template = "outbox_tables" if tables else "template0"
        server.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
    return url.replace("/postgres?", f"/{name}?")


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


def programs_of_postgres() -> Path | None:
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
        _stop(server, how)


def _stop(server: subprocess.Popen[bytes], how: signal.Signals) -> None:
    if server.poll() is None:
        server.send_signal(how)
    try:
        server.wait(_START_TIMEOUT)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _runs(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def _wait(server: subprocess.Popen[bytes], answers: Any) -> None:
    deadline = time.monotonic() + _START_TIMEOUT
    while not answers():
        assert server.poll() is None, f"the server has ended with {server.returncode}"
        assert time.monotonic() < deadline, "the server does not answer"
        time.sleep(0.02)
