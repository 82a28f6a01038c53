"""Tells the kinds of a union apart: by JSON itself, or objects by their properties."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from typing import Any

from reading.model import NULL, Choice, Definition, Limits, Listing, Model, Reference, Scalar, Schema, Variants

_NUMBERS = ("integer", "number", "decimal")
# Texts on the wire that are read as something else; beside other kinds they stay texts.
_TEXTS = ("string", "decimal text", "integer text", "bytes", "datetime", "date")


def combined(schemas: Iterable[Schema]) -> Schema | None:
    """Return a schema of values that fit one of these; None if they cannot be told apart."""
    kinds: dict[str, list[Schema]] = {}
    for schema in schemas:
        for option in schema.options if isinstance(schema, Choice) else (schema,):
            kinds.setdefault(_json_kind(option), []).append(option)
    if "any" in kinds:
        return Scalar("any")
    found: list[Schema] = []
    for same in kinds.values():
        first = same[0]
        if all(schema == first for schema in same):
            found.append(first)
        elif all(isinstance(schema, Scalar) for schema in same):
            found.append(_scalar([schema for schema in same if isinstance(schema, Scalar)]))
        elif all(isinstance(schema, Listing) for schema in same):
            lists = [schema for schema in same if isinstance(schema, Listing)]
            items = combined(schema.items for schema in lists)
            if items is None:
                return None
            found.append(Listing(items, _common(lists)))
        else:
            return None
    if len(found) > 1:
        found = [_plain(schema) for schema in found]
    return found[0] if len(found) == 1 else Choice(tuple(found))


def nullable(schema: Schema) -> Schema:
    """Return a schema of the same values and null."""
    return combined([schema, NULL]) or schema


def _json_kind(schema: Schema) -> str:
    if isinstance(schema, Scalar):
        return "number" if schema.kind in _NUMBERS else "text" if schema.kind in _TEXTS else schema.kind
    return "list" if isinstance(schema, Listing) else "object"


def _scalar(schemas: list[Scalar]) -> Scalar:
    kinds = {schema.kind for schema in schemas}
    kind = schemas[0].kind if len(kinds) == 1 else "number" if kinds <= set(_NUMBERS) else "string"
    values: tuple[Any, ...] = ()
    if all(schema.values for schema in schemas):
        values = tuple(dict.fromkeys(value for schema in schemas for value in schema.values))
    return Scalar(kind, values, Limits() if values else _common(schemas))


def _common(schemas: list[Scalar] | list[Listing]) -> Limits:
    """Return the limits that all of these have; none if they differ, for the server knows them too."""
    return schemas[0].limits if all(schema.limits == schemas[0].limits for schema in schemas) else Limits()


def _plain(schema: Schema) -> Schema:
    """Return the schema of a text that is written as it is read, whatever stands beside it."""
    if isinstance(schema, Scalar) and schema.kind in ("decimal text", "integer text", "bytes"):
        return dataclasses.replace(schema, kind="string")
    return schema


def models_of(schema: Schema, models: Mapping[str, Definition]) -> list[Model] | None:
    """Return the models that an option of a union stands for; None if it is no object with properties."""
    found = models.get(schema.name) if isinstance(schema, Reference) else None
    if isinstance(found, Variants):
        members = [models.get(name) for name in dict.fromkeys(found.members.values())]
        return [member for member in members if isinstance(member, Model)] or None
    return [found] if isinstance(found, Model) else None


def discriminator(models: list[Model]) -> tuple[str, dict[str, str]] | None:
    """Return the property whose values say which model it is, and the models by its values; None if there is none."""
    for field in models[0].fields if models else ():
        members: dict[str, str] = {}
        for model in models:
            values = _values(model, field.wire)
            if not values or any(value in members for value in values):
                break
            members.update(dict.fromkeys(values, model.name))
        else:
            return field.wire, members
    return None


def _values(model: Model, wire: str) -> tuple[str, ...]:
    """Return the values that a required property may have, as texts; empty if that is not said."""
    for field in model.fields:
        if field.wire == wire and field.required and not field.nullable and isinstance(field.schema, Scalar):
            return tuple(value if isinstance(value, str) else json.dumps(value) for value in field.schema.values)
    return ()


def marks(models: list[Model]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Return the required properties by which each model is told from the others, and the models that have none.

    One model may have none of its own: it is what lacks those of the others.
    """
    own = {model.name: _own(model, models) for model in models}
    without = [name for name, properties in own.items() if not properties]
    if len(without) == 1:
        (last,) = (model for model in models if model.name == without[0])
        required = tuple(field.wire for field in last.fields if field.required)
        if required:
            del own[last.name]  # asked last
            return {**own, last.name: required}, []
    return own, without


def _own(model: Model, models: list[Model]) -> tuple[str, ...]:
    others = {field.wire for other in models if other is not model for field in other.fields}
    return tuple(field.wire for field in model.fields if field.required and field.wire not in others)
