"""Test suites that use the plugin, written to a directory and run by pytest in another process."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

TIMEOUT = 120.0
_MODULE = "openmonetize.testing.plugin"


class Ran(NamedTuple):
    code: int
    output: str

    @property
    def summary(self) -> str:
        """The summary without the time, such as ``2 passed, 1 failed``."""
        return self.output.strip().splitlines()[-1].strip("= ").partition(" in ")[0]


def run(directory: Path, suite: str, *options: str, without: str | None = None, delay: str | None = None) -> Ran:
    """Run a suite; `without` names a package to treat as not installed, `delay` is the environment's delay."""
    (directory / "test_suite.py").write_text(dedent(suite), encoding="utf-8")
    # Warnings and undeclared markers are errors: users may run their suites with these options.
    settings = ["-W", "error", "--strict-markers", "-p", "no:cacheprovider", "-o", "addopts=", "-q", "--no-header"]
    program = "import sys; sys.path.insert(0, ''); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    if without is not None:
        program = program.replace("import pytest", f"sys.modules[{without!r}] = None; import pytest")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENMONETIZE_", "PYTEST_"))
    }
    if delay is not None:
        environment["OPENMONETIZE_SANDBOX_PROCESSING_DELAY"] = delay
    done = subprocess.run(
        [sys.executable, "-c", program, *_load(), *settings, *options, "test_suite.py"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def _load() -> list[str]:
    """Return the options that load the plugin: none if the library is installed, for pytest finds its entry point."""
    found = entry_points()
    group = found.select(group="pytest11") if hasattr(found, "select") else found.get("pytest11", [])
    return [] if any(each.value == _MODULE for each in group) else ["-p", _MODULE]
