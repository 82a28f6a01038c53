"""The tables that answers contain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timezone
from typing import Any, NamedTuple

from openmonetize._http.paging import Rows
from openmonetize._schema.list_model import ListModel
from openmonetize._schema.model import Model, ResponseModel
from openmonetize._schema.unreadable import field_name
from openmonetize.exceptions import ApiValueError
from openmonetize.notebook.columns import (
    DAY,
    FREE,
    MONEY,
    TEXT,
    TIME,
    WHOLE,
    Column,
    columns_of,
    fields_of,
    is_day_name,
    row_model,
    single_model,
)
from openmonetize.pricing.book import PriceBook

# The tables of answers with several: the one that is shown where none is named.
_FIRST = {
    "UsageReport": "timeline",
    "CostReport": "by_provider",
    "BurnForecast": "forecast",
    "BurnRate": "windows",
    "AccountSummary": "recent_activity",
}
PRICE = "Price"  # the name of a row of a price book
_PRICE_KINDS = {"provider": TEXT, "model": TEXT, "unit": TEXT, "usd": MONEY, "per": WHOLE, "valid_from": TIME}
LISTS = (ListModel, PriceBook)
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?(?:T00:00:00(?:\.0+)?Z)?")


class Table(NamedTuple):
    """Rows of one kind.

    Attributes:
        row: the name of what a row is.
        columns: the columns.
        rows: the values, row by row, in the columns' order.
    """

    row: str
    columns: list[Column]
    rows: list[tuple[Any, ...]]

    def values(self, index: int) -> list[Any]:
        """Return the values of a column."""
        return [row[index] for row in self.rows]

    def for_people(self) -> Table:
        """Return the table as it is read best: times first, ids and free form last, nothing that no row has."""
        kept = [index for index in range(len(self.columns)) if any(row[index] is not None for row in self.rows)]
        kept.sort(key=lambda index: _place(self.columns[index]))
        if not self.rows:
            return self
        rows = [tuple(row[index] for index in kept) for row in self.rows]
        return Table(self.row, [self.columns[index] for index in kept], rows)


def _place(column: Column) -> int:
    if column.kind in (TIME, DAY):
        return 0
    return 2 if column.kind == FREE or column.name == "id" else 1


def answer_in(shown: Any) -> Any:
    """Return what an answer is about: an answer of one field ``data`` is an envelope."""
    if isinstance(shown, ResponseModel) and list(type(shown).model_fields) == ["data"]:
        inner = shown.__dict__.get("data")
        return inner if isinstance(inner, ResponseModel) else shown
    return shown


def table_of(shown: Any, name: str | None = None) -> Table:
    """Return a table of an answer, of a part of one, or of an iterator, which is read to its end.

    Args:
        shown: what to make a table of.
        name: which table; by default the first one.

    Raises:
        ApiValueError: it has no table of this name.
    """
    answer = answer_in(shown)
    known = names_of(answer)
    name = known[0] if name is None and known else name
    if known and name not in known:
        raise ApiValueError(f"table must be one of {', '.join(map(repr, known))}, not {name!r}")
    if not known and name is not None:
        what = "an iterator" if isinstance(answer, Rows) else title_of(type(answer))
        raise ApiValueError(f"{what} is one table: leave {name!r} out")
    if isinstance(answer, Rows):
        return rows_table(answer.row_model, list(answer))
    if isinstance(answer, PriceBook):
        return Table(PRICE, [Column(name, kind, ()) for name, kind in _PRICE_KINDS.items()], [*map(tuple, answer)])
    if isinstance(answer, ListModel):
        return rows_table(row_model(type(answer), type(answer).rows_field), list(answer))
    if name is None:
        return rows_table(type(answer), [answer])
    if name == "windows":
        return _windows(answer)
    value = getattr(answer, name)
    rows = [] if value is None else value if isinstance(value, list) else [value]
    return rows_table(_model_in(type(answer), name), rows)


def names_of(answer: Any) -> list[str]:
    """Return the tables that an answer has besides itself, the first one first; none if it is one table."""
    kind = type(answer)
    first = _FIRST.get(kind.__name__)
    if first is None or isinstance(answer, (Rows, ListModel)):
        return []
    parts = [name for name in fields_of(kind) if _model_in(kind, name) is not None]
    return [first, *(name for name in parts if name != first)]


def _model_in(kind: type[Model], name: str) -> type[Model] | None:
    return row_model(kind, name) or single_model(kind, name)


def rows_table(kind: type[Model] | None, models: Sequence[Any]) -> Table:
    """Return models as a table: the columns of the contract, and those that only the server knows."""
    if kind is None:
        columns = [Column("value", FREE, ())]
        return Table("value", columns, [(each,) for each in models])
    known, unknown = columns_of(kind), _unknown(kind, models)
    rows = []
    for row in models:
        extra = getattr(row, "__pydantic_extra__", None) or {}  # not by attribute: one may be named as a method is
        rows.append((*(column.of(row) for column in known), *(extra.get(column.name) for column in unknown)))
    table = Table(title_of(kind), [*known, *unknown], rows)
    return _with_days(table)


def _unknown(kind: type[Model], models: Iterable[Any]) -> list[Column]:
    taken = {column.name for column in columns_of(kind)}
    names: dict[str, None] = {}
    for model in models:
        for wire in getattr(model, "__pydantic_extra__", None) or ():
            if field_name(type(model), wire) not in kind.model_fields and wire not in taken:
                names[wire] = None
    return [Column(wire, FREE, ()) for wire in names]


def _with_days(table: Table) -> Table:
    """Return a table with texts that are days made days, which is what they are named."""
    columns, values = list(table.columns), [list(row) for row in table.rows]
    for index, column in enumerate(columns):
        if column.kind == DAY or (column.kind == TEXT and is_day_name(column.name)):
            days = [_day(value) for value in table.values(index)]
            if any(day is None and row[index] is not None for day, row in zip(days, values)):
                continue  # another text, which is kept as it is
            columns[index] = column._replace(kind=DAY)
            for row, day in zip(values, days):
                row[index] = day
    return Table(table.row, columns, [tuple(row) for row in values])


def _day(value: Any) -> datetime | None:
    """Return the first instant of a day or a month, in UTC; None for what is none."""
    if isinstance(value, str):
        found = _ISO_DAY.fullmatch(value)
        try:
            value = date(int(found[1]), int(found[2]), int(found[3] or 1)) if found else None
        except ValueError:
            return None
    return None if value is None else datetime(value.year, value.month, value.day, tzinfo=timezone.utc)


def _windows(burn_rate: Any) -> Table:
    """Return the two windows of a burn rate; present servers send burns as negative numbers."""
    columns = [
        Column("days", WHOLE, ()),
        Column("credits_burned", WHOLE, ()),
        Column("average_per_day", MONEY, ()),
    ]
    rows = []
    for days, name in ((7, "last7_days"), (30, "last30_days")):
        window = getattr(burn_rate, name)
        burned = getattr(window, "credits_burned", None)
        average = getattr(window, "average_per_day", None)
        rows.append((days, None if burned is None else abs(burned), None if average is None else abs(average)))
    return Table("BurnWindow", columns, rows)


def title_of(kind: type) -> str:
    """Return the name of a model for people: its short one, or what is behind the operation in its long one."""
    if not issubclass(kind, Model):
        return kind.__name__
    found = re.search(r"[2-5][0-9]{2}Response(?:Data)?(.*)", kind.__name__)
    return kind.__name__ if found is None else found[1].removesuffix("Inner") or "Answer"
