"""Reads the schemas of a contract. Objects become models of their own, also those that have no name."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

from reading import names
from reading.dialect import OF_PLACE, normalised
from reading.model import (
    Definition,
    Enumeration,
    Field,
    Limits,
    Listing,
    Model,
    Reference,
    Scalar,
    Schema,
    Table,
    Variants,
)
from reading.source import Cursor

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
# What a format makes of a text, and those that are told to people only.
_FORMATS = {"date-time": "datetime", "date": "date", "binary": "bytes"}
_TOLD_FORMATS = frozenset(
    ("uuid", "email", "uri", "hostname", "ipv4", "ipv6", "password", "int32", "int64", "float", "double", "decimal")
)
# The library's field types that `x-om-type` may name, by the kind of values that they stand for.
FIELD_TYPES = {
    "Count": "integer",
    "Dec": "number",
    "DecimalString": "string",
    "EventId": "string",
    "EventTime": "datetime",
    "Int": "any number",
    "IntString": "string",
    "Metadata": "object",
    "PositiveCount": "integer",
    "Provider": "string",
    "Quantity": "number",
    "RequestTimestamp": "datetime",
    "Text": "string",
}
_REQUEST, _EVENT = "x-om-request", "x-om-event"
_UNIONS = ("oneOf", "anyOf")


class Schemas:
    """The schemas of a contract, as models by their names.

    Args:
        taken: says whose a name is already; None if it is free.
    """

    def __init__(self, taken: Callable[[str], str | None]) -> None:
        self.models: dict[str, Definition] = {}
        self._values: dict[str, Schema] = {}  # named lists of values, by place and name
        self._taken = taken
        self._modules: dict[str, str] = {}
        self._known: dict[str, str] = {}  # place and name of a component: the model's name
        self._open: set[str] = set()  # components that are no models, and are being read

    def component(self, at: Cursor, wire: str) -> Schema:
        """Read a schema that has a name."""
        known = self._known.get(f"{at.place} {wire}")
        if known is not None:
            return Reference(known)
        at = normalised(at)
        if _is_model(at):
            return self._model(at, wire)
        if at.has("enum"):
            return self._enumeration(at, wire)
        if at.place in self._open:
            at.problem("contains itself, and is no object with properties")
            return Scalar("any")
        self._open.add(at.place)
        schema = self.read(at, wire)
        self._open.discard(at.place)
        return schema

    def read(self, at: Cursor, name: str) -> Schema:
        """Read a schema; an object in it gets this name."""
        if not at.is_object("a schema"):
            return Scalar("any")
        at = normalised(at)
        followed, target = at.followed()
        if target is not None:
            at.pass_over(*OF_PLACE)
            at.done("beside $ref, ")
            return self.component(followed.named(target), target)
        if _is_model(at):
            return self._model(at, name)
        schema = self._plain(at, name)
        at.pass_over(*OF_PLACE, "x-om-filled")
        at.done()
        return schema

    def _plain(self, at: Cursor, name: str) -> Schema:
        kind = _kind(at)
        at.take("nullable", bool)
        type_name = at.take("x-om-type", str)
        if type_name is not None and type_name not in FIELD_TYPES:
            at.at("x-om-type").problem(f"x-om-type {type_name} is none of {', '.join(sorted(FIELD_TYPES))}")
            type_name = None
        if kind == "array":
            if not at.has("items"):
                at.problem("a list without items; say what is in it")
                return Listing(Scalar("any"))
            items = self.read(at.at("items", f"{at.name}[]"), f"{name}Inner")
            return Listing(items, _limits(at))
        if kind == "object":
            more = at.value.get("additionalProperties", True)
            if isinstance(more, dict):
                return Table(self.read(at.at("additionalProperties", f"{at.name}{{}}"), f"{name}Value"), type_name)
            at.pass_over("additionalProperties")
            return Table(Scalar("any"), type_name)
        values = tuple(at.take("enum", list, ()))
        if kind == "any" and values:
            kind = _kind_of(values)
        form = at.take("format", str)
        if form is not None and form not in _FORMATS and form not in _TOLD_FORMATS:
            at.at("format").problem(f"format {form} is not supported")
        if kind == "string" and form in _FORMATS:
            kind = _FORMATS[form]
        return Scalar(kind, values, _limits(at), type_name)

    def _named(self, at: Cursor, wire: str) -> tuple[str, str] | None:
        """Return the names of a schema's class and module, or None if it cannot have them."""
        name = names.class_name(wire)
        module = names.module_name(name)
        problem = self._taken(name)
        if not name:
            problem = "no Python name can be made of it"
        elif problem is None and name in self.models:
            problem = "two schemas get this name"
        elif problem is None and module in self._modules:
            problem = f"its module {module} is that of {self._modules[module]}"
        if problem is not None:
            at.problem(f"the schema {wire} cannot become {name or 'a class'}: {problem}")
            return None
        self._modules[module] = name
        return name, module

    def _enumeration(self, at: Cursor, wire: str) -> Schema:
        known = self._values.get(f"{at.place} {wire}")
        if known is None:
            schema = self._plain(at, wire)
            named = self._named(at, wire)
            if named is None or not isinstance(schema, Scalar):
                return Scalar("any")
            name, module = named
            alias, description = at.take("x-om-alias", str), described(at)
            self.models[name] = Enumeration(name, module, alias, description, at.value.get("example"), schema.values)
            at.pass_over(*OF_PLACE)
            at.done()
            known = self._values[f"{at.place} {wire}"] = dataclasses.replace(schema, name=name)
        return known

    def _model(self, at: Cursor, wire: str) -> Schema:
        named = self._named(at, wire)
        if named is None:
            return Scalar("any")
        name, module = named
        self._known[f"{at.place} {wire}"] = name
        at = at.named(name)
        alias = at.take("x-om-alias", str)
        description = at.take("description", str, "")
        example = at.value.get("example")
        at.pass_over(*OF_PLACE)
        word = next((word for word in _UNIONS if at.has(word)), None)
        if word is not None:
            variants = self.models[name] = Variants(name, module, alias, description, example, "", {})
            self._variants(at, word, variants)
        else:
            model = self.models[name] = Model(name, module, alias, description, example, _role(at))
            self._fields(at, model)
        at.done()
        return Reference(name)

    def _variants(self, at: Cursor, word: str, variants: Variants) -> None:
        options: dict[str, str] = {}
        for index, option in enumerate(at.at(word).elements(), 1):
            schema = self.read(option, f"{variants.name}Option{index}")
            if isinstance(schema, Reference) and isinstance(self.models.get(schema.name), Model):
                options[option.value.get("$ref", schema.name)] = schema.name
            else:
                option.problem(f"{word} of anything but objects is not supported")
        at.take("type", str)
        at.take("nullable", bool)
        models = [model for model in map(self.models.get, options.values()) if isinstance(model, Model)]
        if {model.role for model in models} == {"event"}:
            variants.role = "event"
        if at.has("discriminator"):
            which = at.at("discriminator")
            variants.discriminator = which.take("propertyName", str, "")
            variants.members = _mapped(which, options)
            which.done("discriminator: ")
        else:
            variants.members = {model.name: model.name for model in models}
            variants.marks = {model.name: _marks(model, models) for model in models}
            for name in [name for name, marks in variants.marks.items() if not marks]:
                at.problem(f"{word} without a discriminator: {name} has no required property that others lack")

    def _fields(self, at: Cursor, model: Model) -> None:
        at.take("type", (str, list))
        at.take("nullable", bool)
        more = at.value.get("additionalProperties", True)
        at.pass_over("additionalProperties", _REQUEST, _EVENT)
        if isinstance(more, dict) and more:
            at.problem("properties and typed additionalProperties together are not supported")
        required = set(at.texts("required"))
        if not at.has("properties"):
            return
        seen: dict[str, str] = {}
        for wire, item in at.at("properties").items(".{}"):
            if not item.is_object(f"the property {wire!r}"):
                continue
            field = self._field(item.named(f"{model.name}.{wire}"), wire, model, wire in required)
            if field.name in seen:
                item.problem(f"{wire} and {seen[field.name]} are both {field.name} in Python")
            seen[field.name] = wire
            required.discard(wire)
            model.fields.append(field)
        for wire in sorted(required):
            at.problem(f"{wire} is required, but is no property")

    def _field(self, at: Cursor, wire: str, model: Model, required: bool) -> Field:
        name = names.attribute(wire)
        if not name:
            at.problem(f"the property {wire!r} has no name in Python")
        at = normalised(at)
        description = described(at)
        nullable = at.take("nullable", bool, False)
        filled = at.take("x-om-filled", bool, False)
        inner = names.class_name(f"{model.name}_{name}")
        schema = self.read(at, inner)
        nullable = nullable or schema == Scalar("any")
        return Field(
            name or "unusable",
            wire,
            schema,
            description,
            required,
            nullable,
            filled,
            at.take("readOnly", bool, False),
            at.take("writeOnly", bool, False),
        )


def described(at: Cursor, default: Any = None) -> str:
    """Return what a value means, with its default, and whether it should still be used."""
    parts = [at.take("description", str, "").strip()]
    default = at.value.get("default", default)
    if default is not None:
        parts.append(f"Default: {json.dumps(default, ensure_ascii=False)}.")
    if at.take("deprecated", bool, False):
        parts.append("Deprecated.")
    return " ".join(part for part in parts if part)


def _is_model(at: Cursor) -> bool:
    return at.has("properties") or any(at.has(word) for word in (*_UNIONS, _REQUEST, _EVENT))


def _mapped(which: Cursor, options: dict[str, str]) -> dict[str, str]:
    """Return the models of a union, by the values of its discriminator."""
    members: dict[str, str] = {}
    for value, reference in which.take("mapping", dict, {}).items():
        found = options.get(reference) or options.get(f"#/components/schemas/{reference}")
        if found is None:
            which.problem(f"mapping {value}: {reference} is not one of the variants")
        else:
            members[value] = found
    for reference, name in options.items():  # what the mapping does not name goes by the schema's own name
        if name not in members.values():
            members[reference.rpartition("/")[2]] = name
    return dict(sorted(members.items()))


def _marks(model: Model, models: list[Model]) -> tuple[str, ...]:
    """Return the required properties of a model that no other one has."""
    others = {field.wire for other in models if other is not model for field in other.fields}
    return tuple(field.wire for field in model.fields if field.required and field.wire not in others)


def _role(at: Cursor) -> str:
    event, request = at.take(_EVENT, bool, False), at.take(_REQUEST, bool, False)
    return "event" if event else "request" if request else "answer"


def _kind(at: Cursor) -> str:
    kind = at.take("type", str)
    if kind is None:
        return "object" if at.has("additionalProperties") else "array" if at.has("items") else "any"
    if kind not in _TYPES:
        at.at("type").problem(f"type {kind} is none of {', '.join(_TYPES)}")
        return "any"
    return str(kind)


def _kind_of(values: tuple[Any, ...]) -> str:
    """Return the kind of values that come without one."""
    if all(isinstance(value, str) for value in values):
        return "string"
    return "integer" if all(type(value) is int for value in values) else "any"


def _limits(at: Cursor) -> Limits:
    number = (int, float)
    minimum, maximum = at.take("minimum", number), at.take("maximum", number)
    above, below = at.take("exclusiveMinimum", (bool, *number)), at.take("exclusiveMaximum", (bool, *number))
    if isinstance(above, bool):  # as 3.0 says it
        minimum, above = (None, minimum) if above else (minimum, None)
    if isinstance(below, bool):
        maximum, below = (None, maximum) if below else (maximum, None)
    return Limits(
        minimum,
        maximum,
        above,
        below,
        at.take("minLength", int, at.take("minItems", int)),
        at.take("maxLength", int, at.take("maxItems", int)),
        at.take("pattern", str),
        at.take("multipleOf", number),
    )
