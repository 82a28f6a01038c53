"""Clients that are generated from contracts of the tests, and programs that use them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]


def generate(
    contract: Path, target: Path, overlay: "Path | None" = None, *, with_types: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run the generator on a contract, into a tree."""
    command = [sys.executable, str(ROOT / "codegen" / "generate.py"), "--spec", str(contract), "--target", str(target)]
    command += ["--overlay", str(overlay)] if overlay else []
    command += [] if with_types else ["--without-types"]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def client(contract: Path, target: Path, overlay: "Path | None" = None) -> Path:
    """Return a tree with the hand-written package and what is generated from a contract."""
    shutil.copytree(
        ROOT / "openmonetize",
        target / "openmonetize",
        ignore=shutil.ignore_patterns("__pycache__", "api", "models", "_exports.py", "_servers.py"),
    )
    done = generate(contract, target, overlay)
    assert done.returncode == 0, done.stdout + done.stderr
    return target


def beginning(class_name: str) -> str:
    """Return how a program begins that calls an API class of a generated client at the URL that it is given."""
    return f"""
import datetime as dt, json, sys, warnings
import openmonetize as om
api = om.{class_name}(om.ApiClient(om.Configuration(sys.argv[1], access_token="om_live_a", retries=0)))
def told(call):
    try:
        return repr(call())
    except om.OpenApiException as error:
        return str(error)
"""


def run(tree: Path, program: str, *arguments: str) -> Any:
    """Run a program with a generated client, and return what it prints, as JSON."""
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)
