"""The file with what was observed in every cell, which the pages are made from."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .callers import CALLERS
from .cells import Cell
from .grid import FAULTS, Place, places

FILE = Path(__file__).with_name("observed.csv")
_HEAD = ("group", "fault", "mode", *CALLERS)


def text_of(cell: Cell) -> str:
    """Return a cell as it is in the file."""
    return "/".join("" if part is None else str(part) for part in cell[:5])


def write(cells: Mapping[Place, Cell]) -> None:
    """Write all cells."""
    rows: dict[tuple[str, str, str], dict[str, str]] = {}
    for place in places():
        rows.setdefault((place.group, place.fault, place.mode), {})[place.caller] = text_of(cells[place])
    with open(FILE, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(_HEAD)
        writer.writerows([*key, *(row.get(caller, "") for caller in CALLERS)] for key, row in rows.items())


def read() -> dict[Place, Cell]:
    """Return all cells of the file."""
    cells: dict[Place, Cell] = {}
    with open(FILE, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            for caller in filter(row.get, CALLERS):
                outcome, requests, done, key, time = row[caller].split("/")
                place = Place(row["group"], row["fault"], caller, row["mode"])
                cells[place] = Cell(outcome, _count(requests), _count(done), key, time)
    return cells


def _count(text: str) -> Any:
    return int(text) if text else None


GROUPS = list(dict.fromkeys(fault.group for fault in FAULTS))
