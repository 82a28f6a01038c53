"""The columns of answers: which fields a row has, and what kind of values they take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from openmonetize._schema.model import Model

# The kinds of columns: what the contract says of a value, apart from how it is written on the wire.
WHOLE, MONEY, NUMBER, TIME, DAY, FLAG, TEXT, FREE = "whole", "money", "number", "time", "day", "flag", "text", "free"
_KINDS: dict[frozenset[Any], str] = {
    frozenset((int,)): WHOLE,
    frozenset((Decimal,)): MONEY,
    frozenset((int, float)): NUMBER,
    frozenset((datetime,)): TIME,
    frozenset((date,)): DAY,
    frozenset((bool,)): FLAG,
    frozenset((str,)): TEXT,
}
_MAX_DEPTH = 4  # of models in rows


class Column(NamedTuple):
    """One column.

    Attributes:
        name: the field's name, without the prefix that keeps it from being a word of Python.
        kind: one of the kinds above.
        path: the attributes that lead from a row to the value.
    """

    name: str
    kind: str
    path: tuple[str, ...]

    def of(self, row: Any) -> Any:
        """Return the value of a row; None where it is missing."""
        for name in self.path:
            row = getattr(row, name, None)
            if row is None:
                return None
        return row


@lru_cache(maxsize=256)
def columns_of(kind: type[Model]) -> tuple[Column, ...]:
    """Return the columns that the contract gives a model's rows."""
    return tuple(_columns(kind, "", (), 0))


def _columns(kind: type[Model], prefix: str, path: tuple[str, ...], depth: int) -> Iterator[Column]:
    for name in fields_of(kind):
        members = _members(kind.model_fields[name].annotation)
        full, way = prefix + plain_name(kind, name), (*path, name)
        inner = _only_model(members)
        if depth < _MAX_DEPTH and inner is not None:
            yield from _columns(inner, f"{full}_", way, depth + 1)
        else:
            yield Column(full, _kind(members), way)


def _kind(members: frozenset[Any]) -> str:
    return _KINDS.get(members, FREE)


def is_day_name(name: str) -> bool:
    """Return whether a text of this name is a day, or a month: the contract calls some days texts."""
    return name in ("date", "period") or name.endswith("_date")


def fields_of(kind: type[Model]) -> list[str]:
    """Return the fields of a model, which is built for it if it is not yet."""
    kind.model_rebuild()
    return list(kind.model_fields)


def plain_name(kind: type[Model], name: str) -> str:
    """Return the name of a field as the wire means it: ``date``, not ``var_date``."""
    field = kind.model_fields.get(name)
    return name[4:] if name.startswith("var_") and field is not None and field.alias else name


def row_model(kind: type[Model], name: str) -> type[Model] | None:
    """Return the model of the rows that a field has; None if it has no rows."""
    return _only_model(_members(kind.model_fields[name].annotation, lists=True))


def single_model(kind: type[Model], name: str) -> type[Model] | None:
    """Return the model that a field has one of; None if it is another value."""
    return _only_model(_members(kind.model_fields[name].annotation))


def _only_model(members: frozenset[Any]) -> type[Model] | None:
    found = next(iter(members)) if len(members) == 1 else None
    return found if isinstance(found, type) and issubclass(found, Model) else None


def _members(annotation: Any, lists: bool = False) -> frozenset[Any]:
    """Return the types that a value may have, apart from None.

    Args:
        annotation: the field's.
        lists: whether the rows of a list are meant, not the list.
    """
    origin = get_origin(annotation)
    if origin is Annotated:
        return _members(get_args(annotation)[0], lists)
    if origin is Union:
        parts = [each for each in get_args(annotation) if each is not type(None)]
        return frozenset().union(*(_members(each, lists) for each in parts))
    if origin is Literal:
        return frozenset() if lists else frozenset(type(each) for each in get_args(annotation))
    if lists:
        return _members(get_args(annotation)[0]) if origin is list else frozenset()
    return frozenset((origin or annotation,))
