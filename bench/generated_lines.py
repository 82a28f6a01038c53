"""Counts of the lines of generated code."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

_OPERATION = re.compile(r"^    (?:def )?\w+_without_preload_content(?:\(| = )", re.MULTILINE)


class Lines(NamedTuple):
    """Lines for each operation or model, headers of the files included.

    Attributes:
        all: all lines.
        code: lines that are neither blank, nor comment, nor docstring.
    """

    all: float
    code: float


def operations(package: Path) -> Lines:
    """Return the lines for each operation."""
    files = _files(package / "api")
    return _per(files, sum(len(_OPERATION.findall(file.read_text())) for file in files))


def models(package: Path) -> Lines:
    """Return the lines for each model."""
    files = _files(package / "models")
    return _per(files, len(files))


def _files(directory: Path) -> list[Path]:
    return [file for file in directory.glob("*.py") if file.name != "__init__.py"]


def _per(files: list[Path], count: int) -> Lines:
    sources = [file.read_text() for file in files]
    return Lines(sum(len(text.splitlines()) for text in sources) / count, sum(map(_code, sources)) / count)


def _code(source: str) -> int:
    """Return the number of lines that are neither blank, nor comment, nor docstring."""
    prose = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            prose.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate((line.strip() for line in source.splitlines()), 1)
    return sum(1 for number, line in lines if line and not line.startswith("#") and number not in prose)
