"""The report, RESULTS.md: targets, measurements, and the reasons where a target is missed."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple, Optional

_INTRODUCTION = """# Results

A result is a ratio of medians of one run, in which all sides take turns, round by round; in brackets are the
quartiles of the ratios of single rounds. Times are of this machine in this run, and mean little elsewhere.
`CPU` is the ratio of the client's own CPU time.
"""
_SECTION = re.compile(r"^## ([^\n]+)\n\n(.+?\n)(?=\n## |\Z)", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^\| (?!what \||--- \|)(.+?) \| .*$", re.MULTILINE)


class Row(NamedTuple):
    """One line of a table.

    Attributes:
        what: the name of the measurement.
        target: the target, as text.
        measured: the result, as text.
        met: whether the result meets the target; None where there is no target.
        sides: the absolute values behind the result, of this machine in this run.
        why: the reason where the target is missed.
    """

    what: str
    target: str
    measured: str
    met: Optional[bool] = None
    sides: str = ""
    why: str = ""


class Section(NamedTuple):
    """A part of the report.

    Attributes:
        title: its heading.
        text: what was measured, and how.
        rows: the results.
        adds: whether rows of an earlier page stay that were not measured again. They have no targets.
    """

    title: str
    text: str
    rows: Sequence[Row]
    adds: bool = False


def machine() -> str:
    """Return a description of the machine in general terms."""
    import os

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    packages = ", ".join(f"{name} {_version(name)}" for name in ("urllib3", "pydantic", "pydantic-core", "werkzeug"))
    return (
        f"{platform.system()} on {platform.machine()}, {cores} cores, "
        f"{platform.python_implementation()} {platform.python_version()}, {packages}"
    )


def render(sections: Sequence[Section], command: str, page: str = "") -> str:
    """Return the whole page as Markdown: new sections, and of an earlier page those that were not measured again."""
    texts = dict(_SECTION.findall(page))
    for section in sections:
        texts[section.title] = _render_section(section, command, texts.get(section.title, "") if section.adds else "")
    return _INTRODUCTION + "".join(f"\n## {title}\n\n{text}" for title, text in texts.items())


def _render_section(section: Section, command: str, earlier: str) -> str:
    lines = [f"Measured by `{command}` on {date.today().isoformat()}: {machine()}.", "", section.text.strip(), ""]
    lines += ["| what | target | measured | met | sides |", "| --- | --- | --- | --- | --- |"]
    again = {row.what for row in section.rows}
    lines += [line[0] for line in _LINE.finditer(earlier) if line[1] not in again]
    lines += [f"| {row.what} | {row.target} | {row.measured} | {_verdict(row)} | {row.sides} |" for row in section.rows]
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


def summary(rows: Sequence[Row]) -> str:
    """Return one line for the terminal."""
    judged = [row for row in rows if row.met is not None]
    return f"{sum(bool(row.met) for row in judged)} of {len(judged)} targets met"
