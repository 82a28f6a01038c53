"""What each adapter tells of each kind of call, as the tests have shown: `inventory.csv`, and the guide's table of it.

A test that shows something is marked ``@pytest.mark.shows("LangChain", "metered", "stream")``. The session
``frameworks`` compares what has passed with the file; with ``OPENMONETIZE_WRITE_INVENTORY`` it writes file and table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
FILE = HERE / "inventory.csv"
GUIDE = HERE.parents[1] / "docs" / "guides" / "frameworks.md"
BEGIN, END = "<!-- the inventory, written by the tests -->\n", "<!-- the end of the inventory -->\n"

# The kinds of calls, as the columns of the table, and what a cell may say.
CASES = (
    "plain",
    "stream",
    "stream without usage",
    "ended early",
    "error",
    "retry",
    "fallback",
    "cache hit",
    "tools",
    "structured output",
    "async",
    "threads",
    "wrapped client below",
    "instrumented below",
)
OUTCOMES = ("metered", "partial", "not known", "not told", "nothing", "once")


class Shown(NamedTuple):
    """What a test has shown.

    Attributes:
        adapter: the framework, as its users write it.
        case: one of `CASES`.
        outcome: ``metered``: one event with the provider's tokens; ``partial``: one with fewer, marked so; ``not
            known``: counted as ``unmetered``; ``not told``: the framework tells nothing of it; ``nothing``: nothing was
            charged, and nothing is billed; ``once``: billed once, although both see it.
    """

    adapter: str
    case: str
    outcome: str


def in_order(shown: Iterable[Shown]) -> list[Shown]:
    """Return the rows as the file and the table have them."""
    return sorted(shown, key=lambda one: (one.adapter.lower(), CASES.index(one.case), one.outcome))


def read() -> set[Shown]:
    """Return what the file says."""
    with FILE.open(newline="", encoding="utf-8") as file:
        return {Shown(*row) for row in csv.reader(file)}


def write(shown: Iterable[Shown]) -> None:
    """Write the file, and the guide's table."""
    rows = in_order(shown)
    with FILE.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    text = GUIDE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    GUIDE.write_text(before + BEGIN + table(rows) + END + rest.split(END)[1], encoding="utf-8")


def table(shown: Iterable[Shown]) -> str:
    """Return the guide's table: a row for each adapter, a column for each case."""
    cells: dict[str, dict[str, str]] = {}
    for adapter, case, outcome in shown:
        row = cells.setdefault(adapter, {})
        row[case] = f"{row[case]}, {outcome}" if case in row else outcome
    lines = [f"| | {' | '.join(CASES)} |", f"| --- |{' --- |' * len(CASES)}"]
    lines += [
        f"| {adapter} | {' | '.join(row.get(case, '') for case in CASES)} |"
        for adapter, row in sorted(cells.items(), key=lambda item: item[0].lower())
    ]
    return "\n".join(lines) + "\n"


def check(shown: Shown) -> Shown:
    """Return it, or raise where a mark is misspelt."""
    if shown.case not in CASES or shown.outcome not in OUTCOMES:
        raise ValueError(f"{shown}: the case is one of {CASES}, and the outcome one of {OUTCOMES}")
    return shown
