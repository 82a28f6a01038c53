"""Containers of one machine that share an outbox on a volume: each has process ids and mounts of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .fault_server import FaultServer
from .programs import environment, finish, program

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
