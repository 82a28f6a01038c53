"""Makes an example of a value of the contract, where the contract shows none."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from reading.model import Choice, Definition, Enumeration, Listing, Model, Reference, Scalar, Schema, Table

_OF_KINDS: dict[str, Any] = {
    "boolean": True,
    "datetime": "2026-01-31T12:00:00.000Z",
    "date": "2026-01-31",
    "decimal text": "1.50",
    "integer text": "1",
    "bytes": "",
    "null": None,
    "any": "anything",
}
_DEEPEST = 8  # models in each other


class NoExampleError(Exception):
    """No example can be made of a value."""


def example_of(schema: Schema, models: Mapping[str, Definition], depth: int = 0) -> Any:
    """Return a value that fits a schema, as JSON.

    Raises:
        NoExampleError: the schema has a pattern, or never ends.
    """
    if isinstance(schema, Scalar):
        return _scalar(schema)
    if isinstance(schema, Listing):
        fewest = max(1, schema.limits.shortest or 0)
        if fewest > 1 and schema.limits.is_unique:
            raise NoExampleError("a list whose values differ")
        return [example_of(schema.items, models, depth)] * fewest
    if isinstance(schema, Choice):
        return example_of(schema.options[0], models, depth)
    if isinstance(schema, Table):
        return {"key": example_of(schema.value, models, depth)}
    return _defined(schema, models, depth)


def _scalar(schema: Scalar) -> Any:
    limits = schema.limits
    if schema.values:
        return schema.values[0]
    if limits.pattern is not None:
        raise NoExampleError(f"the pattern {limits.pattern}")
    if schema.kind in ("integer", "number", "decimal"):
        low = limits.minimum if limits.minimum is not None else (limits.above or 0) + 1
        if limits.maximum is not None or limits.below is not None:
            low = min(low, limits.maximum if limits.maximum is not None else (limits.below or 0) - 1)
        return limits.multiple_of * round(low / limits.multiple_of + 0.5) if limits.multiple_of else low
    if schema.kind == "string":
        return "text".ljust(limits.shortest or 0, "x")[: limits.longest]
    return _OF_KINDS[schema.kind]


def _defined(schema: Reference, models: Mapping[str, Definition], depth: int) -> Any:
    found = models[schema.name]
    if found.example is not None:
        return found.example
    if depth > _DEEPEST:
        raise NoExampleError(f"{schema.name}, which contains itself")
    if isinstance(found, Enumeration):
        return found.values[0]
    if isinstance(found, Model):
        needed = [field for field in found.fields if field.required]
        return {field.wire: example_of(field.schema, models, depth + 1) for field in needed}
    value, name = next(iter(found.members.items()))
    made = example_of(Reference(name), models, depth + 1)
    if found.discriminator and _text(made.get(found.discriminator)) != value:
        made = {**made, found.discriminator: value}
    return made


def _text(value: Any) -> str:
    """Return what the mapping of a discriminator calls a value."""
    return value if isinstance(value, str) else json.dumps(value)
