"""Brings a schema into the one form that is read: the words of OpenAPI 3.0, without `allOf`."""

from __future__ import annotations

from typing import Any

from reading.source import Cursor, Mapping

# What may stand beside a reference: it says something about this place, not about the schema.
OF_PLACE = ("description", "summary", "nullable", "deprecated", "readOnly", "writeOnly", "title", "example", "default")


def normalised(at: Cursor) -> Cursor:
    """Return a schema in the one form that is read; the same cursor if it is in that form."""
    if not isinstance(at.value, Mapping):
        return at
    if isinstance(at.value.get("type"), list):
        at = _with_one_type(at)
    if "const" in at.value:
        at = at.changed({"enum": [at.value["const"]]}, without=("const",))
    if isinstance(at.value.get("examples"), list):
        at = at.changed({"example": at.value["examples"][0]} if at.value["examples"] else {}, without=("examples",))
    for word in ("oneOf", "anyOf"):
        if isinstance(at.value.get(word), list):
            at = _without_null(at, word)
    return _merged(at) if "allOf" in at.value else at


def _with_one_type(at: Cursor) -> Cursor:
    """Return a schema whose list of types is one type, or that and null."""
    kinds = [kind for kind in at.value["type"] if kind != "null"]
    if len(kinds) != 1:
        at.at("type").problem(f"type {at.value['type']} is not supported; give one type, and null at the most")
    nullable = {"nullable": True} if "null" in at.value["type"] else {}
    return at.changed({"type": kinds[0] if kinds else "string", **nullable})


def _without_null(at: Cursor, word: str) -> Cursor:
    """Return a schema whose variants do not include null; a single one that is left takes its place."""
    rest = [option for option in at.value[word] if not (isinstance(option, dict) and option.get("type") == "null")]
    if len(rest) == len(at.value[word]):
        return at
    if len(rest) == 1 and isinstance(rest[0], dict):
        return normalised(at.changed({**rest[0], "nullable": True}, without=(word,)))
    return at.changed({word: rest, "nullable": True})


def _merged(at: Cursor) -> Cursor:
    """Return a schema with the properties of all parts of its `allOf`."""
    parts = [part for part in at.at("allOf").elements() if part.is_object("a part of allOf")]
    own = {key: value for key, value in at.value.items() if key != "allOf"}
    if len(parts) == 1 and set(own) <= set(OF_PLACE):
        return normalised(at.changed({**parts[0].value, **own}, without=("allOf",)))
    found: dict[str, Any] = {"type": "object"}
    properties, places = Mapping(at.place), {}
    required: list[str] = []
    for part in [*(normalised(part.followed()[0]) for part in parts), at]:
        for key, value in part.value.items():
            if key == "properties" and isinstance(value, Mapping):
                properties.update(value)
                places.update(value.places)
            elif key == "required" and isinstance(value, list):
                required += [name for name in value if name not in required]
            elif key in ("allOf", "description", "example", "title", "discriminator", "x-om-alias") and part is not at:
                continue
            elif key == "type" and value != "object":
                part.problem(f"allOf with a part of type {value} is not supported")
            elif key != "allOf":
                found[key] = value
    properties.places = places
    return at.changed({**found, "properties": properties, "required": required}, without=("allOf",))
