"""Brings a schema into the one form that is read: the words of OpenAPI 3.0, without `allOf`."""

from __future__ import annotations

from typing import Any

from reading.source import MAX_REFERENCES, Cursor, Mapping

# What may stand beside a reference: it says something about this place, not about the schema.
OF_PLACE = (
    *("description", "summary", "nullable", "deprecated", "readOnly", "writeOnly", "title", "example", "default"),
    *("externalDocs", "xml", "$comment"),
)

# What the overlay says of a place.
OF_CLIENT = ("x-om-type", "x-om-filled", "x-om-name")


def normalised(at: Cursor, inside: tuple[int, ...] = ()) -> Cursor:
    """Return a schema in the one form that is read; the same cursor if it is in that form.

    Args:
        at: the schema.
        inside: the identities of the schemas that it is a part of.
    """
    if not isinstance(at.value, Mapping):
        return at
    if id(at.value) in inside:
        at.problem("contains itself, by allOf, oneOf or anyOf")
        return at.changed({}, without=("allOf", "oneOf", "anyOf"))
    inside = (*inside, id(at.value))
    if isinstance(at.value.get("type"), list):
        at = _with_one_type(at)
    if "const" in at.value:
        at = at.changed({"enum": [at.value["const"]]}, without=("const",))
    if isinstance(at.value.get("enum"), list) and None in at.value["enum"]:
        at = _without_null_value(at)
    if isinstance(at.value.get("examples"), list):
        at = at.changed({"example": at.value["examples"][0]} if at.value["examples"] else {}, without=("examples",))
    for word in ("oneOf", "anyOf"):
        if isinstance(at.value.get(word), list):
            at = _without_null(at, word, inside)
    return _merged(at, inside) if "allOf" in at.value else at


def followed(at: Cursor, inside: tuple[int, ...] = ()) -> Cursor:
    """Return what a schema refers to, in the one form that is read."""
    for _ in range(MAX_REFERENCES):
        at = normalised(at.followed()[0], inside)
        if not at.has("$ref"):
            return at
    at.problem("the reference leads to itself")
    return at.changed({}, without=("$ref",))


def _with_one_type(at: Cursor) -> Cursor:
    """Return a schema whose list of types is one type, or that and null."""
    kinds = [kind for kind in at.value["type"] if kind != "null"]
    if len(kinds) != 1:
        at.at("type").problem(f"type {at.value['type']} is not supported; give one type, and null at the most")
    nullable = {"nullable": True} if "null" in at.value["type"] else {}
    return at.changed({"type": kinds[0] if kinds else "string", **nullable})


def _without_null_value(at: Cursor) -> Cursor:
    """Return a schema whose allowed values do not include null."""
    values = [value for value in at.value["enum"] if value is not None]
    if values:
        return at.changed({"enum": values, "nullable": True})
    return at.changed({"type": "null"}, without=("enum",))


def _without_null(at: Cursor, word: str, inside: tuple[int, ...]) -> Cursor:
    """Return a schema whose variants do not include null; a single one that is left takes its place."""
    rest = [option for option in at.value[word] if not _is_null(option)]
    may_be_null = len(rest) < len(at.value[word])
    if len(rest) == 1 and isinstance(rest[0], Mapping) and _is_of_place(at, word):
        own = {key: value for key, value in at.value.items() if key not in (word, "type")}
        type_beside = {} if "$ref" in rest[0] or "type" not in at.value else {"type": at.value["type"]}
        if may_be_null:
            own["nullable"] = True
        return normalised(at.changed({**type_beside, **rest[0], **own}, without=(word, "type")), inside)
    if may_be_null or any(isinstance(option, Mapping) and option.get("nullable") is True for option in rest):
        return at.changed({word: rest, "nullable": True})
    return at


def _is_null(option: Any) -> bool:
    if not isinstance(option, Mapping):
        return False
    return option.get("type") == "null" or option.get("enum") == [None] or ("const", None) in option.items()


def _is_of_place(at: Cursor, word: str) -> bool:
    """Return whether a schema says nothing beside its variants that these would take for theirs."""
    return set(at.value) <= {word, "type", *OF_PLACE, *OF_CLIENT}


def _merged(at: Cursor, inside: tuple[int, ...]) -> Cursor:
    """Return a schema with the properties of all parts of its `allOf`."""
    parts = [part for part in at.at("allOf").elements() if part.is_object("a part of allOf")]
    own = {key: value for key, value in at.value.items() if key not in ("allOf", "type")}
    if len(parts) == 1 and set(own) <= {*OF_PLACE, *OF_CLIENT}:
        kind, other = at.value.get("type"), followed(parts[0], inside).value.get("type")
        if kind not in (None, other):  # 3.0 wants it beside nullable
            at.problem(f"type {kind} and allOf with a part of type {other} contradict each other")
        return normalised(at.changed({**parts[0].value, **own}, without=("allOf", "type")), inside)
    found: dict[str, Any] = {"type": "object"}
    properties, places = Mapping(at.place), {}
    required: list[str] = []
    for part in [*(followed(part, inside) for part in parts), at]:
        for key, value in part.value.items() if isinstance(part.value, Mapping) else ():
            if key == "properties" and isinstance(value, Mapping):
                properties.update(value)
                places.update(value.places)
            elif key == "required" and isinstance(value, list):
                required += [name for name in value if name not in required]
            elif (
                key in ("allOf", "description", "example", "title", "discriminator", "x-om-alias", "x-om-name")
                and part is not at
            ):
                continue
            elif key == "type" and value != "object":
                part.problem(f"allOf with a part of type {value} is not supported")
            elif key != "allOf":
                found[key] = value
    properties.places = places
    return at.changed({**found, "properties": properties, "required": required}, without=("allOf",))
