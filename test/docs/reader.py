"""Runs a guide as a reader would: its blocks in one namespace, in order, its files as programs of their own.

`python -m docs.reader PAGE` runs one page in this process, with the addresses and keys of the environment, and prints
which sections it has left out.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .pages import GUIDES, PythonBlock, missing_libraries, names, sections


class Run:
    """One run of a page.

    Args:
        page: the page's name.
        folder: the directory for its files.
        hosts: hosts and keys in the text, and their substitutes.
    """

    def __init__(self, page: str, folder: Path, hosts: dict[str, str]) -> None:
        self._page = page
        self._folder = folder
        self._hosts = hosts
        self._printed: set[int] = set()
        self._expected: dict[int, str] = {}
        self.names: dict[str, Any] = {"__name__": "guide", "print": self._print}

    def block(self, block: PythonBlock) -> None:
        """Run one block, and compare its output with the comments."""
        code = block.code
        for host, substitute in self._hosts.items():
            code = code.replace(host, substitute)
        if block.file is not None:
            self._program(block.file, code, list(block.expected.values()))
            return
        self._expected, self._printed = block.expected, set()
        path = str(GUIDES / f"{self._page}.md")
        exec(compile("\n" * block.line + code, path, "exec", dont_inherit=True), self.names)
        assert self._printed == set(self._expected), f"{self._page}.md: a print that does not run"

    def _print(self, *values: object) -> None:
        line = sys._getframe(1).f_lineno
        assert " ".join(map(str, values)) == self._expected[line], f"{self._page}.md, line {line}"
        self._printed.add(line)

    def _program(self, name: str, code: str, expected: list[str]) -> None:
        (self._folder / name).write_text(code, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, name], cwd=self._folder, env=dict(os.environ), capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        assert done.stdout.splitlines() == expected, done.stderr

    def close(self) -> None:
        """Close every client and sandbox that the page has left open."""
        for value in list(self.names.values()):
            if isinstance(value, OpenMonetize):
                value.close(1.0)
            elif isinstance(value, Sandbox):
                value.stop()
        self.names.clear()
        gc.collect()  # collects what provider libraries leave open here, not in another test

    def page(self) -> list[str]:
        """Run all blocks, and return which sections are left out, and why."""
        found = sections(self._page)
        left_out = []
        lacking: set[str] = set()  # names of sections that are left out
        for section in found:
            used, assigned = names(section)
            missing = missing_libraries(section, found) or used & lacking - self.names.keys()
            if missing:
                left_out.append(f"{section.title or self._page!r} needs {', '.join(sorted(missing))}")
                lacking |= assigned
                continue
            for block in section.blocks:
                self.block(block)
        return left_out


def main(page: str) -> None:
    run = Run(page, Path.cwd(), {})
    try:
        sys.stdout.write("".join(f"{line}\n" for line in run.page()))
    finally:
        run.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
