"""The benchmarks run. Their results are not checked here: that takes a machine without other load."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ROOT / "bench" / "run.py"


def run(part: str, page: Path, *options: str) -> str:
    command = [sys.executable, str(RUN), "--quick", "--only", part, "--output", str(page), *options]
    subprocess.run(command, check=True, timeout=300)
    return page.read_text()


@pytest.mark.slow
@pytest.mark.parametrize("part", ["client", "sandbox", "metering", "holds"])
def test_a_quick_run_writes_its_part_of_the_page(part: str, tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    page.write_text(f"# Results\n\n## {part.capitalize()}\n\nearlier\n\n## Another\n\nkept\n")
    text = run(part, page)
    assert text.count(f"## {part.capitalize()}") == 1
    assert "earlier" not in text
    assert text.endswith("\n\n## Another\n\nkept\n")
    assert text.count("| ≤ ") + text.count("| < ") >= 2 or part == "holds"  # which has no targets
    assert text.count("a reservation, ") >= 4 or part != "holds"
    assert " beside " not in text  # no other version is compared


@pytest.mark.slow
def test_another_version_is_measured_beside_this_one(tmp_path: Path) -> None:
    text = run("metering", tmp_path / "RESULTS.md", "--beside", f"neighbour={ROOT}")
    assert "| CPU ≤ 0.20 × neighbour |" in text
    assert text.count("neighbour, 1 process") >= 2
    assert str(ROOT) not in text


def test_a_directory_without_the_library_cannot_be_measured_beside_it(tmp_path: Path) -> None:
    command = [sys.executable, str(RUN), "--beside", f"neighbour={tmp_path}"]
    done = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True, timeout=60)
    assert done.returncode == 2
    assert "no package openmonetize in" in done.stderr
