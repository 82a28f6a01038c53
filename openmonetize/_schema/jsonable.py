"""Conversion of free-form values, such as metadata, to what JSON can express."""

from __future__ import annotations

import json
import math
import operator
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any

from openmonetize.exceptions import ApiTypeError, ApiValueError

_MAX_DEPTH = 64
_PLAIN = (int, bool, type(None))


def jsonable(value: Any, place: str, depth: int = 0) -> Any:
    """Return a copy of ``value`` that can be written as JSON.

    Dates, decimals, UUIDs, enums and numpy scalars become strings, numbers and booleans.

    Args:
        value: dicts, lists and scalars.
        place: the name of the value, for errors.
        depth: how many dicts and lists the value is in.

    Raises:
        ApiTypeError: a type that JSON has nothing for (sets, bytes, arbitrary objects), or a key that is not a str.
        ApiValueError: NaN, infinity, NUL or a lone surrogate in a string, or too deep nesting.
    """
    kind = type(value)
    if kind is not dict and _is_plain(value):
        return value
    if kind is str:
        return _text(value, place)
    if kind is float:
        if not math.isfinite(value):
            raise ApiValueError(f"{place} is {value!r}, which JSON cannot say")
        return value
    if depth > _MAX_DEPTH:
        raise ApiValueError(f"{place[:80]}... is nested more than {_MAX_DEPTH} deep, or contains itself")
    if kind is dict and is_plain_dict(value):
        return dict(value)
    if kind is dict or isinstance(value, Mapping):
        return _mapping(value, place, depth)
    if isinstance(value, (list, tuple)):
        return [jsonable(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    return jsonable(_scalar(value, place), place, depth + 1)


def _is_plain(value: Any) -> bool:
    """Return whether a value needs no conversion: a quick test that nearly all values pass."""
    kind = type(value)
    return kind in _PLAIN or (kind is str and value.isascii() and "\0" not in value)


def is_plain_dict(value: dict[Any, Any]) -> bool:
    """Return whether a dict needs no conversion: a quick test for plain names and scalars."""
    for key, item in value.items():
        kind = type(item)
        if kind is str:
            if not item.isascii() or "\0" in item:
                return False
        elif kind not in _PLAIN and not (kind is float and math.isfinite(item)):
            return False
        if type(key) is not str or not key.isidentifier() or key == "__proto__":
            return False
    return True


def whole(value: Any) -> Any:
    """Return an int for the whole number of another type (numpy, Decimal, float), else ``value`` itself."""
    if isinstance(value, (bool, str)):
        return value
    if hasattr(value, "dtype"):
        item = _item(value)  # numpy, or a library like it
        return item if type(item) is type(value) else whole(item)
    try:
        return operator.index(value)
    except TypeError:
        pass
    if isinstance(value, Decimal) and not value.is_finite():
        return value
    if isinstance(value, (float, Decimal)) and math.isfinite(value):
        return int(value) if value == int(value) else float(value)
    return value


def _item(value: Any) -> Any:
    """Return the Python value of a numpy scalar or array, or of one with the same interface."""
    if value.dtype.kind in "mM":  # a date or a duration, which would become a bare number
        return str(value)
    return value.tolist()


def _mapping(value: Mapping[Any, Any], place: str, depth: int) -> dict[str, Any]:
    copied = {}
    for key, item in value.items():
        if not isinstance(key, str):
            raise ApiTypeError(f"{place} has the key {key!r}: keys must be str")
        if key == "__proto__" or (key == "constructor" and isinstance(item, Mapping) and "prototype" in item):
            raise ApiValueError(f"{place} has the key {key!r}, for which the platform refuses the whole request")
        name = _text(key, f"a key of {place}")  # first: an error about the item shows the key
        copied[name] = jsonable(item, f"{place}.{name}", depth + 1)
    return copied


def _text(value: str, place: str) -> str:
    if "\0" in value:
        raise ApiValueError(f"{place} contains a NUL character, which the platform cannot store")
    if not value.isascii():
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise ApiValueError(f"{place} contains a lone surrogate, which is not text") from None
    return value


def _scalar(value: Any, place: str) -> Any:
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        if not (value.is_finite() and math.isfinite(value)):
            raise ApiValueError(f"{place} is {value}, which JSON cannot say")
        return whole(value)
    if isinstance(value, (str, int, float)):  # a subclass
        return next(base(value) for base in (str, int, float) if isinstance(value, base))
    if hasattr(value, "urn"):  # a UUID
        return str(value)
    if hasattr(value, "dtype"):
        item = _item(value)
        if type(item) is not type(value):
            return item
    raise ApiTypeError(f"{place} is a {type(value).__name__}, which JSON has nothing for")


def load_json(text: str | bytes) -> Any:
    """Parse JSON text.

    Raises:
        ApiTypeError: it is neither a str nor bytes.
        ApiValueError: it is not valid JSON.
    """
    try:
        return json.loads(text)
    except TypeError as error:
        raise ApiTypeError(str(error)) from None
    except (ValueError, RecursionError) as error:
        raise ApiValueError(f"not valid JSON: {error}") from None
