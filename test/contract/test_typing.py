"""Users' code under mypy and pyright: `typed/accepted.py` has no errors, `typed/refused.py` one in each statement."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from .contract import HERE, ROOT

ACCEPTED, REFUSED = HERE / "typed" / "accepted.py", HERE / "typed" / "refused.py"


def wrong_lines() -> set[int]:
    lines = REFUSED.read_text().splitlines()
    return {number for number, line in enumerate(lines, 1) if line.endswith("  # wrong")}


@pytest.mark.slow  # checks the whole package
def test_mypy(tmp_path: Path) -> None:
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", f"--cache-dir={tmp_path}"]
    done = subprocess.run([*command, str(ACCEPTED), str(REFUSED)], cwd=ROOT, capture_output=True, text=True)
    found = re.findall(r"^(\S+?):(\d+): error: ", done.stdout, re.MULTILINE)
    assert [line for line in done.stdout.splitlines() if "accepted.py" in line] == []
    assert {int(line) for file, line in found if file.endswith("refused.py")} == wrong_lines(), done.stdout
    assert done.stderr == ""


@pytest.mark.slow
def test_pyright() -> None:
    pytest.importorskip("pyright")
    command = [
        sys.executable,
        "-m",
        "pyright",
        "--outputjson",
        "--pythonpath",
        sys.executable,
        "--pythonversion",
        "3.9",
    ]
    done = subprocess.run([*command, str(ACCEPTED), str(REFUSED)], cwd=ROOT, capture_output=True, text=True)
    found = [
        (Path(each["file"]).name, each["range"]["start"]["line"] + 1, each["message"])
        for each in json.loads(done.stdout)["generalDiagnostics"]
        if each["severity"] == "error"
    ]
    assert [each for each in found if each[0] != "refused.py"] == []
    assert {line for _, line, _ in found} == wrong_lines(), found
