"""The README's demo counts what the sandbox counts, and reports it, or fails."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def demo(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(ROOT / "examples" / "demo.py"), *arguments], cwd=ROOT, capture_output=True, text=True
    )


def test_the_shipped_hour_of_traffic() -> None:
    done = demo()
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == (
        "metered 28,185 requests: 40,421,844 input tokens, 4,334,561 output tokens, 167,909 credits; "
        "the sandbox counted the same"
    )


def test_another_trace(tmp_path: Path) -> None:
    trace = tmp_path / "own.csv"
    trace.write_text("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46.6805900,1000,20\n")
    done = demo("--trace", str(trace))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "assuming that own.csv was served by OPENAI gpt-4o-mini"
    assert lines[-1].startswith("metered 1 requests: 1,000 input tokens, 20 output tokens, 1 credits; the sandbox ")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("a,b\n1,2\n", "needs the columns TIMESTAMP, ContextTokens, GeneratedTokens"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n", "the trace has no requests"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:15:46,many,20\n", "'many'"),
        (None, "No such file"),
    ],
)
def test_an_invalid_trace_is_refused_with_the_reason(tmp_path: Path, content: str, reason: str) -> None:
    trace = tmp_path / "own.csv"
    if content is not None:
        trace.write_text(content)
    done = demo("--trace", str(trace))
    assert done.returncode == 2
    assert reason in done.stderr.splitlines()[-1]
