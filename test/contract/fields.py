"""Changes to single values of a component's example."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple, Union

from .contract import follow, schemas

Place = tuple[Union[str, int], ...]


class Field(NamedTuple):
    """One value of an example, with what the contract says about it."""

    place: Place
    schema: dict[str, Any]
    value: Any


def fields(name: str) -> Iterator[Field]:
    """Yield every value of a component's example that the contract describes, nested ones included."""
    yield from _below((), schemas()[name], schemas()[name]["example"])


def objects(name: str) -> Iterator[Field]:
    """Yield the example, and every object in it that is a component of its own."""
    yield Field((), schemas()[name], schemas()[name]["example"])
    yield from (field for field in fields(name) if "properties" in field.schema)


def _below(place: Place, schema: dict[str, Any], value: Any) -> Iterator[Field]:
    if isinstance(value, dict):
        for key, item in value.items():
            of = schema.get("properties", {}).get(key, schema.get("additionalProperties"))
            if isinstance(of, dict):
                yield from _one((*place, key), follow(of), item)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from _one((*place, index), follow(schema["items"]), item)


def _one(place: Place, schema: dict[str, Any], value: Any) -> Iterator[Field]:
    yield Field(place, schema, value)
    yield from _below(place, schema, value)


def put(example: Any, place: Place, value: Any) -> Any:
    """Return a copy of the example with this value at this place."""
    changed = copy.deepcopy(example)
    at(changed, place[:-1])[place[-1]] = value
    return changed


def without(example: Any, place: Place) -> Any:
    """Return a copy of the example without the value at this place."""
    changed = copy.deepcopy(example)
    del at(changed, place[:-1])[place[-1]]
    return changed


def at(node: Any, place: Place) -> Any:
    """Return the value at this place of JSON data."""
    for step in place:
        node = node[step]
    return node


def attribute(model: Any, place: Place) -> Any:
    """Return the value at this place of a model, whose attributes have their Python names."""
    for step in place:
        if isinstance(step, int) or isinstance(model, dict):
            model = model[step]
        else:
            names = {of.alias or name: name for name, of in type(model).model_fields.items()}
            model = getattr(model, names[step])
    return model
