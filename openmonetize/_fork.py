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

    __slots__ = ("_page", "_pid")

    def __init__(self) -> None:
        self._page = _marked_page()
        self._pid = os.getpid()

    def forked(self) -> bool:
        """Return whether the present process was forked from the one that made the mark.

        It is asked for every event. Reading a page that forks find empty costs 0.05 µs and `os.getpid`, a system
        call, 0.2 µs; a recording call takes 4.4 µs with the one and 4.65 µs with the other (Python 3.11, AMD EPYC).
        """
        page = self._page
        return os.getpid() != self._pid if page is None else not page[0]


_page: mmap.mmap | None = None  # shared by all marks of this process


def _marked_page() -> mmap.mmap | None:
    """Return a page that holds a one in this process and a zero in its forks; None where there is no such thing."""
    global _page
    page = _page
    if sys.platform == "linux" and (page is None or not page[0]):
        page = mmap.mmap(-1, mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        try:
            page.madvise(_MADV_WIPEONFORK)
        except OSError:  # a kernel before 4.14
            return None
        page[0] = 1
        _page = page
    return page
