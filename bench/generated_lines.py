"""How much generated code there is to read."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import List, NamedTuple

_OPERATION = re.compile(r"^    (?:def )?\w+_without_preload_content(?:\(| = )", re.MULTILINE)


class Lines(NamedTuple):
    """Lines for each operation or model, headers of the files included."""

    all: float
    code: float


def operations(package: Path) -> Lines:
    """Lines for each operation."""
    files = _files(package / "api")
    return _per(files, sum(len(_OPERATION.findall(file.read_text())) for file in files))


def models(package: Path) -> Lines:
    """Lines for each model."""
    files = _files(package / "models")
    return _per(files, len(files))


def _files(room: Path) -> List[Path]:
    return [file for file in room.glob("*.py") if file.name != "__init__.py"]


def _per(files: List[Path], count: int) -> Lines:
    sources = [file.read_text() for file in files]
    return Lines(sum(len(text.splitlines()) for text in sources) / count, sum(map(_code, sources)) / count)


def _code(source: str) -> int:
    """Lines that are neither blank, nor comment, nor docstring."""
    prose = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            prose.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate((line.strip() for line in source.splitlines()), 1)
    return sum(1 for number, line in lines if line and not line.startswith("#") and number not in prose)
