"""What the templates have nothing for is refused: left out in silence, it would be missed by the first caller."""

from __future__ import annotations

from typing import Any, Dict, Iterator

Contract = Dict[str, Any]

_VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_BODIES = ("application/json", "*/*")


def unsupported(contract: Contract) -> Iterator[str]:
    """A complaint about each part of the contract that would not be in the client."""
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


def _unsupported_parameter(where: str, parameter: Dict[str, Any]) -> Iterator[str]:
    name, place = parameter["name"], parameter["in"]
    if place not in ("path", "query"):
        yield f"{where}: the {place} parameter {name}; the templates know path and query"
    elif parameter.get("schema", {}).get("type") == "array":
        yield f"{where}: the parameter {name} is an array; the templates know single values and maps"


def _followed(contract: Contract, item: Dict[str, Any]) -> Dict[str, Any]:
    """What a reference to another place of the contract stands for."""
    while "$ref" in item:
        found: Any = contract
        for part in item["$ref"].lstrip("#/").split("/"):
            found = found[part.replace("~1", "/").replace("~0", "~")]
        item = found
    return item
