"""Reading an answer of which single values cannot be read: the others are of use all the same."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

# Errors of pydantic that are not about a single value: the answer is another one than was promised.
_OF_STRUCTURE = ("model_type", "model_attributes_type", "dict_type", "list_type", "json_invalid")

_Path = tuple[Any, ...]  # names and indexes


def read_around(kind: type[BaseModel], data: Any, error: ValidationError) -> Any:
    """Return the model of an answer without the values that cannot be read, which it keeps as they came.

    Args:
        kind: the model.
        data: the answer, as JSON that is parsed; it is changed.
        error: why it could not be read as a whole.

    Returns:
        The model, or None if it cannot be read without them either.
    """
    taken: dict[_Path, Any] = {}
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        if problem["type"] in _OF_STRUCTURE or not _take_out(data, problem["loc"], taken):
            return None
    try:
        model = kind.__pydantic_validator__.validate_python(data)
    except ValidationError:
        return None
    return model if all(_put_back(model, path, value) for path, value in taken.items()) else None


def _take_out(data: Any, location: _Path, taken: dict[_Path, Any]) -> bool:
    """Take the value that an error is about out of an answer. Return whether it is a single value of a field."""
    node, parent = data, None
    path: _Path = ()
    for part in location:
        longer = (*path, part)
        if longer in taken:
            return True
        is_there = part in node if isinstance(node, dict) else isinstance(node, list) and isinstance(part, int)
        if not is_there:
            break  # the names of a union's members follow
        parent, node, path = node, node[part], longer
    if not isinstance(parent, dict) or isinstance(node, (dict, list)):
        return False
    taken[path] = parent.pop(path[-1])
    return True


def _put_back(model: Any, path: _Path, value: Any) -> bool:
    """Keep a value as it came, as a model keeps unknown fields. Return whether it came in a model's field."""
    node = model
    for part in path[:-1]:
        node = getattr(node, field_name(type(node), part)) if isinstance(node, BaseModel) else node[part]
    if not isinstance(node, BaseModel) or node.__pydantic_extra__ is None:
        return False
    node.__pydantic_extra__[path[-1]] = value
    return True


def field_name(kind: type[BaseModel], wire: str) -> str:
    """Return Python's name of a field, by that of the wire."""
    return next((name for name, field in kind.model_fields.items() if field.alias == wire), wire)


def unreadable_fields(model: BaseModel) -> dict[str, Any]:
    """Return the values of a model that could not be read, as they came, by Python's names."""
    names = {field_name(type(model), wire): value for wire, value in (model.__pydantic_extra__ or {}).items()}
    return {name: value for name, value in names.items() if name in type(model).model_fields}
