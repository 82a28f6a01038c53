"""How long `make generate` takes: for our contract, and for those of others that the tests have."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from report import Row, Section

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test"))

from codegen.foreign_contracts import CONTRACTS, overlay, unpacked  # noqa: E402

# Seconds of CPU time.
MAX_CPU = 10.0

_TEXT = """
`codegen/generate.py`, into a temporary tree: reading, printing, formatting, and the proof: every name imported, every
model built, all of it type-checked by mypy without a cache, every call made over loopback. CPU time, the least of three
runs. Contracts of others are those of `test/codegen/foreign`, with their overlays.
"""


def measure(pace: Any) -> Section:
    """Return the section of the report."""
    del pace  # a run takes seconds, and varies little
    rows = [_row("our contract", [], MAX_CPU)]
    with tempfile.TemporaryDirectory() as directory:
        for foreign in CONTRACTS:
            changed = overlay(foreign)
            options = ["--spec", str(unpacked(foreign, Path(directory)))]
            options += ["--overlay", str(changed)] if changed else []
            rows.append(_row(f"{foreign.name}: {foreign.operations} calls, {foreign.models} models", options, None))
    return Section("Generation", _TEXT, rows)


def _row(what: str, options: list[str], limit: float | None) -> Row:
    whole, without = (min(_seconds([*options, *more]) for _ in range(3)) for more in ([], ["--without-types"]))
    target = f"≤ {limit:.0f} s" if limit else ""
    return Row(
        what, target, f"{whole:.1f} s", whole <= limit if limit else None, f"without the type check {without:.1f} s"
    )


def _seconds(options: list[str]) -> float:
    """Return the CPU time of one run, with the processes that it starts."""
    with tempfile.TemporaryDirectory() as target:
        before = os.times()
        command = [sys.executable, str(ROOT / "codegen" / "generate.py"), "--target", target, *options]
        subprocess.run(command, check=True, timeout=300)
        after = os.times()
    return (after.children_user - before.children_user) + (after.children_system - before.children_system)
