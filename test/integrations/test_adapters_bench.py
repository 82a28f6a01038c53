"""The benchmark of the adapters runs. What it measures is not checked here: that takes a machine without other load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

RUN = Path(__file__).parents[2] / "bench" / "run.py"
PAGE = "# Results\n\n## Adapters of frameworks\n\nearlier\n\n| another | — | CPU 1.00 |  |  |\n\n## Another\n\nkept\n"


def test_a_quick_run_adds_its_rows(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text(PAGE)
    environment = os.environ["OPENMONETIZE_FRAMEWORKS"]
    command = [sys.executable, str(RUN), "--quick", "--frameworks", environment, "--output", str(page)]
    subprocess.run(command, check=True, timeout=500)
    text = page.read_text()
    assert text.count("| CPU ") >= 4  # three adapters and the row that was there
    assert "| another | — | CPU 1.00 |  |  |\n" in text
    assert "earlier" not in text
    assert text.endswith("\n\n## Another\n\nkept\n")
