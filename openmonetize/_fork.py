"""Telling a process from its forks, cheaply enough to ask for every event."""

from __future__ import annotations

import mmap
import os
import sys
from typing import Protocol

_WIPE_ON_FORK = 18  # Linux's MADV_WIPEONFORK, for which `mmap` has no name


class ProcessMark(Protocol):
    """``mark[0]`` is true in the process that made the mark, and false in any that was forked from it.

    Servers that fork in C, such as uWSGI, run none of Python's fork hooks.
    """

    def __getitem__(self, index: int, /) -> int: ...


class _Pid:
    """Asks the system, which costs as much as all the checks of an event."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __getitem__(self, index: int, /) -> int:
        return os.getpid() == self._pid


def mark_process() -> ProcessMark:
    """A mark of the present process."""
    if sys.platform != "linux":
        return _Pid()
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    try:
        page.madvise(_WIPE_ON_FORK)  # the kernel hands a child this page empty
    except OSError:  # a kernel before 4.14
        return _Pid()
    page[0] = 1
    return page
