"""Tables as data frames of pandas, polars and pyarrow.

Each library is given its own types: a conversion from one to the other would lose whole numbers that may be missing,
or exact decimals.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from openmonetize.exceptions import ApiValueError
from openmonetize.notebook.columns import DAY, FLAG, FREE, MONEY, NUMBER, TEXT, TIME, WHOLE
from openmonetize.notebook.libraries import library, major_version
from openmonetize.notebook.tables import Table

_DIGITS = 38  # of a 128-bit decimal
_INT64 = range(-(2**63), 2**63)


def check(name: str, money: str) -> None:
    """Refuse what cannot be done before the pages of an iterator are read for it.

    Raises:
        ApiValueError: ``money`` is none of the two ways.
        MissingExtraError: the library is not installed, or is too old.
    """
    _is_exact(money)
    library(name)


def to_pandas(table: Table, money: str) -> Any:
    """Return a table as a ``pandas.DataFrame``."""
    is_exact = _is_exact(money)
    pandas, numpy = library("pandas"), library("numpy")
    columns = {}
    for name, kind, values in _columns(table):
        if kind == WHOLE:
            made = pandas.Series(values, dtype="Int64")
        elif kind == NUMBER or (kind == MONEY and not is_exact):
            made = pandas.Series(_floats(values), dtype="float64")
        elif kind in (TIME, DAY):
            # In microseconds: of nanoseconds, pandas 2 has too few for the years after 2262.
            made = pandas.Series(numpy.array(_without_zone(values), dtype="datetime64[us]")).dt.tz_localize("UTC")
        elif kind == FLAG:
            made = pandas.Series(values, dtype="boolean")
        elif kind == TEXT:
            made = pandas.Series(values, dtype="str" if major_version(pandas) >= 3 else "object")
        else:
            made = pandas.Series(values, dtype="object")
        columns[name] = made
    return pandas.DataFrame(columns, columns=list(columns))


def to_polars(table: Table, money: str) -> Any:
    """Return a table as a ``polars.DataFrame``."""
    is_exact = _is_exact(money)
    polars = library("polars")
    columns = []
    for name, kind, values in _columns(table):
        if kind == MONEY and is_exact:
            columns.append(polars.Series(name, values, dtype=polars.Decimal(_DIGITS, _places(name, values))))
            continue
        dtype = {
            WHOLE: polars.Int64,
            MONEY: polars.Float64,
            NUMBER: polars.Float64,
            TIME: polars.Datetime("us", "UTC"),
            DAY: polars.Datetime("us", "UTC"),
            FLAG: polars.Boolean,
        }.get(kind, polars.String)
        columns.append(polars.Series(name, _plain(kind, values), dtype=dtype))
    return polars.DataFrame(columns)


def to_arrow(table: Table, money: str) -> Any:
    """Return a table as a ``pyarrow.Table``."""
    is_exact = _is_exact(money)
    arrow = library("pyarrow")
    arrays, names = [], []
    for name, kind, values in _columns(table):
        if kind == MONEY and is_exact:
            dtype = arrow.decimal128(_DIGITS, _places(name, values))
        else:
            dtype = {
                WHOLE: arrow.int64(),
                MONEY: arrow.float64(),
                NUMBER: arrow.float64(),
                TIME: arrow.timestamp("us", "UTC"),
                DAY: arrow.timestamp("us", "UTC"),
                FLAG: arrow.bool_(),
            }.get(kind, arrow.string())
            values = _plain(kind, values)
        arrays.append(arrow.array(values, type=dtype))
        names.append(name)
    return arrow.table(arrays, names=names)


def _is_exact(money: str) -> bool:
    if money not in ("float", "decimal"):
        raise ApiValueError(f"money must be 'float' or 'decimal', not {money!r}")
    return money == "decimal"


def _columns(table: Table) -> list[tuple[str, str, list[Any]]]:
    """Return name, kind and values of each column; whole numbers that no library has room for are left as they are."""
    found = []
    for index, column in enumerate(table.columns):
        values = table.values(index)
        is_large = column.kind == WHOLE and any(value not in _INT64 for value in values if value is not None)
        found.append((column.name, FREE if is_large else column.kind, values))
    return found


def _plain(kind: str, values: list[Any]) -> list[Any]:
    """Return values as polars and pyarrow take them."""
    if kind in (MONEY, NUMBER):
        return _floats(values)
    if kind in (TIME, DAY, WHOLE, FLAG):
        return values
    return [value if value is None or isinstance(value, str) else _json(value) for value in values]


def _floats(values: list[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _without_zone(values: list[datetime | None]) -> list[datetime | None]:
    return [None if value is None else value.replace(tzinfo=None) for value in values]


def _places(name: str, values: list[Decimal | None]) -> int:
    """Return the decimal places that hold all values of a column.

    Raises:
        ApiValueError: they have more digits than there is room for.
    """
    given = [value for value in values if value]
    places = max([0, *(-int(value.as_tuple().exponent) for value in given)])
    if max([0, *(value.adjusted() + 1 for value in given)]) + places > _DIGITS:
        raise ApiValueError(f"{name} has amounts of more than {_DIGITS} digits: use money='float'")
    return places


def _json(value: Any) -> str:
    return json.dumps(_jsonable(value), ensure_ascii=False, default=str)


def _jsonable(value: Any) -> Any:
    """Return a value of free form with models as dicts, by the wire's names."""
    if isinstance(value, list):
        return [_jsonable(each) for each in value]
    if isinstance(value, Mapping):
        return {name: _jsonable(each) for name, each in value.items()}
    return value.to_dict() if hasattr(value, "to_dict") else value
