"""Checks responses against `openapi.yaml`: the status must be documented, the body must fit its schema exactly.

Only the part of OpenAPI that the contract uses is understood. Unlike a schema validator, this also refuses fields
that the contract does not name.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).parents[2] / "openapi.yaml"
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@lru_cache(maxsize=None)
def _contract() -> Any:
    return yaml.load(_FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


@lru_cache(maxsize=None)
def _paths() -> list[tuple[Any, dict[str, Any]]]:
    """Return every path as a pattern, those without parameters first."""
    found = sorted(_contract()["paths"].items(), key=lambda pair: pair[0].count("{"))
    return [(re.compile(re.sub(r"\{[^}]+\}", "[^/]+", path)), operations) for path, operations in found]


def check(method: str, target: str, status: int, body: Any, seed_era: bool = False) -> None:
    """Raise AssertionError if the contract does not document this response.

    The seed era also responds below its forwarded prefixes, and with 404 where only the present era has a route.
    """
    operation = _operation(method.lower(), target.partition("?")[0])
    if operation is None:
        known = (200, 400, 401, 403, 404) if seed_era else (204, 400, 404)
        assert status in known, f"{method} {target}: {status} on a path that the contract does not have"
        return
    response = operation["responses"].get(str(status))
    if response is None and status == 404 and seed_era:
        return
    assert response is not None, f"{method} {target}: {status} is not documented: {body!r}"
    while "$ref" in response:
        response = _resolve(response["$ref"])
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        assert body in (b"", None), f"{method} {target}: a body where none is documented"
        return
    _fits(schema, body, f"{method} {target} {status}")


def _operation(method: str, path: str) -> dict[str, Any] | None:
    for pattern, operations in _paths():
        if pattern.fullmatch(path) is not None and method in operations:
            found: dict[str, Any] = operations[method]
            return found
    return None


def _resolve(reference: str) -> Any:
    found = _contract()
    for part in reference.lstrip("#/").split("/"):
        found = found[part]
    return found


def _fits(schema: dict[str, Any], value: Any, place: str) -> None:
    while "$ref" in schema:
        schema = _resolve(schema["$ref"])
    if value is None and schema.get("nullable"):
        return
    for part in schema.get("allOf", ()):
        _fits({**part, "nullable": schema.get("nullable", False)}, value, place)
    kind = schema.get("type")
    if kind is None:
        return
    assert isinstance(value, _TYPES[kind]), f"{place}: {value!r} is no {kind}"
    assert kind in ("boolean", "object", "array") or not isinstance(value, bool), f"{place}: {value!r} is no {kind}"
    assert value in schema.get("enum", [value]), f"{place}: {value!r} is not one of {schema.get('enum')}"
    if schema.get("format") == "date-time":
        assert _DATE_TIME.fullmatch(value), f"{place}: {value!r} is no instant of the platform"
    if kind == "array":
        for index, item in enumerate(value):
            _fits(schema["items"], item, f"{place}[{index}]")
    if kind == "object":
        properties = schema.get("properties")
        missing = set(schema.get("required", ())) - set(value)
        assert not missing, f"{place}: {sorted(missing)} is missing"
        for name, item in value.items():
            if properties is not None and name in properties:
                _fits(properties[name], item, f"{place}.{name}")
                continue
            more = schema.get("additionalProperties", properties is None)
            assert more, f"{place}: {name!r} is not documented"
            if isinstance(more, dict):
                _fits(more, item, f"{place}.{name}")
