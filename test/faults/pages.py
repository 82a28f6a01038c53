"""The pages: texts by hand in ``templates/``, with the tables and numbers of a run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from . import tables
from .callers import CALLERS, DEADLINE, EVENTS, MAX_ANSWER
from .cells import Cell
from .grid import FAULTS, Place
from .server import LATENCY

ROOT = Path(__file__).parents[2]
TEMPLATES = Path(__file__).with_name("templates")
PAGES = ("reliability", "security")
_NOTE = "<!-- Written by test/faults/report.py, from test/faults/templates/{}.md and what the run has observed. -->\n\n"
_SLOT = re.compile(r"\{(reliability|security): ([^}]+)\}")


def render(page: str, cells: Mapping[Place, Cell]) -> str:
    """Return a page."""
    text = _NOTE.format(page) + (TEMPLATES / f"{page}.md").read_text(encoding="utf-8")
    text = _SLOT.sub(lambda slot: getattr(tables, slot[1])(cells, *slot[2].split(", ")), text)
    numbers = {
        "faults": f"{len(FAULTS)}",
        "callers": f"{len(CALLERS)}",
        "cells": f"{len(cells):,}",
        "deadline": f"{DEADLINE:g}",
        "events": f"{EVENTS}",
        "latency": f"{LATENCY * 1000:g}",
        "largest": f"{MAX_ANSWER // 2**20}",
    }
    for name, number in numbers.items():
        text = text.replace(f"{{{name}}}", number)
    return text


def groups(page: str) -> list[str]:
    """Return the groups of faults that a page has tables of."""
    text = (TEMPLATES / f"{page}.md").read_text(encoding="utf-8")
    return [group for _, names in _SLOT.findall(text) for group in names.split(", ")]


def path(page: str) -> Path:
    """Return where a page is."""
    return ROOT / "docs" / f"{page}.md"


def write(cells: Mapping[Place, Cell]) -> None:
    """Write all pages."""
    for page in PAGES:
        path(page).write_text(render(page, cells), encoding="utf-8")
