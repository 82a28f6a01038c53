"""Runs the sandbox's guide: shell and Python blocks in order, pytest suites, and the steps of a CI job."""

from __future__ import annotations

import importlib.util
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "sandbox.md"
PORT = "3000"
TIMEOUT = 120.0

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.py)\n")
_EXPECTED_OUTPUT = re.compile(r"print\(.*\)  # (.*)$", re.MULTILINE)

# `pip` installs nothing, but fails unless it is asked for the right package. The other programs are this environment's.
_PROGRAMS = {
    "pip": 'case "$*" in *"openmonetize[sandbox]"*) ;; *) exit 1 ;; esac',
    "python": 'exec "$PYTHON" "$@"',
    "pytest": 'exec "$PYTHON" -m pytest -p no:cacheprovider -q "$@"',
    "openmonetize": 'exec "$PYTHON" -m openmonetize "$@"',
}


class GuideBlock(NamedTuple):
    language: str
    code: str


def blocks() -> list[GuideBlock]:
    return [GuideBlock(*found) for found in _BLOCK.findall(PAGE.read_text(encoding="utf-8"))]


class Guide:
    """Runs the blocks of the page in a directory of its own.

    A free port is used instead of port 3000. A block that is nothing but ``openmonetize sandbox ...`` serves until the
    next such block, or the end.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = str(free.getsockname()[1])
        self._serving: subprocess.Popen[str] | None = None
        self._names: dict[str, Any] = {"__name__": "guide"}
        programs = directory / "bin"
        programs.mkdir()
        for name, script in _PROGRAMS.items():
            (programs / name).write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
            (programs / name).chmod(0o755)
        self.environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "PYTHON": sys.executable,
            "OPENMONETIZE_BASE_URL": f"http://127.0.0.1:{self._port}",
            "OPENMONETIZE_API_KEY": "om_dev_test_key",
        }

    def run(self, block: GuideBlock) -> None:
        """Run a block, and compare its output with what the page says."""
        runners: dict[str, Callable[[str], None]] = {"bash": self._bash, "python": self._python, "yaml": self._yaml}
        runners[block.language](block.code.replace(PORT, self._port))

    def _bash(self, code: str) -> None:
        if code.startswith("openmonetize sandbox") and code.count("\n") == 1:
            self._serve(code)
        else:
            self._shell(code)

    def _serve(self, command: str) -> None:
        self.close()
        arguments = command.split()[1:]
        self._serving = subprocess.Popen(
            [sys.executable, "-m", "openmonetize", *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._serving.stdout is not None
        welcome = self._serving.stdout.readline()
        assert f"http://127.0.0.1:{self._port}" in welcome

    def _shell(self, code: str) -> None:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", code],
            cwd=self._directory,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
            check=False,
        )
        assert done.returncode == 0, f"{code}\n{done.stdout}{done.stderr}"

    def _python(self, code: str) -> None:
        file = _FILE.match(code)
        if "from openai import" in code and importlib.util.find_spec("openai") is None:
            return
        if file is not None:
            (self._directory / file.group(1)).write_text(code, encoding="utf-8")
            self._shell(f"pytest {file.group(1)}")
            return
        printed: list[str] = []
        self._names["print"] = lambda *values: printed.append(" ".join(map(str, values)))
        exec(compile(code, str(PAGE), "exec", dont_inherit=True), self._names)
        assert printed == _EXPECTED_OUTPUT.findall(code)

    def _yaml(self, code: str) -> None:
        yaml = pytest.importorskip("yaml")
        self.close()  # A CI job starts on another machine, where nothing serves yet.
        for job in yaml.safe_load(code)["jobs"].values():
            for step in job["steps"]:
                self._shell(step["run"])

    def close(self) -> None:
        """Stop the sandbox that serves."""
        if self._serving is not None:
            self._serving.terminate()
            self._serving.communicate(timeout=TIMEOUT)
            assert self._serving.returncode == 0
            self._serving = None
