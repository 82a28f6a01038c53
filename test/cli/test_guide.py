"""The guide of the command line: its commands are understood, and its table of exit codes is that of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from openmonetize.cli import exit_codes
from openmonetize.sandbox import Sandbox

from .conftest import KEY, Run, die

pytestmark = pytest.mark.slow  # a process for each command

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "command-line.md").read_text(encoding="utf-8")
_BLOCKS = re.findall(r"```bash\n(.*?)```", GUIDE, re.DOTALL)
COMMANDS = [line for block in _BLOCKS for line in block.splitlines() if line.startswith("openmonetize")]
_FILES = ("usage-outbox", "refused.jsonl", "focus.csv")
_GO_ON = ("openmonetize sandbox",)


def test_its_exit_codes_are_those_of_the_program() -> None:
    rows = dict(re.findall(r"^\| ([0-9]+) \| (.*) \|$", GUIDE, re.MULTILINE))
    assert {int(code): meaning for code, meaning in rows.items()} == exit_codes.MEANINGS


@pytest.mark.parametrize("line", [line for line in COMMANDS if not line.startswith(_GO_ON)])
def test_its_commands_are_understood(om: Run, platform: Sandbox, tmp_path: Path, line: str) -> None:
    arguments = shlex.split(line.partition(" && ")[0])[1:]
    if "usage-outbox" in arguments:
        die(str(tmp_path / "usage-outbox"), KEY, platform.url, 1)
    arguments = [str(tmp_path / each) if each in _FILES else each for each in arguments]
    done = om(*arguments, given=f"{KEY}\n")
    assert done.returncode in (exit_codes.DONE, exit_codes.NO, exit_codes.NOT_FOUND), done.stderr
