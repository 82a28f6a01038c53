"""The demo of `make invoice`: what was recorded, billed and charged agrees to the cent after the repair."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

for library in ("openai", "anthropic", "google.genai", "genai_prices", "duckdb"):
    pytest.importorskip(library)

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]

# US dollars by model: what providers charge for the calls by their list prices, by a million tokens.
MILLION = Decimal(1_000_000)
CLAUDE_FIRST = (86 * 1 + 150_000 * Decimal("1.25") + 480 * 5) / MILLION
CLAUDE_LATER = (120 * 1 + 150_000 * Decimal("0.1") + 480 * Decimal("1.25") + 650 * 5) / MILLION
CLAUDE_CUT = (1_990 * 1 + 60 * 5) / MILLION
GEMINI = (1_000 * Decimal("1.25") + 1_274 * 10) / MILLION
GEMINI_CUT = (1_990 * Decimal("1.25") + 60 * 10) / MILLION
SEARCH = (1_000 * Decimal("2.5") + 4_000 * Decimal("1.25") + 345 * 10) / MILLION
BATCHED = (12_000 * Decimal("2.5") + 800 * 10) / 2 / MILLION
PROVIDER = {
    "claude-4.5-haiku": CLAUDE_FIRST + 23 * CLAUDE_LATER + CLAUDE_CUT,
    "gemini-2.5-pro": 16 * GEMINI + GEMINI_CUT,
    "gpt-4o": 12 * SEARCH + 30 * BATCHED,
}
# Credits: each call rounded up, 1,000 to the dollar. Of the cut streams, what the providers had told before.
CREDITS = {
    "claude-4.5-haiku": 190 + 23 * 19 + 2,
    "gemini-2.5-pro": 16 * 14 + 3,
    "gpt-4o": 12 * 11 + 30 * 19,
}
LOST = 3 * 11


def invoice(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "examples" / "invoice.py"), *arguments]
    environment = {**os.environ, "COLUMNS": "80", "PYTHONIOENCODING": "utf-8"}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, encoding="utf-8", timeout=120
    )


def tables(output: str) -> list[dict[str, list[Decimal]]]:
    """Return the three columns by model, of both tables."""
    rows = re.findall(r"^ +(\S+) +([\d.]+) +([\d.]+) +([\d.]+)(?: .*)?$", output, re.MULTILINE)
    found = [(name, [Decimal(value) for value in values]) for name, *values in rows]
    half = len(found) // 2
    return [dict(found[:half]), dict(found[half:])]


def test_the_three_columns_agree_to_the_cent_after_the_repair() -> None:
    done = invoice()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    before, after = tables(done.stdout)
    for model, usd in PROVIDER.items():
        billed = Decimal(CREDITS[model]) / 1000
        lost = Decimal(LOST if model == "gpt-4o" else 0) / 1000
        for found, platform in ((before, billed - lost), (after, billed)):
            assert found[model][:2] == [billed, platform]
            assert abs(found[model][2] - usd) <= Decimal("0.00005"), model  # it is shown to the hundredth of a cent
        assert abs(billed - usd) < Decimal("0.005"), model
    assert sum(CREDITS.values()) == 1558
    assert after["together"][:2] == [Decimal("1.558"), Decimal("1.558")]
    assert "3 of 42 missing" in done.stdout
    lines = done.stdout.splitlines()
    assert "  ✓ together: recorded $1.56, platform $1.56, provider $1.56" in lines
    assert "  ✓ acme-katherine-johnson's wallet: 1,558 credits burned" in lines
    assert lines[-1] == "three columns agree to the cent"
    assert not re.search(r"unexplained|cache_policy|unmetered|Traceback|fake-", done.stdout)


def test_without_the_repair_it_fails() -> None:
    done = invoice("--no-repair")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "✗ OPENAI: recorded $0.70, platform $0.67, provider $0.70" in done.stdout
    assert done.stdout.splitlines()[-1] == "the three columns do not agree: off by $0.0338"
