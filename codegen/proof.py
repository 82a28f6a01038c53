"""Proves generated files before they replace others: every module is imported, and every model built."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_TIMEOUT = 120.0  # seconds

_PROGRAM = """
import sys, warnings
warnings.simplefilter("error")
import openmonetize
from openmonetize import _exports
from openmonetize._schema.model import Model
for name in [*_exports.MODULES]:
    try:
        found = getattr(openmonetize, name)
        if isinstance(found, type) and issubclass(found, Model):
            found.model_rebuild(force=True)
            found.__pydantic_validator__, found.__pydantic_serializer__
    except Exception as error:
        print(f"{name}: {type(error).__name__}: {error}")
"""


class ProofError(Exception):
    """A generated file does not work."""


def prove(work: Path, package: Path) -> None:
    """Use the generated files in ``work`` with the hand-written ones of ``package``.

    Raises:
        ProofError: something does not work. The message names it.
    """
    with tempfile.TemporaryDirectory() as directory:
        tree = Path(directory) / "openmonetize"
        shutil.copytree(package, tree, ignore=shutil.ignore_patterns("__pycache__", "api", "models", "_exports.py"))
        shutil.copytree(work / "openmonetize", tree, dirs_exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": directory, "PYTHONDONTWRITEBYTECODE": "1"}
        done = subprocess.run(
            [sys.executable, "-c", _PROGRAM],
            cwd=directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
    if done.returncode or done.stdout:
        raise ProofError(f"the generated files do not work, and nothing was changed:\n{done.stdout.strip()}")
