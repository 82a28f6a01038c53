"""RESULTS.md: what was promised, what was measured, and why where the two differ."""

from __future__ import annotations

import platform
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import List, NamedTuple, Optional, Sequence


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        what: what was measured.
        target: the promise.
        measured: what came out.
        met: whether that keeps the promise; None where nothing was promised.
        sides: the absolute figures behind it, of this machine in this run.
        why: the reason for a miss.
    """

    what: str
    target: str
    measured: str
    met: Optional[bool] = None
    sides: str = ""
    why: str = ""


class Section(NamedTuple):
    """A part of the report."""

    title: str
    text: str
    rows: Sequence[Row]


def machine() -> str:
    """The machine in general terms."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {_version(name)}" for name in ("urllib3", "pydantic", "pydantic-core", "werkzeug"))
    return (
        f"{platform.system()} on {platform.machine()}, {cores} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, {packages}"
    )


def render(sections: Sequence[Section], command: str) -> str:
    """The whole page."""
    lines = [
        "# Results",
        "",
        f"Written by `{command}` on {date.today().isoformat()}: {machine()}.",
        "",
        "A figure is a ratio of medians of one run, in which all sides take turns, round by round; in brackets the",
        "quartiles of the rounds' own ratios. Times are those of this machine in this run, and mean little elsewhere.",
        "`CPU` is the ratio of the client's own CPU time.",
    ]
    for section in sections:
        lines += ["", f"## {section.title}", "", section.text.strip(), ""]
        lines += ["| what | target | measured | met | sides |", "| --- | --- | --- | --- | --- |"]
        lines += [
            f"| {row.what} | {row.target} | {row.measured} | {_verdict(row)} | {row.sides} |" for row in section.rows
        ]
        missed = [row for row in section.rows if row.met is False]
        if missed:
            lines += ["", "Not met:", ""]
            lines += [f"- {row.what}: {row.why or 'no reason found yet.'}" for row in missed]
    return "\n".join(lines) + "\n"


def _verdict(row: Row) -> str:
    return "" if row.met is None else "yes" if row.met else "**no**"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(absent)"


def summary(rows: List[Row]) -> str:
    """One line for the terminal."""
    judged = [row for row in rows if row.met is not None]
    return f"{sum(bool(row.met) for row in judged)} of {len(judged)} targets met"
