"""Notice in a forked process that an object is a copy of its parent's.

Hooks set with `os.register_at_fork` are not enough: servers that fork in C, such as uWSGI, do not run them.
"""

from __future__ import annotations

import mmap
import os
import sys

_MADV_WIPEONFORK = 18  # from Linux's <asm-generic/mman-common.h>; `mmap` has no name for it


class ProcessMark:
    """A mark of the process that made it."""

    __slots__ = ("_page",)

    def __init__(self) -> None:
        self.renew()

    def renew(self) -> None:
        """Make it a mark of the present process."""
        self._page = _marked_page()

    def forked(self) -> bool:
        """Return whether the present process was forked from the one that made the mark.

        This is asked for every recorded event. Reading a page that is empty in forks takes 0.05 µs and `os.getpid`, a
        system call, 0.2 µs: a recording call takes 4.4 µs with the one and 4.65 µs with the other (Python 3.11, EPYC).
        """
        return not self._page[0]


class _Pid:
    """Stands for the page if the kernel does not empty pages in forks."""

    def __init__(self) -> None:
        self._pid = os.getpid()

    def __getitem__(self, index: int, /) -> int:
        return os.getpid() == self._pid


_page: mmap.mmap | _Pid | None = None  # shared by all marks of this process


def _marked_page() -> mmap.mmap | _Pid:
    """Return a page that begins with a one in this process and with a zero in its forks."""
    global _page
    page = _page
    if page is None or not page[0]:
        _page = page = _new_page()
    return page


def _new_page() -> mmap.mmap | _Pid:
    if sys.platform != "linux":
        return _Pid()
    page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    # QEMU's user mode reports success for advice that it ignores: https://bugs.launchpad.net/qemu/+bug/1875702
    if _takes_advice(page, -1) or not _takes_advice(page, _MADV_WIPEONFORK):
        return _Pid()
    page[0] = 1
    return page


def _takes_advice(page: mmap.mmap, advice: int) -> bool:
    try:
        page.madvise(advice)
    except OSError:  # for MADV_WIPEONFORK, a kernel before 4.14
        return False
    return True
