"""Bodies that are no model: lists and maps, and single values."""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import Any, Dict, List, Literal, Optional, Union

from pydantic import Field, TypeAdapter, ValidationError
from typing_extensions import Annotated

from openmonetize._schema import model as field_types
from openmonetize._schema.resolver import model_named
from openmonetize._schema.validation_errors import complaints
from openmonetize.exceptions import ApiValueError

_GENERICS: dict[str, Any] = {"Dict": Dict, "List": List, "Optional": Optional, "Union": Union}
_FIELD_TYPES = ("Date", "Dec", "DecimalString", "Int", "IntString", "FreeForm", "Num", "RequestTimestamp", "Timestamp")
_SCALARS: dict[str, Any] = {"Any": Any, "bool": bool, "bytes": bytes, "str": str}
_SCALARS.update((name, getattr(field_types, name)) for name in _FIELD_TYPES)


class Values:
    """Reads and writes bodies of one type.

    Args:
        name: the type, as the contract's printer writes it, such as ``List[Transaction]``.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._adapter: TypeAdapter[Any] = TypeAdapter(_type(ast.parse(name, mode="eval").body))

    def from_json(self, json_str: str | bytes) -> Any:
        """Read a value from JSON text.

        Raises:
            ApiValueError: the text is not JSON, or a value does not fit; the message names it.
        """
        try:
            return self._adapter.validate_json(json_str)
        except ValidationError as error:
            raise ApiValueError(f"{self._name}: {complaints(error)}") from None

    def to_wire(self, value: Any) -> bytes:
        """Return a value as the bytes that go over the wire. Raises ApiValueError if it does not fit."""
        try:
            checked = self._adapter.validate_python(value)
        except ValidationError as error:
            raise ApiValueError(f"{self._name}: {complaints(error)}") from None
        return self._adapter.dump_json(checked, by_alias=True, exclude_unset=True)


@lru_cache(maxsize=256)
def values_of(name: str) -> Values:
    """Return the reader of a type."""
    return Values(name)


def _type(node: ast.expr) -> Any:
    if isinstance(node, ast.Name):
        return _SCALARS[node.id] if node.id in _SCALARS else model_named(node.id)
    if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
        inner = node.slice
        items = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if node.value.id == "Literal":
            return Literal[tuple(ast.literal_eval(item) for item in items)]
        if node.value.id == "Annotated":
            marked: Any = (_type(items[0]), *(_mark(item) for item in items[1:]))
            return Annotated[marked]
        types = tuple(_type(item) for item in items)
        return _GENERICS[node.value.id][types if len(types) > 1 else types[0]]
    if isinstance(node, ast.Constant) and node.value is None:
        return None
    raise TypeError(f"{ast.unparse(node)} is no type of a body")


def _mark(node: ast.expr) -> Any:
    """Return what is annotated to a type: its limits."""
    if isinstance(node, ast.Call):
        return Field(**{str(each.arg): ast.literal_eval(each.value) for each in node.keywords})
    return field_types.UNIQUE
