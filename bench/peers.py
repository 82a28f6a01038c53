"""Other recorders, installed from the package index into a temporary virtual environment."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PACKAGES = (
    "posthog",
    "segment-analytics-python",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
)


class Unavailable(Exception):
    """The recorders cannot be installed here; the text says why."""


def install(directory: Path) -> str:
    """Create the environment in ``directory`` and return the path of its interpreter.

    Raises:
        Unavailable: the environment cannot be created, or the package index cannot be reached.
    """
    python = directory / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    commands = (
        [sys.executable, "-m", "venv", str(directory)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
    )
    for command in commands:
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise Unavailable(f"`{' '.join(command[1:4])} ...` failed: {done.stdout.strip().splitlines()[-1]}")
    return str(python)


def versions(python: str) -> str:
    """Return the names and versions of the installed packages."""
    code = "import importlib.metadata as m, sys; print(', '.join(f'{n} {m.version(n)}' for n in sys.argv[1:]))"
    return subprocess.run([python, "-c", code, *PACKAGES], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
