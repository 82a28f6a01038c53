"""Checks of the contract for what the templates would leave out in silence, or generate wrongly."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Contract = dict[str, Any]

_PACKAGE = Path(__file__).resolve().parent.parent / "openmonetize"
_VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_BODIES = ("application/json", "*/*")


def unsupported(contract: Contract) -> Iterator[str]:
    """Yield a complaint about each part of the contract that the client would lack."""
    for path, item in contract.get("paths", {}).items():
        for verb in _VERBS:
            operation = item.get(verb)
            if operation is not None:
                where = f"{verb.upper()} {path}"
                for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
                    yield from _unsupported_parameter(where, _followed(contract, parameter))
                for kind in _followed(contract, operation.get("requestBody", {})).get("content", {}):
                    if kind not in _BODIES:
                        yield f"{where}: a body of type {kind}; the templates know {' and '.join(_BODIES)}"
    yield from _unusable_aliases(contract)
    yield from _unusable_tags(contract)


def _unsupported_parameter(where: str, parameter: dict[str, Any]) -> Iterator[str]:
    name, place = parameter["name"], parameter["in"]
    if place not in ("path", "query"):
        yield f"{where}: the {place} parameter {name}; the templates know path and query"
    elif parameter.get("schema", {}).get("type") == "array":
        yield f"{where}: the parameter {name} is an array; the templates know single values and maps"


def _unusable_aliases(contract: Contract) -> Iterator[str]:
    """Yield a complaint about each short name of a schema that `openmonetize` exports as something else."""
    schemas = contract.get("components", {}).get("schemas", {})
    taken = dict.fromkeys(schemas, "a schema")
    taken.update({f"{tag['name']}Api": "an API class" for tag in contract.get("tags", ())})
    taken.update(dict.fromkeys(_written_by_hand(), "a hand-written export of openmonetize"))
    for name, schema in schemas.items():
        alias = schema.get("x-om-alias")
        if alias is not None:
            if alias in taken:
                yield f"{name}: the alias {alias} is already {taken[alias]}"
            elif not alias.isidentifier():
                yield f"{name}: the alias {alias!r} is not a Python name"
            taken[alias] = f"the alias of {name}"


def _unusable_tags(contract: Contract) -> Iterator[str]:
    """Yield a complaint about each tag whose attribute of `OpenMonetize` would be hidden by a method of that name."""
    tree = ast.parse((_PACKAGE / "client" / "openmonetize.py").read_text())
    methods = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    for tag in contract.get("tags", ()):
        if tag["name"].lower() in methods:
            yield f"tag {tag['name']}: OpenMonetize has a method {tag['name'].lower()}"


def _written_by_hand() -> list[str]:
    """Return the names that `openmonetize` exports of its hand-written modules."""
    for node in ast.parse((_PACKAGE / "__init__.py").read_text()).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_BY_HAND":
            return [name for names in ast.literal_eval(node.value).values() for name in names]
    raise SystemExit("openmonetize/__init__.py has no _BY_HAND, the names that it exports")


def _followed(contract: Contract, item: dict[str, Any]) -> dict[str, Any]:
    """Return what a reference points at, or the item itself."""
    while "$ref" in item:
        found: Any = contract
        for part in item["$ref"].lstrip("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        item = found
    return item
