"""Suites of somebody who uses the plugin: written to a directory, and run by a pytest of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from textwrap import dedent
from typing import List, NamedTuple, Optional

PATIENCE = 120.0
_MODULE = "openmonetize.testing.plugin"


class Ran(NamedTuple):
    code: int
    output: str

    @property
    def summary(self) -> str:
        """Such as ``2 passed, 1 failed``, without the time."""
        return self.output.strip().splitlines()[-1].strip("= ").partition(" in ")[0]


def run(directory: Path, suite: str, *options: str, without: Optional[str] = None) -> Ran:
    """Run a suite; `without` a package, as if that were not installed."""
    (directory / "test_suite.py").write_text(dedent(suite), encoding="utf-8")
    # Warnings are errors, and so are markers that nobody declares: the plugin must live with both.
    settings = ["-W", "error", "--strict-markers", "-p", "no:cacheprovider", "-o", "addopts=", "-q", "--no-header"]
    program = "import sys; sys.path.insert(0, ''); import pytest; sys.exit(pytest.main(sys.argv[1:]))"
    if without is not None:
        program = program.replace("import pytest", f"sys.modules[{without!r}] = None; import pytest")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPENMONETIZE_", "PYTEST_"))
    }
    done = subprocess.run(
        [sys.executable, "-c", program, *_load(), *settings, *options, "test_suite.py"],
        cwd=directory,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return Ran(done.returncode, done.stdout + done.stderr)


def _load() -> List[str]:
    """Nothing where the library is installed: its entry point is found. For a mere checkout, the plugin's name."""
    found = entry_points()
    group = found.select(group="pytest11") if hasattr(found, "select") else found.get("pytest11", [])
    return [] if any(each.value == _MODULE for each in group) else ["-p", _MODULE]
