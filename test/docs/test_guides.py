"""The Python blocks of the guides run as written, against the sandbox, and against one that bills later.

The blocks of a page share one namespace, in order. Only hosts and keys are substituted, most of them by the
environment; in the second run also the blocks' own sandboxes. A block that begins with a file name is a program and
runs in a process of its own. A comment after a print is its expected output. Provider clients are the real libraries
and talk to a server on loopback. A section that needs a library that is not installed is left out, and the page's test
is then skipped with the reason.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from providers.calls import library_warnings
from providers.server import ProviderServer

from openmonetize import OpenMonetize
from openmonetize.sandbox import Sandbox

from . import answers
from .pages import GUIDES, PAGES, PythonBlock, missing_libraries, sections, text

ROOT = GUIDES.parents[1]
# The sandbox of each run, and what stands in for those that the blocks start themselves.
AT_ONCE, LATER = "Sandbox(", "Sandbox(mode='faithful', processing_delay=0.15, "


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


@pytest.fixture
def provider() -> Iterator[ProviderServer]:
    server = answers.provider()
    yield server
    server.close()


@pytest.fixture
def kind() -> str:
    """How the sandboxes are made; the second run overrides it."""
    return AT_ONCE


@pytest.fixture
def page_run(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    provider: ProviderServer,
    kind: str,
) -> Iterator[Run]:
    sandbox = eval(f"{kind})").start()
    assert sandbox.key is not None
    hosts = {
        "Sandbox(": kind,
        "https://api.mistral.ai": provider.url,
        "http://localhost:8000": provider.url,
        # Cohere's library reads CO_API_URL when it is imported, which another test may have done before.
        "cohere.ClientV2()": f"cohere.ClientV2(base_url={provider.url!r})",
        "your-api-key": sandbox.key,
    }
    environment = {
        **answers.environment(provider.url),
        "OPENMONETIZE_API_KEY": sandbox.key,
        "OPENMONETIZE_BASE_URL": sandbox.url,
        "PYTHONPATH": str(ROOT),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    run = Run(request.param, tmp_path, hosts)
    yield run
    run.close()
    sandbox.stop()


EVERY_PAGE = pytest.mark.parametrize(
    ("page_run", "page"), [(page, page) for page in PAGES], indirect=["page_run"], ids=PAGES
)


@library_warnings
@EVERY_PAGE
def test_every_block_of_the_page_runs(page_run: Run, page: str) -> None:
    run_page(page_run, page)


@library_warnings
@pytest.mark.slow
@EVERY_PAGE
@pytest.mark.parametrize("kind", [LATER], ids=["later"])
def test_every_block_of_the_page_runs_where_billing_takes_time(page_run: Run, page: str) -> None:
    run_page(page_run, page)


def run_page(page_run: Run, page: str) -> None:
    found = sections(page)
    left_out = []
    for section in found:
        missing = missing_libraries(section, found)
        if missing:
            left_out.append(f"{section.title or page!r} needs {', '.join(sorted(missing))}")
            continue
        for block in section.blocks:
            page_run.block(block)
    if left_out:
        pytest.skip(f"all but: {'; '.join(left_out)}")


def test_the_index_links_all_pages() -> None:
    assert {f"]({name}.md)" in text("index") for name in PAGES if name != "index"} == {True}
