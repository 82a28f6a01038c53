"""What the generated files must fit into: the names that are written by hand, and the files that are left alone."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

from printing.imports import HOMES

_PACKAGE = Path(__file__).resolve().parent.parent / "openmonetize"


def owner_of(name: str) -> str | None:
    """Return whose a name is that a class or an attribute of `OpenMonetize` shall get; None if it is free."""
    if name in _written_by_hand():
        return "a hand-written export of openmonetize"
    if name in HOMES:
        return f"the name of {HOMES[name]}, which generated modules import"
    return f"OpenMonetize has a method {name}" if name in _methods() else None


@lru_cache(maxsize=1)
def _written_by_hand() -> frozenset[str]:
    """Return the names that `openmonetize` exports of its hand-written modules."""
    for node in ast.parse((_PACKAGE / "__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_BY_HAND":
            return frozenset(name for names in ast.literal_eval(node.value).values() for name in names)
    raise SystemExit("openmonetize/__init__.py has no _BY_HAND, the names that it exports")


@lru_cache(maxsize=1)
def _methods() -> frozenset[str]:
    tree = ast.parse((_PACKAGE / "client" / "openmonetize.py").read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def patterns_of_ignored(path: Path) -> list[str]:
    """Return the patterns of files that are not generated, as `.openapi-generator-ignore` lists them."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
