"""A reader's way through the guides: all of them, in the index's order, in one sandbox, as it is written there.

The two commands, the reader's programs and each page's session are processes of their own.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .pages import GUIDES, PAGES, text

ROOT = GUIDES.parents[1]
# Blocks of the index. They run on free ports.
SANDBOX, FAKE_PROVIDERS = "openmonetize sandbox", "python -m openmonetize.testing.fake_providers"


def in_order() -> list[str]:
    """Return the pages in the order of the index, which is the first."""
    return ["index", *re.findall(r"^\| \[[^\]]+\]\(([\w-]+)\.md\)", text("index"), re.M)]


def exports(lines: Iterator[str], last: str) -> dict[str, str]:
    """Return the variables of the lines that a command prints for the shell, up to the last one."""
    found: dict[str, str] = {}
    for line in lines:
        words = shlex.split(line)
        if words[:1] == ["export"]:
            name, _, value = words[1].partition("=")
            found[name] = value
            if name == last:
                return found
    raise AssertionError(f"the command has ended without {last}")


@contextmanager
def running(command: str, last: str) -> Iterator[dict[str, str]]:
    """Run a command in a terminal of its own while the block runs, and give what it exports."""
    words = shlex.split(command.replace("openmonetize sandbox", "python -m openmonetize sandbox --quiet"))
    arguments = [sys.executable, *words[1:], "--port", "0"]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield exports(iter(process.stdout.readline, ""), last)
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_all_pages_are_in_the_order() -> None:
    assert sorted(in_order()) == PAGES


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="the guides are for a POSIX shell")
def test_every_block_of_every_guide_runs_for_a_reader(tmp_path: Path, database: str) -> None:
    assert [f"```bash\n{command}\n```" in text("index") for command in (SANDBOX, FAKE_PROVIDERS)] == [True, True]
    left_out = []
    sandbox = running(SANDBOX, "OPENMONETIZE_API_KEY")
    fake = running(FAKE_PROVIDERS, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME")
    with sandbox as of_sandbox, fake as of_providers:
        own = {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "test")]), "DATABASE": database}
        environment = {**os.environ, **of_sandbox, **of_providers, **own}
        for page in in_order():
            session = subprocess.run(
                [sys.executable, "-m", "docs.reader", page],
                cwd=tmp_path,
                env=environment,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert session.returncode == 0, f"{page}: {session.stderr}"
            left_out += [f"{page}: {line}" for line in session.stdout.splitlines() if " needs " in line]
    if left_out:
        pytest.skip(f"all but: {'; '.join(left_out)}")
