"""Answers as short text: counts and first rows."""

from __future__ import annotations

from typing import Any

from openmonetize._http.paging import Rows
from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Model
from openmonetize._schema.shown import asked_range
from openmonetize.notebook.columns import plain_name
from openmonetize.notebook.tables import LISTS, Table, table_of, title_of
from openmonetize.notebook.values import cell, counted, key_shown, literal

MAX_ROWS = 5
MAX_WIDTH = 110  # characters of a line
MAX_CELL = 28


def text(shown: Any) -> str:
    """Return an answer, a part of one, or an iterator as text."""
    if isinstance(shown, Rows):
        return f"<{headline(shown)}>"
    if isinstance(shown, LISTS):
        return "\n".join([f"<{headline(shown)}>", *_lines(table_of(shown).for_people())])
    return _model(shown)


def headline(shown: Any) -> str:
    """Return what rows an answer or an iterator has: how many, and which of how many there are."""
    if isinstance(shown, Rows):
        of = "" if shown.total is None else f" of {shown.total:,}"
        name = title_of(shown.row_model or object)
        return f"iterator of {name}, {shown.done:,}{of} rows read"
    count = len(shown)
    table = table_of(shown)
    parts = [counted(count, f"{table.row} row")]
    page = getattr(shown, "pagination", None)
    total, offset = getattr(page, "total", None), getattr(page, "offset", None) or 0
    if total is None and not count:
        total = getattr(shown, "total", None)
    if total is not None and count:
        parts.append(f"{offset + 1:,} to {offset + count:,} of {total:,}")
    elif total is not None:
        parts.append(f"{total:,} in all")
    asked = asked_range(shown)
    return ", ".join(parts) + (f", {asked}" if asked is not None else "")


def _lines(table: Table) -> list[str]:
    """Return the first rows of a table as lines, with as many columns as there is room for."""
    columns: list[list[str]] = []
    width = 0
    for index, column in enumerate(table.columns):
        cells = [column.name, *(_clipped(_cell(column.name, value)) for value in table.values(index)[:MAX_ROWS])]
        wide = max(map(len, cells))
        if columns and width + wide + 2 > MAX_WIDTH:
            break
        numeric = column.kind in ("whole", "money", "number")
        columns.append([each.rjust(wide) if numeric else each.ljust(wide) for each in cells])
        width += wide + 2
    if not table.rows:
        return []
    lines = ["  ".join(row).rstrip() for row in zip(*columns)]
    rest = []
    if len(table.rows) > MAX_ROWS:
        rest.append(counted(len(table.rows) - MAX_ROWS, "more row"))
    if len(table.columns) > len(columns):
        rest.append(counted(len(table.columns) - len(columns), "more column"))
    return lines + ([f"... {', '.join(rest)}"] if rest else [])


def _cell(name: str, value: Any) -> str:
    return key_shown(value) if name == "api_key" else cell(value)


def _clipped(value: str) -> str:
    return value if len(value) <= MAX_CELL else value[: MAX_CELL - 1] + "…"


def _model(model: Model, depth: int = 0) -> str:
    kind = type(model)
    parts = [f"{plain_name(kind, name)}={_field(name, value, depth)}" for name, value in _given(model)]
    asked = asked_range(model)
    if asked is not None and depth == 0:
        parts.append(str(asked))
    return f"{title_of(kind)}({', '.join(parts)})"


def _given(model: Model) -> list[tuple[str, Any]]:
    given = [(name, model.__dict__[name]) for name in type(model).model_fields if name in model.__dict__]
    given = [(name, value) for name, value in given if name in model.model_fields_set]
    return given + list((model.__pydantic_extra__ or {}).items())


def _field(name: str, value: Any, depth: int) -> str:
    if name in ("api_key", "apiKey"):
        return repr(key_shown(value))
    if isinstance(value, ListModel) or (isinstance(value, list) and value and isinstance(value[0], Model)):
        rows = list(value)
        shown = (
            _model(rows[0], depth + 1) if len(rows) == 1 and depth < 2 else f"{len(rows):,} {title_of(type(rows[0]))}"
        )
        return f"[{shown}]"
    return _model(value, depth + 1) if isinstance(value, Model) else literal(value)
