"""Small programs that tests run in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from pathlib import Path
from textwrap import dedent
from typing import Any

_START = """
import os, sys, threading, time
from openmonetize import ApiClient, Configuration, TokenUsageEvent
from openmonetize.metering import Recorder
from openmonetize._http.retry import RetryPolicy

url, outbox = sys.argv[1], sys.argv[2] or None
client = ApiClient(Configuration(url, access_token="om_live_a"))
quick = RetryPolicy(base=0.002, cap=0.02, retry_after_cap=0.05)

def make_recorder(**options):
    return Recorder(client, outbox=outbox, retry=quick, **options)

def new_event(number=1):
    return TokenUsageEvent(user_id="u", feature_id="f", provider="OPENAI", model="gpt-4o",
                           input_tokens=number, output_tokens=1)

def most_resident():
    # In MiB, on Linux. getrusage tells it too, but includes what the process that started this one has had.
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024
"""


def program(folder: Path, text: str) -> Path:
    """Write a program to a file, so that spawned children can import it."""
    path = folder / "program.py"
    path.write_text(_START + dedent(text))
    return path


def fork() -> int:
    """Fork this process, beside whose threads newer Pythons warn of it. Return what `os.fork` does."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parents[2])
    return {**os.environ, "PYTHONPATH": root}


def start(path: Path, url: str, outbox: str, *more: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(path), url, outbox, *more],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def finish(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a program's end, and return what it wrote to stderr."""
    try:
        out, err = process.communicate(timeout=60)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
    assert process.returncode == code, out + err
    return err
