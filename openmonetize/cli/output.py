"""Output of a long-running command: it never waits for whoever reads it, and is red only where that can be seen."""

from __future__ import annotations

import os
import select
import sys
from collections.abc import Iterable

# A pipe or terminal that is ready takes at least this many bytes without waiting (PIPE_BUF of POSIX is 512 or more).
_MAX_WRITTEN = 512

_RED, _PLAIN = "\x1b[31m", "\x1b[0m"


class Output:
    """Standard output. Lines that nobody takes are dropped, and their number is said once somebody does."""

    def __init__(self) -> None:
        self._dropped = 0
        self._ended = False
        self._coloured = shows_colours()

    def red(self, line: str) -> str:
        """Return a line that stands out on a terminal; `NO_COLOR` is honoured (https://no-color.org)."""
        return f"{_RED}{line}{_PLAIN}" if self._coloured else line

    def print(self, lines: Iterable[str]) -> None:
        """Write lines, as far as they are taken at once."""
        for line in lines:
            if self._dropped and self._write(f"({self._dropped} lines were not taken)"):
                self._dropped = 0
            if self._dropped or not self._write(line):
                self._dropped += 1

    def _write(self, line: str) -> bool:
        if self._ended:
            return False
        try:
            encoding = sys.stdout.encoding or "utf-8"
            text = (line + "\n").encode(encoding, "backslashreplace").decode(encoding)
            for start in range(0, len(text), _MAX_WRITTEN // 4):  # a character has up to four bytes
                if not _is_ready():
                    return start > 0
                sys.stdout.write(text[start : start + _MAX_WRITTEN // 4])
                sys.stdout.flush()
        except (OSError, ValueError):  # the reader of the output has ended; the command goes on
            self._ended = True
            return False
        return True


def _is_ready() -> bool:
    """Return whether standard output takes some bytes at once; not known on Windows."""
    if os.name == "nt":
        return True
    try:
        return bool(select.select([], [sys.stdout], [], 0)[1])
    except (OSError, ValueError):  # not a file of the operating system, or one that is always ready
        return True


def shows_colours() -> bool:
    """Return whether standard output is a terminal with colours, and its user wants them."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    if os.name == "nt" and "WT_SESSION" not in os.environ:  # the old console shows escapes as text
        return False
    return sys.stdout.isatty()
