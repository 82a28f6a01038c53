"""Containers of one machine that share an outbox on a volume: each has process ids and mounts of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .conftest import MakeRecorder
from .fault_server import FaultServer
from .programs import environment, finish, program
from .spool_tools import files

UNSHARE = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child"]

pytestmark = pytest.mark.skipif(
    not shutil.which("unshare") or os.geteuid() != 0 or subprocess.run([*UNSHARE, "true"], check=False).returncode != 0,
    reason="only root makes namespaces, on Linux, and not in every container",
)

FIRST = """
recorder = make_recorder(flush_interval=3600)
for number in range(50):
    recorder.record(new_event(number))
assert os.getpid() < 10, os.getpid()
print("recorded", flush=True)
time.sleep(60)
"""

SECOND = """
recorder = make_recorder()
assert recorder.flush(30)
assert recorder.stats().accepted == int(sys.argv[3]), recorder.stats()
recorder.close()
"""

BOTH = """
recorder = make_recorder(flush_interval=0.01, flush_at=10)
for number in range(300):
    event = new_event(number)
    recorder.record(event)
    print(event.event_id, file=sys.stderr)
    time.sleep(0.001)
if sys.argv[3] == "ends":
    os._exit(0)
assert recorder.close(20)
"""


def contain(folder: Path, text: str, url: str, volume: Path, mounted_at: str, *more: str) -> subprocess.Popen[str]:
    """Run a program with process ids of its own, that sees a volume at a path of its own."""
    folder.mkdir()
    mount = f"mkdir -p {mounted_at} && mount --bind {volume} {mounted_at} && exec " + '"$@"'
    command = [sys.executable, str(program(folder, text)), url, f"{mounted_at}/usage-outbox", *more]
    return subprocess.Popen(
        [*UNSHARE, "sh", "-c", mount, "sh", *command],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_container_delivers_what_a_killed_one_left_and_nothing_of_a_running_one(
    server: FaultServer, tmp_path: Path
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    first = contain(tmp_path / "1", FIRST, server.url, volume, str(tmp_path / "mnt-a"))
    assert first.stdout is not None
    assert first.stdout.readline() == "recorded\n", first.communicate()
    finish(contain(tmp_path / "2", SECOND, server.url, volume, str(tmp_path / "mnt-b"), "0"))
    assert not server.ledger  # the first one is alive, though its process id says nothing here
    first.kill()
    first.communicate(timeout=30)
    finish(contain(tmp_path / "3", SECOND, server.url, volume, str(tmp_path / "mnt-b"), "50"))
    assert len(server.ledger) == 50
    assert server.billed_once()


@pytest.mark.parametrize("end", ["closes", "ends"])
def test_two_containers_record_at_once(
    server: FaultServer, make_recorder: MakeRecorder, tmp_path: Path, end: str
) -> None:
    volume = tmp_path / "volume"
    volume.mkdir()
    processes = [
        contain(tmp_path / name, BOTH, server.url, volume, str(tmp_path / f"mnt-{name}"), end) for name in "12"
    ]
    recorded = {line for process in processes for line in finish(process).split()}
    assert len(recorded) == 600
    recorder = make_recorder(outbox=volume / "usage-outbox")
    assert recorder.flush(30)
    assert set(server.ledger) == recorded
    assert server.billed_once()
    assert not server.sent_at_once
    recorder.close()
    assert not files(volume / "usage-outbox", ".events")
