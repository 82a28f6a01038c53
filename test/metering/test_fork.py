"""A mark of a process is known as its parent's in every process forked from it."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls the C library's fork")

# Runs in a process with a single thread: a child that was forked in C never gets the interpreter's lock
# if another thread of its parent had asked for it.
PROGRAM = """
import ctypes, os, sys
from openmonetize._fork import ProcessMark, _Pid

fork = os.fork if sys.argv[1] == "python" else lambda: int(ctypes.PyDLL(None).fork())

def in_child(check):
    pid = fork()
    if not pid:
        os._exit(0 if check() else 1)
    return os.waitpid(pid, 0)[1] == 0

mark = ProcessMark()
if sys.argv[2] == "pid":  # as on a kernel that cannot empty a page in a fork
    mark._page = _Pid()

def child():
    own = ProcessMark()
    known = mark.forked() and not own.forked()
    return known and in_child(lambda: mark.forked() and own.forked() and not ProcessMark().forked())

print(in_child(child), mark.forked(), ProcessMark().forked())
"""


@pytest.mark.parametrize("mark", ["page", "pid"])
@pytest.mark.parametrize("fork", ["python", "c"])
def test_forks_of_forks_are_forks(fork: str, mark: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, fork, mark], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.split() == ["True", "False", "False"]
