"""Reads the schemas of a contract. Objects become models of their own, also those that have no name."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from typing import Any

from pydantic_core import SchemaError, SchemaValidator, core_schema

from reading import names, unions
from reading.dialect import OF_CLIENT, OF_PLACE, followed, normalised
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
from reading.source import MAX_REFERENCES, Cursor, Mapping

_TYPES = ("string", "integer", "number", "boolean", "object", "array", "null")
# What a format makes of a value, and those that are told to people only.
_FORMATS = {
    "string": {
        "date-time": "datetime",
        "date": "date",
        "binary": "bytes",
        "decimal": "decimal text",
        "int64": "integer text",
    },
    "number": {"decimal": "decimal"},
}
_TOLD_FORMATS = frozenset(
    (
        *("uuid", "email", "idn-email", "uri", "uri-reference", "uri-template", "iri", "iri-reference", "url"),
        *("hostname", "idn-hostname", "ipv4", "ipv6", "password", "time", "duration", "regex", "json-pointer", "byte"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float", "double"),
    )
)
_TOLD_ENCODINGS = ("contentEncoding", "contentMediaType")
# What the values of a list of allowed ones must be.
_VALUES: dict[str, Any] = {"string": str, "integer": int, "number": int, "boolean": bool, "any": (str, int)}
# The library's field types that `x-om-type` may name, by the kind of values that they stand for.
FIELD_TYPES = {
    "Count": "integer",
    "EventId": "string",
    "EventTime": "datetime",
    "Metadata": "object",
    "PositiveCount": "integer",
    "Provider": "string",
    "Quantity": "number",
    "Text": "string",
}
_EVENT = "x-om-event"
_UNIONS = ("oneOf", "anyOf")


class Schemas:
    """The schemas of a contract, as models by their names.

    Args:
        taken: says whose a name is already; None if it is free.
    """

    def __init__(self, taken: Callable[[str], str | None]) -> None:
        self.models: dict[str, Definition] = {}
        self._taken = taken
        self._modules: dict[str, str] = {}
        self._places: dict[str, Cursor] = {}  # of models
        self._known: dict[int, Schema] = {}  # components that were read, by the identity of what the file says
        self._open: set[int] = set()  # components that are no models, and are being read

    def component(self, at: Cursor, wire: str) -> Schema:
        """Read a schema that has a name."""
        identity = id(at.value)
        if identity in self._known:
            return self._known[identity]
        if identity in self._open:
            at.problem("contains itself, and is no object with properties")
            return Scalar("any")
        if not at.is_object("a schema"):
            return Scalar("any")
        at = normalised(_as_kind(at, wire))
        if _is_model(at):
            return self._model(at, wire, identity)
        self._open.add(identity)
        schema = self._enumeration(at, wire) if at.has("enum") else self.read(at, wire)
        self._open.discard(identity)
        self._known[identity] = schema
        return schema

    def value(self, at: Cursor, name: str) -> Schema:
        """Read the schema of a value that stands alone, which may be null."""
        schema = self.read(at, name)
        return unions.nullable(schema) if is_nullable(at) else schema

    def read(self, at: Cursor, name: str) -> Schema:
        """Read a schema; an object in it gets this name."""
        if not at.is_object("a schema"):
            return Scalar("any")
        at = normalised(at)
        component, target = at.followed()
        if target is not None:
            at.pass_over(*OF_PLACE, *OF_CLIENT)
            type_name = _type_name(at)
            at.done("beside $ref, ")
            schema = self.component(component.named(target), target)
            return dataclasses.replace(schema, type_name=type_name) if isinstance(schema, Scalar) else schema
        if _is_model(at):
            return self._model(at, name)
        word = _union(at)
        schema = self._plain(at, name) if word is None else self._choice(at, word, name)
        at.pass_over(*OF_PLACE, "x-om-filled")
        at.done()
        return schema

    def _plain(self, at: Cursor, name: str) -> Schema:
        kind = _kind(at)
        at.take("nullable", bool)
        type_name = _type_name(at)
        if kind == "array":
            if not at.has("items"):
                at.problem("a list without items; say what is in it")
                return Listing(Scalar("any"))
            items = self.value(at.at("items", f"{at.name}[]"), f"{name}Inner")
            return Listing(items, _limits(at, kind))
        if kind == "object":
            more = at.value.get("additionalProperties", True)
            if isinstance(more, dict):
                return Table(self.value(at.at("additionalProperties", f"{at.name}{{}}"), f"{name}Value"), type_name)
            at.pass_over("additionalProperties")
            return Table(Scalar("any"), type_name)
        values = tuple(dict.fromkeys(_allowed(at, kind)))
        if kind == "any" and values:
            kind = _kind_of(values)
        form = at.take("format", str)
        made = _FORMATS.get(kind, {}).get(form or "")
        if form is not None and made is None and form not in _TOLD_FORMATS:
            at.at("format").problem(f"format {form} is not supported")
        limits = _limits(at, kind)
        if kind == "string":
            at.pass_over(*_TOLD_ENCODINGS)
            if made is not None and (values or limits != Limits()):
                at.problem(f"format {form} with limits or allowed values is not supported")
        return Scalar(made or kind, values, limits, type_name)

    def _choice(self, at: Cursor, word: str, name: str) -> Schema:
        """Read a union of values that are not all objects with properties."""
        kind, found = at.take("type", str), []
        at.take("nullable", bool)
        for index, option in enumerate(at.at(word).elements(), 1):
            if kind is not None and isinstance(option.value, Mapping) and not _says_kind(option):
                option = option.changed({"type": kind})
            schema = self.read(option, f"{name}Option{index}")
            if kind not in (None, _type_of(schema)):
                option.problem(f"{word}: this is no {kind}, which the schema around it is")
            found.append(schema)
        objects = [schema for schema in dict.fromkeys(found) if isinstance(schema, Reference)]
        if len(objects) > 1:
            reference = self._union_of(at, word, name, objects)
            found = [reference if isinstance(schema, Reference) else schema for schema in found]
        schema_of_all = unions.combined(found) if found else None
        if schema_of_all is None:
            at.problem(f"{word} of values that JSON does not tell apart is not supported")
        return schema_of_all or Scalar("any")

    def _union_of(self, at: Cursor, word: str, wire: str, objects: list[Reference]) -> Schema:
        """Return the union of the objects among other values."""
        named = self._named(at, wire)
        if named is None:
            return objects[0]
        variants = self.models[named[0]] = Variants(*named, None, "", None, "", {})
        self._tell_apart(at, word, variants, objects)
        return Reference(variants.name)

    def _named(self, at: Cursor, wire: str) -> tuple[str, str] | None:
        """Return the names of a schema's class and module, or None if it cannot have them."""
        name = names.class_name(at.take("x-om-name", str, wire))
        module = names.module_name(name)
        problem = self._taken(name)
        if not name:
            problem = "no Python name can be made of it"
        elif problem is None and name in self.models:
            problem = "two schemas get this name"
        elif problem is None and module in self._modules:
            problem = f"its module {module} is that of {self._modules[module]}"
        if problem is not None:
            at.problem(
                f"the schema {wire} cannot become {name or 'a class'}: {problem} (x-om-name gives it another name)"
            )
            return None
        self._modules[module] = name
        self._places[name] = at
        return name, module

    def check_free(self, name: str, other: str) -> None:
        """Refuse a model whose request would get the name of something else."""
        module = names.module_name(other)
        problem = self._taken(other) or ("another schema" if other in self.models or module in self._modules else None)
        if problem is not None:
            self._places[name].problem(f"it is sent and received, and would be sent as {other}: {problem} (x-om-name)")

    def _enumeration(self, at: Cursor, wire: str) -> Schema:
        schema = self._plain(at, wire)
        named = self._named(at, wire)
        if named is None or not isinstance(schema, Scalar):
            return Scalar("any")
        name, module = named
        alias, description = at.take("x-om-alias", str), described(at)
        self.models[name] = Enumeration(name, module, alias, description, at.value.get("example"), schema.values)
        at.pass_over(*OF_PLACE)
        at.done()
        return dataclasses.replace(schema, name=name)

    def _model(self, at: Cursor, wire: str, identity: int | None = None) -> Schema:
        if at.has("discriminator") and _union(at) is None:
            at = _with_kinds(at)
        named = self._named(at, wire)
        if named is None:
            return Scalar("any")
        name, module = named
        if identity is not None:
            self._known[identity] = Reference(name)
        at = at.named(name)
        if at.take("type", str, "object") != "object":
            at.at("type").problem(f"type {at.value['type']} with properties or variants that are objects contradict")
        at.take("nullable", bool)
        at.pass_over("x-om-name")
        alias = at.take("x-om-alias", str)
        description = at.take("description", str, "")
        example = at.value.get("example")
        at.pass_over(*OF_PLACE)
        word = _union(at)
        if word is not None:
            if at.has("properties"):
                at.problem(f"{word} beside properties, or in an allOf with them, is not supported")
                at.pass_over("properties", "required", "additionalProperties", "discriminator")
            variants = self.models[name] = Variants(name, module, alias, description, example, "", {})
            self._variants(at, word, variants)
        else:
            model = self.models[name] = Model(name, module, alias, description, example, _role(at))
            self._fields(at, model)
        at.done()
        return Reference(name)

    def _variants(self, at: Cursor, word: str, variants: Variants) -> None:
        options: dict[str, str] = {}
        found: list[Reference] = []
        for index, option in enumerate(at.at(word).elements(), 1):
            schema = self.read(option, f"{variants.name}Option{index}")
            if isinstance(schema, Reference) and unions.models_of(schema, self.models):
                found.append(schema)
                options[option.value.get("$ref", schema.name)] = schema.name
            else:
                option.problem(f"{word}: an option is no object with properties")
        if not at.has("discriminator"):
            self._tell_apart(at, word, variants, found)
            return
        models = [self.models.get(name) for name in options.values()]
        if {model.role for model in models if isinstance(model, Model)} == {"event"}:
            variants.role = "event"
        if any(isinstance(model, Variants) for model in models):
            at.problem(f"{word} with a discriminator, of unions is not supported")
        which = at.at("discriminator")
        if which.is_object("a discriminator"):
            variants.discriminator = which.take("propertyName", str, "")
            variants.members = _mapped(which, options)
            which.done("discriminator: ")

    def _tell_apart(self, at: Cursor, word: str, variants: Variants, objects: list[Reference]) -> None:
        """Find the properties by which the models of a union can be told apart."""
        found = {model.name: model for schema in objects for model in unions.models_of(schema, self.models) or ()}
        models = list(found.values())
        told = unions.discriminator(models)
        if told is not None:
            variants.discriminator, variants.members = told
            return
        variants.members = {model.name: model.name for model in models}
        variants.marks, without = unions.marks(models)
        for name in without:
            at.problem(f"{word} without a discriminator: {name} has no required property that others lack")

    def _fields(self, at: Cursor, model: Model) -> None:
        more = at.value.get("additionalProperties", True)
        model.is_open = at.has("additionalProperties") and more in (True, {})
        at.pass_over("additionalProperties", _EVENT)
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
        rows = at.take("x-om-rows", str)
        if rows is not None:
            model.rows = next((field.name for field in model.fields if field.wire == rows), "")
            if not any(field.wire == rows and isinstance(field.schema, Listing) for field in model.fields):
                at.at("x-om-rows").problem(f"x-om-rows {rows} is no list among the properties")

    def _field(self, at: Cursor, wire: str, model: Model, required: bool) -> Field:
        nullable = is_nullable(at)
        at = normalised(at)
        name = names.attribute(at.value.get("x-om-name") or wire)
        if not name:
            at.problem(f"the property {wire!r} has no name in Python")
        default, is_deprecated = at.value.get("default"), bool(at.value.get("deprecated"))
        at = at.changed({}, without=("x-om-name",))
        description = described(at)
        at.take("nullable", bool)
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
            default,
            is_deprecated,
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


def is_nullable(at: Cursor) -> bool:
    """Return whether a value may be null, as the schema says, or the one that it refers to."""
    for _ in range(MAX_REFERENCES):
        if not isinstance(at.value, Mapping):
            return False
        at = normalised(at)
        if at.value.get("nullable") is True or not at.has("$ref"):
            break
        at, _ = at.followed()
    return at.value.get("nullable") is True


def _is_model(at: Cursor) -> bool:
    """Return whether a schema becomes a class: an object with properties, or a union of such ones."""
    word = _union(at)
    if word is None or at.has("properties"):
        return at.has("properties") or at.has(_EVENT)
    return at.has("discriminator") or at.has(_EVENT) or _is_of_objects(at, word)


def _is_of_objects(at: Cursor, word: str, seen: frozenset[int] = frozenset()) -> bool:
    """Return whether all options of a union are objects with properties, or unions of such ones."""
    options = list(at.at(word).elements()) if isinstance(at.value[word], list) else []
    for option in options:
        if not isinstance(option.value, Mapping):
            return False
        whole = followed(option)
        inner = _union(whole)
        if whole.has("properties") or id(option.value) in seen:
            continue
        if inner is None or not _is_of_objects(whole, inner, seen | {id(each.value) for each in options}):
            return False
    return bool(options)


def _union(at: Cursor) -> str | None:
    return next((word for word in _UNIONS if at.has(word)), None)


def _says_kind(at: Cursor) -> bool:
    return any(at.has(word) for word in ("$ref", "type", "allOf", "enum", "const", *_UNIONS))


def _type_of(schema: Schema) -> str:
    """Return the JSON type of a value, as schemas call it."""
    if isinstance(schema, Scalar):
        return {"datetime": "string", "date": "string", "bytes": "string", "decimal": "number"}.get(
            schema.kind, "string" if schema.kind.endswith(" text") else schema.kind
        )
    return "array" if isinstance(schema, Listing) else "object"


def _kinds(at: Cursor) -> list[str]:
    """Return the schemas that the discriminator of their common base names."""
    which = at.value.get("discriminator")
    mapping = which.get("mapping") if isinstance(which, Mapping) else None
    return [kind for kind in mapping.values() if isinstance(kind, str)] if isinstance(mapping, Mapping) else []


def _as_kind(at: Cursor, wire: str) -> Cursor:
    """Return a schema that adds nothing to its base as one of the base's kinds, and not as another name of the base."""
    if not isinstance(at.value.get("allOf"), list) or len(at.value["allOf"]) != 1:
        return at
    (part,) = at.at("allOf").elements()
    base = followed(part) if isinstance(part.value, Mapping) else part
    is_kind = base.has("properties") and any(kind.rpartition("/")[2] == wire for kind in _kinds(base))
    return at.changed({"properties": Mapping(at.place)}) if is_kind and not at.has("properties") else at


def _with_kinds(at: Cursor) -> Cursor:
    """Return a base of other schemas as the union of those that its discriminator names."""
    names_of_kinds = _kinds(at)
    if not names_of_kinds:
        at.at("discriminator").problem("discriminator beside properties, without a mapping, is not supported")
    kinds: list[Any] = []
    for kind in dict.fromkeys(names_of_kinds):
        reference = Mapping(at.place)
        reference["$ref"] = kind if re.search("[/#.]", kind) else f"#/components/schemas/{kind}"
        kinds.append(reference)
    return at.changed({"oneOf": kinds}, without=("properties", "required", "additionalProperties"))


def _mapped(which: Cursor, options: dict[str, str]) -> dict[str, str]:
    """Return the models of a union, by the values of its discriminator."""
    members: dict[str, str] = {}
    for value, reference in which.take("mapping", dict, {}).items():
        if not isinstance(reference, str):
            which.at("mapping").problem(f"mapping {value}: must be text, not {reference!r}")
            continue
        found = options.get(reference) or options.get(f"#/components/schemas/{reference}")
        if found is None:
            which.problem(f"mapping {value}: {reference} is not one of the variants")
        else:
            members[value] = found
    for reference, name in options.items():  # what the mapping does not name goes by the schema's own name
        if name not in members.values():
            members[reference.rpartition("/")[2]] = name
    return dict(sorted(members.items()))


def _role(at: Cursor) -> str:
    return "event" if at.take(_EVENT, bool, False) else "answer"


def _type_name(at: Cursor) -> str | None:
    name = at.take("x-om-type", str)
    if name is None or name in FIELD_TYPES:
        return name
    at.at("x-om-type").problem(f"x-om-type {name} is none of {', '.join(sorted(FIELD_TYPES))}")
    return None


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


def _allowed(at: Cursor, kind: str) -> list[Any]:
    """Return the values of a list of allowed ones."""
    values = at.take("enum", list, [])
    for value in values:
        if not isinstance(value, _VALUES.get(kind, ())) or (isinstance(value, bool) and kind in ("integer", "number")):
            at.at("enum").problem(f"enum: {value!r} is no {'text or whole number' if kind == 'any' else kind}")
            return []
    return list(values)


def _limits(at: Cursor, kind: str) -> Limits:
    """Return the limits that mean something to values of this kind. Others are not read, which refuses them."""
    if kind == "array":
        return Limits(
            shortest=at.take("minItems", int),
            longest=at.take("maxItems", int),
            is_unique=at.take("uniqueItems", bool, False),
        )
    if kind == "string":
        return Limits(shortest=at.take("minLength", int), longest=at.take("maxLength", int), pattern=_pattern(at))
    if kind not in ("integer", "number"):
        return Limits()
    number = (int, float)
    minimum, maximum = at.take("minimum", number), at.take("maximum", number)
    above, below = at.take("exclusiveMinimum", (bool, *number)), at.take("exclusiveMaximum", (bool, *number))
    if isinstance(above, bool):  # as 3.0 says it
        minimum, above = (None, minimum) if above else (minimum, None)
    if isinstance(below, bool):
        maximum, below = (None, maximum) if below else (maximum, None)
    return Limits(minimum, maximum, above, below, multiple_of=at.take("multipleOf", number))


def _pattern(at: Cursor) -> str | None:
    """Return a pattern that Python and pydantic can match."""
    pattern = at.take("pattern", str)
    if pattern is None:
        return None
    try:
        re.compile(pattern)
        SchemaValidator(core_schema.str_schema(pattern=pattern))
    except (re.error, SchemaError) as error:
        reason = " ".join(str(error).split())
        at.at("pattern").problem(f"pattern {pattern} cannot be matched: {reason}")
        return None
    return str(pattern)
