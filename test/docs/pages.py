"""The guides as tests read them: Python blocks by section, and tables."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Set

GUIDES = Path(__file__).parents[2] / "docs" / "guides"
PAGES = sorted(path.stem for path in GUIDES.glob("*.md"))

_FILE = re.compile(r"# ([a-z_]+\.py)$")
_SAID = re.compile(r"^ *print\(.*\)  # (.*)$")
_CELL = re.compile(r"(?<!\\)\|")


class Block(NamedTuple):
    """One Python block.

    Attributes:
        line: lines of the page before its code.
        code: the code.
    """

    line: int
    code: str

    @property
    def file(self) -> Optional[str]:
        """The name in its first line, where the block is a whole file."""
        found = _FILE.match(self.code.splitlines()[0])
        return found.group(1) if found else None

    @property
    def said(self) -> Dict[int, str]:
        """What prints are said to print, by line of the page."""
        lines = enumerate(self.code.splitlines(), self.line + 1)
        return {number: found.group(1) for number, line in lines if (found := _SAID.match(line))}


class Section(NamedTuple):
    """What stands below a heading of the second level."""

    title: str
    blocks: List[Block]


def text(page: str) -> str:
    """A page as it is written."""
    return (GUIDES / f"{page}.md").read_text(encoding="utf-8")


def sections(page: str) -> List[Section]:
    """The sections of a page with their Python blocks; the first has no title."""
    found = [Section("", [])]
    start: Optional[int] = None
    fenced = False
    lines = text(page).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("```"):
            if start is not None:
                found[-1].blocks.append(Block(start, "\n".join(lines[start:number]) + "\n"))
                start = None
            elif not fenced and line == "```python":
                start = number + 1
            fenced = not fenced
        elif not fenced and line.startswith("## "):
            found.append(Section(line[3:], []))
    assert not fenced, f"{page}: a block without an end"
    return found


def missing_libraries(section: Section, page: List[Section]) -> Set[str]:
    """Libraries that a section imports and that are not installed."""
    own = {block.file[:-3] for part in page for block in part.blocks if block.file} | {"openmonetize"}
    missing = set()
    for block in section.blocks:
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                name = (node.module or "") if isinstance(node, ast.ImportFrom) else node.names[0].name
                root = name.partition(".")[0]
                if root not in own and not _imports(node):
                    missing.add(root)
    return missing


def _imports(node: ast.stmt) -> bool:
    try:
        exec(compile(ast.Module([node], []), "<guide>", "exec"), {})
    except ImportError:
        return False
    return True


def table(page: str, heading: str) -> List[List[str]]:
    """The rows of the first table below the heading, without the table's head; a cell as it is written."""
    lines = iter(text(page).splitlines())
    assert any(line.lstrip("#") == f" {heading}" and line.startswith("#") for line in lines), f"no heading {heading!r}"
    rows = list(_rows(lines))
    assert len(rows) > 2, f"no table below {heading!r}"
    return rows[2:]


def _rows(lines: Iterator[str]) -> Iterator[List[str]]:
    started = False
    for line in lines:
        if line.startswith("|"):
            started = True
            yield [cell.strip() for cell in _CELL.split(line.strip()[1:-1])]
        elif started or line.startswith("#"):
            return


def codes(cell: str) -> List[str]:
    """What stands in backquotes in a cell."""
    return re.findall(r"`([^`]+)`", cell)
