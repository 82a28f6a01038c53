"""Answers as tables for people, and as JSON or CSV for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, Optional

from openmonetize._schema.timestamps import wire
from openmonetize.cli.plots import print_bars
from openmonetize.cli.text import printable
from openmonetize.cli.values import COUNT, TEXT, TIME, UNLIMITED, USD, decimals_of, shown, terminal_width
from openmonetize.exceptions import MissingExtraError

FORMS = {
    "json": "Print JSON, for programs.",
    "csv": "Print CSV, for programs.",
    "plot": "Draw bars.",
}
_GAP = 3  # columns of the terminal between two columns of a table
_MAX_NARROW = 20  # of a text column, before other columns are left out
_MIN_TEXT = 8  # of a text column; a terminal that is narrower wraps lines

Row = Mapping[str, Any]

__all__ = ["COUNT", "FORMS", "TEXT", "TIME", "USD", "Column", "Output", "Row", "json_line", "shown"]


class Column(NamedTuple):
    """A column of a table.

    Attributes:
        key: its name in JSON and CSV.
        title: its name for people; None is not shown to them.
        kind: text, count, usd or time.
        optional: it is left out where the terminal is too narrow. The highest number goes first.
    """

    key: str
    title: Optional[str]
    kind: str = TEXT
    optional: int = 0


class Output:
    """Prints answers in the form that was asked for.

    Args:
        form: one of `FORMS`; None is a table.
    """

    def __init__(self, form: str | None = None) -> None:
        self.form = form

    @property
    def is_for_people(self) -> bool:
        """Whether people read it."""
        return self.form in (None, "plot")

    def table(
        self,
        columns: Sequence[Column],
        rows: Iterable[Row],
        *,
        total: Row | None = None,
        notes: Iterable[str] = (),
        bars: tuple[str, str] | None = None,
        empty: str = "nothing to show",
    ) -> None:
        """Print rows.

        Args:
            columns: what they have.
            rows: dicts with the columns' keys; those of JSON and CSV are printed one by one.
            total: a last row for people.
            notes: lines below the table, for people; read after the rows.
            bars: for ``--plot``, the keys of label and length.
            empty: what people are told if there is no row.
        """
        if self.form == "json":
            _print_json(columns, rows)
        elif self.form == "csv":
            self._csv_line([column.key for column in columns])
            for row in rows:
                self.csv_row(columns, row)
        else:
            found = list(rows)
            if not found:
                print(empty)
            elif self.form == "plot" and bars is not None:
                print(printable(_heading(columns, bars)))
                print_bars([(shown(row.get(bars[0])), row.get(bars[1]) or 0) for row in found])
            else:
                _print_table(columns, found, total)
            for note in notes:
                print(printable(note))

    def csv_row(self, columns: Sequence[Column], row: Row) -> None:
        """Print one row of CSV."""
        self._csv_line([_plain(row.get(column.key)) for column in columns])

    def _csv_line(self, values: Sequence[Any]) -> None:
        import csv

        csv.writer(sys.stdout, lineterminator="\n").writerow(values)

    def record(self, columns: Sequence[Column], row: Row, *, notes: Iterable[str] = ()) -> None:
        """Print one row: a line for each column for people, an object in JSON."""
        if self.form == "json":
            print(_json_object(columns, row))
        elif self.form == "csv":
            self.table(columns, [row])
        else:
            fields = [column for column in columns if column.title is not None]
            width = max(len(str(column.title)) for column in fields)
            for column in fields:
                print(f"{column.title:<{width}}  {shown(row.get(column.key), column.kind)}".rstrip())
            for note in notes:
                print(printable(note))

    def say(self, text: str) -> None:
        """Print a line for people."""
        if self.is_for_people:
            print(printable(text))


# JSON and CSV


def _print_json(columns: Sequence[Column], rows: Iterable[Row]) -> None:
    separator = "[\n  "
    for row in rows:
        sys.stdout.write(separator + _json_object(columns, row))
        separator = ",\n  "
    sys.stdout.write("[]\n" if separator[0] == "[" else "\n]\n")


def _json_object(columns: Sequence[Column], row: Row) -> str:
    return "{" + ", ".join(f"{json.dumps(column.key)}: {_json(row.get(column.key))}" for column in columns) + "}"


def json_line(columns: Sequence[Column], row: Row) -> str:
    """Return a row as one line of JSON."""
    return _json_object(columns, row)


def _json(value: Any) -> str:
    if isinstance(value, Decimal):  # exact, where a float would not be
        return f"{value:f}"
    return json.dumps(wire(value) if isinstance(value, datetime) else value, default=str)


def _plain(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return wire(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    return json.dumps(value) if isinstance(value, (dict, list)) else value


# Tables


def _print_table(columns: Sequence[Column], rows: Sequence[Row], total: Row | None) -> None:
    try:
        from rich.box import SIMPLE_HEAD
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text
    except ImportError:
        raise MissingExtraError("tables need the package rich: pip install 'openmonetize[cli]'") from None

    columns = [column for column in columns if column.title is not None]
    every = [*rows, *([] if total is None else [{columns[0].key: "total", **total}])]
    cells = {column.key: _column_cells(column, every) for column in columns}
    widths = _widths(columns, cells, terminal_width())
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False, show_footer=total is not None, header_style="bold")
    for column in columns:
        if column.key in widths:
            table.add_column(
                Text(str(column.title)),
                Text(cells[column.key].pop() if total is not None else ""),
                justify="left" if column.kind in (TEXT, TIME) else "right",
                width=widths[column.key],
                no_wrap=True,
                overflow="ellipsis",
            )
    for line in zip(*(cells[key] for key in widths)):
        table.add_row(*map(Text, line))
    console = Console(width=UNLIMITED, highlight=False, emoji=False, markup=False, legacy_windows=False)
    console.print(table, crop=False)
    left_out = [str(column.title) for column in columns if column.key not in widths]
    if left_out:
        print(f"left out, too narrow: {', '.join(left_out)}")


def _heading(columns: Sequence[Column], bars: tuple[str, str]) -> str:
    """Return what bars show."""
    titles = {column.key: column.title or column.key for column in columns}
    return f"{titles[bars[1]]} by {titles[bars[0]]}"


def _column_cells(column: Column, rows: Sequence[Row]) -> list[str]:
    values = [row.get(column.key) for row in rows]
    decimals = decimals_of([value for value in values if value is not None]) if column.kind == USD else None
    is_total = len(rows) > 1 and rows[-1].get(column.key) is None and len(rows[-1]) < len(rows[0])
    found = [shown(value, column.kind, decimals) for value in values]
    if is_total:
        found[-1] = ""
    return found


def _widths(columns: Sequence[Column], cells: Mapping[str, Sequence[str]], room: int) -> dict[str, int]:
    """Return the widths of the columns that there is room for. Numbers are never cut; long texts are."""
    from rich.cells import cell_len

    wanted = {column.key: max(map(cell_len, [str(column.title), *cells[column.key]])) for column in columns}
    texts = [column.key for column in columns if column.kind == TEXT]

    def excess(most: int) -> int:
        widths = (min(width, most) if key in texts else width for key, width in wanted.items())
        return sum(widths) + _GAP * (len(wanted) - 1) - room

    for column in sorted(columns, key=lambda column: -column.optional):
        if not column.optional or excess(_MAX_NARROW) <= 0:
            break
        del wanted[column.key]
    longest = max(wanted.values())
    while longest > _MIN_TEXT and excess(longest) > 0:
        longest -= 1
    return {key: min(width, longest) if key in texts else width for key, width in wanted.items()}
