"""The guides, parsed for tests: Python blocks by section, and tables."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PAGES = sorted(path.stem for path in GUIDES.glob("*.md"))

_FILE = re.compile(r"# ([a-z_]+\.py)$")
_PRINT = re.compile(r"^ *print\(.*\)  # (.*)$")
_CELL = re.compile(r"(?<!\\)\|")


class PythonBlock(NamedTuple):
    """One Python block.

    Attributes:
        line: number of lines of the page before the code.
        code: the code.
    """

    line: int
    code: str

    @property
    def file(self) -> str | None:
        """The file name in the first line, if the block is a whole file."""
        found = _FILE.match(self.code.splitlines()[0])
        return found.group(1) if found else None

    @property
    def expected(self) -> dict[int, str]:
        """The output in the comments of prints, by line of the page."""
        lines = enumerate(self.code.splitlines(), self.line + 1)
        return {number: found.group(1) for number, line in lines if (found := _PRINT.match(line))}


class Section(NamedTuple):
    """A heading of the second level and the Python blocks below it."""

    title: str
    blocks: list[PythonBlock]


def text(page: str) -> str:
    """Return the Markdown of a page."""
    return (GUIDES / f"{page}.md").read_text(encoding="utf-8")


def sections(page: str) -> list[Section]:
    """Return the sections of a page with their Python blocks; the first has no title."""
    found = [Section("", [])]
    start: int | None = None
    fenced = False
    lines = text(page).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if start is not None:
                found[-1].blocks.append(PythonBlock(start, "\n".join(lines[start:number]) + "\n"))
                start = None
            elif not fenced and line == "```python":
                start = number + 1
            fenced = not fenced
        elif not fenced and line.startswith("## "):
            found.append(Section(line[3:], []))
    assert not fenced, f"{page}: a block without an end"
    return found


def missing_libraries(section: Section, page: list[Section]) -> set[str]:
    """Return the libraries that a section imports and that are not installed."""
    return {name for name, node in libraries(section, page) if not _imports(node)}


def libraries(section: Section, page: list[Section]) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the libraries that a section imports, with the import; of this package, those that need a framework."""
    own = {block.file[:-3] for part in page for block in part.blocks if block.file} | {"openmonetize"}
    for block in section.blocks:
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
                root = name.partition(".")[0]
                if name.startswith("openmonetize.integrations"):
                    yield name, node
                elif root not in own:
                    yield root, node


def names(section: Section) -> tuple[set[str], set[str]]:
    """Return the names that a section's code takes from earlier sections, and those that it assigns."""
    used, assigned = set(), set()
    for block in section.blocks:
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, ast.Name):
                (used if isinstance(node.ctx, ast.Load) else assigned).add(node.id)
            elif isinstance(node, ast.arg):
                assigned.add(node.arg)
    return used - assigned, assigned


def _imports(node: ast.stmt) -> bool:
    try:
        exec(compile(ast.Module([node], []), "<guide>", "exec"), {})
    except ImportError:
        return False
    return True


def table(page: str, heading: str) -> list[list[str]]:
    """Return the rows of the first table below the heading, without the table's head; cells are Markdown."""
    lines = iter(text(page).splitlines())
    assert any(line.lstrip("#") == f" {heading}" and line.startswith("#") for line in lines), f"no heading {heading!r}"
    rows = list(_rows(lines))
    assert len(rows) > 2, f"no table below {heading!r}"
    return rows[2:]


def _rows(lines: Iterator[str]) -> Iterator[list[str]]:
    started = False
    for line in lines:
        if line.startswith("|"):
            started = True
            yield [cell.strip() for cell in _CELL.split(line.strip()[1:-1])]
        elif started or line.startswith("#"):
            return


def codes(cell: str) -> list[str]:
    """Return the code spans of a cell."""
    return re.findall(r"`([^`]+)`", cell)
