"""The sandbox's guide: its blocks run, and its lists are complete."""

from __future__ import annotations

import argparse
import os
import re
import shutil
from pathlib import Path

import pytest

from openmonetize.cli import sandbox as command
from openmonetize.cli.parser import Parser
from openmonetize.sandbox import Sandbox
from openmonetize.sandbox.defects import DEFECTS
from openmonetize.sandbox.fates import FATES
from openmonetize.sandbox.http.faults import KINDS
from openmonetize.testing import plugin

from .guide import PAGE, Guide, blocks

TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.skipif(os.name == "nt" or shutil.which("curl") is None, reason="the guide is for a POSIX shell with curl")
@pytest.mark.slow  # whole test suites within it
def test_every_block_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guide = Guide(tmp_path)
    for name in ("OPENMONETIZE_BASE_URL", "OPENMONETIZE_API_KEY"):
        monkeypatch.setenv(name, guide.environment[name])
    try:
        for block in blocks():
            guide.run(block)
    finally:
        guide.close()


def test_every_option_is_listed() -> None:
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(parser_class=Parser)
    command.add_command(commands)
    options = {name for action in commands.choices["sandbox"]._actions for name in action.option_strings}
    assert set(re.findall(r"^\| `(--[\w-]+)", TEXT, re.MULTILINE)) == options - {"-h", "--help"}


def test_every_defect_is_listed_with_its_description() -> None:
    section = TEXT.partition("| defect |")[2].partition("\n\n")[0]
    assert dict(re.findall(r"^\| `([\w-]+)` \| (.*) \|$", section, re.MULTILINE)) == dict(DEFECTS)


def test_every_fault_is_listed() -> None:
    section = TEXT.partition("| fault |")[2].partition("\n\n")[0]
    listed = {name.partition("=")[0] for name in re.findall("`([^`]+)`", section)}
    assert listed - {"429", "500", "503"} == set(KINDS)


def test_every_fault_of_events_is_listed() -> None:
    section = TEXT.partition("| switch |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| fault `([\w-]+)`", section, re.MULTILINE)) == set(FATES)


def test_every_setting_of_the_marker_is_listed() -> None:
    (sentence,) = re.findall(r"nearest one wins\. It\ntakes (.*?):\n", TEXT, re.DOTALL)
    assert tuple(re.findall(r"`(\w+)`", sentence)) == plugin._SETTINGS


def test_every_route_is_listed() -> None:
    with Sandbox() as sandbox:
        routes = {
            f"{method} {path}" for method, path in sandbox.control.pages if "/console" not in path and path != "/"
        }
    assert set(re.findall(r"`((?:GET|POST) /_sandbox/[\w-]+)", TEXT)) == routes


def test_links_lead_somewhere() -> None:
    titles = re.findall("^#+ (.*)$", TEXT, re.MULTILINE)
    headings = {re.sub(r"[^\w ]", "", title).lower().replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert target[1:] in headings if target.startswith("#") else (PAGE.parent / target).is_file(), target


def test_the_pictures_are_small() -> None:
    assert (PAGE.parent / "images" / "console.png").stat().st_size < 120_000
    assert (PAGE.parent / "images" / "chart.png").stat().st_size < 60_000
