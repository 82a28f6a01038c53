"""Answers as HTML, for notebooks: tables with totals, and which page of how many rows they are.

The styles are a few attributes that every front end keeps; colours are the page's own, so that dark ones are legible.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from html import escape
from typing import Any

from openmonetize._http.paging import Rows
from openmonetize._schema.model import Model
from openmonetize._schema.shown import asked_range
from openmonetize.notebook.columns import MONEY, NUMBER, WHOLE, Column, plain_name
from openmonetize.notebook.lines import headline
from openmonetize.notebook.tables import LISTS, PRICE, Table, answer_in, rows_table, table_of, title_of
from openmonetize.notebook.values import cell, counted, decimal_places, key_shown

MAX_ROWS = 20  # of a list
MAX_PART_ROWS = 8  # of a list in an answer
MAX_CELL = 60
MAX_ID = 10  # of a UUID, whose beginning tells rows apart
MAX_HOVER = 1000  # of a value that is cut, which is shown in full at the pointer

# Amounts whose sum says something; balances, prices and averages are none.
_SUMMED = re.compile(
    r"(?!cumulative|average|avg)(?:\w*_)?(?:tokens|credits|credits_burned|burn|event_count|events|amount|cost|cost_usd"
    r"|usd|revenue|margin|image_count)"
)
_NUMBER_IN_NAME = re.compile(r"\b(last)(\d)")  # `last7_days`
_OF_CREDITS = re.compile(r"(?:\w*_)?(?:credits|average_per_day)")  # amounts that are no US dollars
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LINE = "border-top:1px solid color-mix(in srgb, currentColor 25%, transparent)"
_CELL = "padding:2px 10px 2px 0;vertical-align:top;white-space:nowrap"


def html(shown: Any) -> str:
    """Return an answer, a part of one, or an iterator as HTML."""
    if isinstance(shown, Rows):
        return f"<p>{escape(headline(shown))}</p>"
    if isinstance(shown, LISTS):
        return _boxed(_table(table_of(shown), headline(shown), MAX_ROWS))
    answer = answer_in(shown)
    asked = asked_range(shown) or asked_range(answer)
    title = title_of(type(answer)) + (f", {asked}" if asked is not None else "")
    return _boxed(_facts(answer, title) + "".join(_parts(answer)))


def facts(title: str, named: Mapping[str, Any]) -> str:
    """Return named values as a table of two columns."""
    given = [(name.replace("_", " "), escape(cell(value))) for name, value in named.items() if value is not None]
    return _boxed(_titled(title, "".join(_fact(name, text) for name, text in given)))


def lines(title: str, texts: Iterable[str]) -> str:
    """Return lines of text, one below the other."""
    rows = [
        f'<tr><td style="{_CELL};padding-left:{_indent(text)}em">{escape(text.strip())}</td></tr>' for text in texts
    ]
    return _boxed(_titled(title, "".join(rows)))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())


def _fact(name: str, text: str) -> str:
    head = f'<th scope="row" style="{_CELL};text-align:left;font-weight:normal">{escape(name)}</th>'
    return f'<tr>{head}<td style="{_CELL};text-align:left">{text}</td></tr>'


def _boxed(inner: str) -> str:
    return f'<div style="overflow-x:auto;max-width:100%">{inner}</div>'


def _facts(model: Model, title: str) -> str:
    """Return the single values of a model, and of the models in it, as a table of two columns."""
    table = rows_table(type(model), [model])
    given = [(column, value) for column, value in zip(table.columns, table.rows[0]) if value is not None]
    places = _places(value for column, value in given if _is_dollars(column))
    rows = [
        _fact(_label(column), _texts(column, [value], MAX_CELL, places if _is_dollars(column) else 0)[0])
        for column, value in given
        if not _is_part(value)
    ]
    return _titled(title, "".join(rows))


def _parts(model: Model) -> list[str]:
    """Return the lists in a model as tables."""
    found = []
    for name, value in model:
        if _is_part(value):
            rows = list(value)
            title = f"{plain_name(type(model), name).replace('_', ' ')}: {counted(len(rows), 'row')}"
            found.append(_table(rows_table(type(rows[0]), rows), title, MAX_PART_ROWS))
    return found


def _is_part(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Model)


def _table(table: Table, title: str, most: int) -> str:
    table = table.for_people()
    if not table.rows:
        return _titled(title, "")
    head = "".join(
        f'<th scope="col" style="{_CELL};text-align:{_side(column)}">{escape(_label(column))}</th>'
        for column in table.columns
    )
    sums = [_sum(column, table.values(index)) for index, column in enumerate(table.columns)]
    sums = [None] * len(sums) if table.row == PRICE else sums
    has_sums = len(table.rows) > 1 and any(each is not None for each in sums)
    columns = []
    for index, column in enumerate(table.columns):
        texts = _texts(column, [*table.values(index)[:most], sums[index] if has_sums else None])
        if index == 0 and has_sums and sums[0] is None:
            texts[-1] = "Sum"
        columns.append([f'<td style="{_CELL};text-align:{_side(column)}">{text}</td>' for text in texts])
    lines = [f'<tr style="{_LINE}">{"".join(cells)}</tr>' for cells in zip(*columns)]
    last = lines.pop()
    if len(table.rows) > most:
        rest = f"… {len(table.rows) - most:,} more"
        lines.append(
            f'<tr style="{_LINE}"><td colspan="{len(table.columns)}" style="{_CELL};text-align:left">{rest}</td></tr>'
        )
    # The sums are those of all rows that the answer has, also of those that are not shown.
    foot = f'<tfoot style="font-weight:bold">{last}</tfoot>' if has_sums else ""
    return _titled(title, f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody>{foot}")


def _titled(title: str, rows: str) -> str:
    name = f'<div style="font-weight:bold">{escape(title)}</div>'
    table = f'<table style="border-collapse:collapse;margin:0 0 12px 0">{rows}</table>' if rows else ""
    return name + table


def _sum(column: Column, values: list[Any]) -> int | Decimal | None:
    if column.kind not in (WHOLE, MONEY) or not _SUMMED.fullmatch(column.name):
        return None
    given = [value for value in values if value is not None]
    return sum(given) if given else None


def _texts(column: Column, values: list[Any], id_room: int = MAX_ID, places: int = 0) -> list[str]:
    """Return values as the inner HTML of cells; amounts have as many decimal places as the longest one, or more."""
    places = max(places, _places(values))
    found = []
    for value in values:
        text = f"{value:,.{places}f}" if isinstance(value, Decimal) else cell(value)
        if column.name.endswith("api_key"):
            text = key_shown(value)
        room = id_room if _UUID.fullmatch(text) else MAX_CELL
        clipped = f'<span title="{escape(text[:MAX_HOVER])}">{escape(text[: room - 1])}…</span>'
        found.append(escape(text) if len(text) <= room else clipped)
    return found


def _places(values: Iterable[Any]) -> int:
    return max((decimal_places(value) for value in values if isinstance(value, Decimal)), default=0)


def _is_dollars(column: Column) -> bool:
    return column.kind == MONEY and _OF_CREDITS.fullmatch(column.name) is None


def _label(column: Column) -> str:
    """Return the name of a column for people, with the unit of an amount."""
    name = column.name.removeprefix("summary_")
    name, unit = (name.removesuffix("usd"), "US$") if _is_dollars(column) else (name, "")
    words = _NUMBER_IN_NAME.sub(r"\1 \2", name.replace("_", " ").strip())
    return f"{words} {unit}".strip()


def _side(column: Column) -> str:
    return "right" if column.kind in (WHOLE, MONEY, NUMBER) else "left"
