"""Python's names for those of a contract, by the rules of OpenAPI Generator, which named the first edition."""

from __future__ import annotations

import keyword
import re

from pydantic import BaseModel

# Names that a model's field or an operation's argument cannot have.
_TAKEN_BY_PYTHON = frozenset((*keyword.kwlist, "self", "None", "True", "False", "print", "property"))
_TAKEN_BY_TYPES = frozenset(("date", "datetime", "bytes", "dict", "float", "int", "list", "str", "bool"))
_TAKEN_BY_MODELS = frozenset((*dir(BaseModel), *dir(type(BaseModel)))) | frozenset(
    ("from_json", "to_wire", "to_str", "unreadable", "nullable", "identify", "complete", "counted", "id_was_given")
)
_TAKEN_BY_ANSWERS = frozenset(("to_dataframe", "to_polars", "to_arrow", "plot"))
_TAKEN = _TAKEN_BY_PYTHON | _TAKEN_BY_TYPES | _TAKEN_BY_MODELS | _TAKEN_BY_ANSWERS


def snake(name: str) -> str:
    """Return a name in small letters, with underscores: ``inputTokens`` is ``input_tokens``."""
    name = re.sub(r"([A-Z]+)([A-Z][a-z][a-z]+)", r"\1_\2", name)
    name = re.sub(r"([a-z\d])([A-Z])", r"\1_\2", name)
    return re.sub(r"\W", "_", name).lower()


def attribute(wire: str) -> str:
    """Return the name of a model's field; empty if there is none."""
    name = snake(wire).strip("_")
    if name in _TAKEN or name[:1].isdigit():
        name = f"var_{name}"
    return name if name.isidentifier() else ""


def argument(wire: str) -> str:
    """Return the name of an operation's argument; empty if there is none."""
    name = "wildcard" if wire == "*" else snake(wire).strip("_")
    if name in _TAKEN_BY_PYTHON or name in _TAKEN_BY_TYPES or name[:1].isdigit():
        name = f"var_{name}"
    return name if name.isidentifier() else ""


def class_name(name: str) -> str:
    """Return the name of a model or an API class; empty if there is none."""
    parts = re.split(r"[\W_]+", name)
    found = "".join(part[:1].upper() + part[1:] for part in parts if part)
    if found[:1].isdigit() or keyword.iskeyword(found):
        found = f"Model{found}"
    return found if found.isidentifier() else ""


def module_name(name: str) -> str:
    """Return the name of a class's module."""
    name = snake(name)
    return f"{name}_" if keyword.iskeyword(name) else name


def operation_name(verb: str, path: str) -> str:
    """Return the name of an operation without one: ``get /v1/users/{id}`` is ``v1_users_id_get``."""
    return snake("_".join(part for part in re.split(r"\W+", path) if part) + f"_{verb}").strip("_")


def is_usable(name: str) -> bool:
    """Return whether a name that the contract gives can be a function's or a class's as it is."""
    return name.isidentifier() and not keyword.iskeyword(name) and not name.startswith("_")
