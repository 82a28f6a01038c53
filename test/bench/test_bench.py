"""The benchmarks run. Their results are not checked here: that takes a machine without other load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[2] / "bench" / "run.py"


@pytest.mark.slow
@pytest.mark.parametrize("part", ["client", "sandbox", "metering"])
def test_a_quick_run_writes_its_page(part: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    command = [sys.executable, str(RUN), "--quick", "--only", part, "--output", str(page)]
    subprocess.run(command, check=True, timeout=300)
    text = page.read_text()
    assert f"## {part.capitalize()}" in text
    assert text.count("| ≤ ") + text.count("| < ") >= 2
