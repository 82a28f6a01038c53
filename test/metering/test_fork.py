"""A mark of a process is known as its parent's in every process forked from it."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import Callable

import pytest

from openmonetize._fork import ProcessMark, _Pid

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="calls the C library's fork")


def in_child(check: Callable[[], bool], fork: Callable[[], int]) -> bool:
    """Return what a check finds in a forked process."""
    pid = fork()
    if not pid:
        os._exit(0 if check() else 1)
    return os.waitpid(pid, 0)[1] == 0


def fork_in_python() -> int:
    return os.fork()


def fork_in_c() -> int:
    """Fork as servers written in C do, without Python's hooks."""
    return int(ctypes.PyDLL(None).fork())


@pytest.fixture(params=["page", "pid"])
def mark(request: pytest.FixtureRequest) -> ProcessMark:
    made = ProcessMark()
    if request.param == "pid":  # where the kernel cannot empty a page in a fork
        made._page = _Pid()
    return made


@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("fork", [fork_in_python, fork_in_c])
def test_forks_of_forks_are_forks(mark: ProcessMark, fork: Callable[[], int]) -> None:
    def child() -> bool:
        own = ProcessMark()
        known = mark.forked() and not own.forked()
        return known and in_child(lambda: mark.forked() and own.forked() and not ProcessMark().forked(), fork)

    assert in_child(child, fork)
    assert not mark.forked()
    assert not ProcessMark().forked()
