"""Runs a guide as a reader would: its blocks in one namespace, in order, its files as programs of their own.

`python -m docs.reader PAGE` runs one page in this process, with the addresses and keys of the environment, and prints
which sections it has left out; `DATABASE` is the address of one with the tables of an outbox.
`python -m docs.reader PAGE SECTION` runs one of those that need a framework.
"""

from __future__ import annotations

import ast
import asyncio
import gc
import inspect
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from integrations.guides import EXAMPLES, WHOLE_PAGES, wait_for

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from .pages import GUIDES, PythonBlock, missing_libraries, names, sections

DATABASE = "postgresql://usage_app@db.internal/shop"  # which the examples name


class Run:
    """One run of a page.

    Args:
        page: the page's name.
        folder: the directory for its files.
        hosts: hosts and keys in the text, and their substitutes.

    Attributes:
        hosts: as given.
        names: of the page's code.
    """

    def __init__(self, page: str, folder: Path, hosts: dict[str, str]) -> None:
        self._page = page
        self._folder = folder
        self.hosts = hosts
        self._printed: set[int] = set()
        self._expected: dict[int, str] = {}
        self.names: dict[str, Any] = {"__name__": "guide", "print": self._print}

    def block(self, block: PythonBlock) -> None:
        """Run one block, as a notebook does with ``await``, and compare its output with the comments."""
        code = block.code
        for host, substitute in self.hosts.items():
            code = code.replace(host, substitute)
        if block.file is not None:
            self._program(block.file, code, list(block.expected.values()))
            return
        self._expected, self._printed = block.expected, set()
        path = str(GUIDES / f"{self._page}.md")
        compiled = compile("\n" * block.line + code, path, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        if compiled.co_flags & inspect.CO_COROUTINE:
            asyncio.run(eval(compiled, self.names))
        else:
            exec(compiled, self.names)
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
        """Run all blocks but those that run with their frameworks, and return which sections are left out, and why."""
        found = sections(self._page)
        left_out = []
        lacking: set[str] = set()  # names of sections that are left out
        for section in found:
            if self._page in WHOLE_PAGES or (self._page, section.title) in EXAMPLES:
                continue
            used, assigned = names(section)
            missing = missing_libraries(section, found) or used & lacking - self.names.keys()
            if missing:
                left_out.append(f"{section.title or self._page!r} needs {', '.join(sorted(missing))}")
                lacking |= assigned
                continue
            for block in section.blocks:
                self.block(block)
        return left_out

    def example(self, title: str) -> None:
        """Run a section that needs a framework, with what is around it, until its events are delivered."""
        example = EXAMPLES[self._page, title]
        (section,) = (one for one in sections(self._page) if one.title == title)
        with example.around(self):
            for block in section.blocks:
                self.block(block)
        wait_for(self, len(example.events))


def main(page: str, *titles: str) -> None:
    run = Run(page, Path.cwd(), {DATABASE: os.environ["DATABASE"]} if "DATABASE" in os.environ else {})
    try:
        if titles:
            run.example(*titles)
        else:
            sys.stdout.write("".join(f"{line}\n" for line in run.page()))
    finally:
        run.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
