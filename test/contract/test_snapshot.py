"""Public names, signatures and requests change only together with their snapshot."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from .snapshot import HERE, snapshots


@pytest.mark.parametrize("name", ["public_by_hand.txt", "public_generated.txt", "operations.csv"])
def test_public_names_and_signatures_match_the_snapshot(name: str) -> None:
    path: Path = HERE / name
    known = path.read_text(encoding="utf-8").splitlines()
    change = list(difflib.unified_diff(known, snapshots()[path].splitlines(), "known", "now", lineterm="", n=0))
    assert change == [], "\n".join(
        ["the public interface changed; if that is meant, run `python test/contract/snapshot.py`:", *change[:60]]
    )
