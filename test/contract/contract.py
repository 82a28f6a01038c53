"""The contract as tests see it: with what the overlay adds, its operations and components, references followed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SPEC = ROOT / "openapi.yaml"
OVERLAY = ROOT / "codegen" / "overlay.yaml"
sys.path.insert(0, str(ROOT / "codegen"))

from reading.overlay import lay_over  # noqa: E402
from reading.source import Problems, Source  # noqa: E402

VERBS = ("get", "put", "post", "delete", "options", "head", "patch")


@lru_cache(maxsize=1)
def spec() -> dict[str, Any]:
    """Return the whole contract, which must not be changed."""
    problems = Problems()
    source = Source(SPEC, problems)
    lay_over(source, OVERLAY)
    assert problems.found == []
    found: dict[str, Any] = json.loads(json.dumps(source.file(SPEC)))
    return found


def follow(node: Any) -> Any:
    """Return the target of a reference, with what an allOf says beside it, or the node itself."""
    if not isinstance(node, dict):
        return node
    if "allOf" in node:
        (only,) = node["allOf"]
        return {**follow(only), **{key: value for key, value in node.items() if key != "allOf"}}
    while "$ref" in node:
        target: Any = spec()
        for part in node["$ref"].lstrip("#/").split("/"):
            target = target[part]
        node = target
    return node


@dataclass(frozen=True)
class Documented:
    """One operation of the contract."""

    verb: str
    path: str
    node: Any

    @property
    def name(self) -> str:
        return str(self.node["operationId"])

    @property
    def alias(self) -> str:
        return str(self.node.get("x-om-alias", ""))

    @property
    def class_name(self) -> str:
        return f"{self.node['tags'][0]}Api"

    @property
    def forwarded(self) -> bool:
        return bool(self.node.get("x-om-forwarded"))

    @property
    def keyless(self) -> bool:
        return bool(self.node.get("security") == [])

    @property
    def parameters(self) -> list[Any]:
        return [follow(parameter) for parameter in self.node.get("parameters", ())]

    @property
    def body(self) -> Any:
        """The media type of the request body, or None."""
        return media(follow(self.node.get("requestBody")))

    @property
    def answers(self) -> dict[int, Any]:
        """The media type of each answer, None where it has no body, by status."""
        return {int(status): media(follow(answer)) for status, answer in self.node["responses"].items()}

    def __str__(self) -> str:
        return self.name


def media(holder: Any) -> Any:
    """Return the only media type of a body or an answer, or None."""
    content = (holder or {}).get("content")
    return next(iter(content.values())) if content else None


@lru_cache(maxsize=1)
def operations() -> tuple[Documented, ...]:
    """Return all operations, sorted by name."""
    found = [
        Documented(verb.upper(), path, item[verb])
        for path, item in spec()["paths"].items()
        for verb in VERBS
        if verb in item
    ]
    return tuple(sorted(found, key=lambda operation: operation.name))


def typed() -> list[Documented]:
    """Return the operations with types of their own."""
    return [operation for operation in operations() if not operation.forwarded]


def forwarded() -> list[Documented]:
    """Return the operations that forward their arguments unchanged."""
    return [operation for operation in operations() if operation.forwarded]


def components() -> dict[str, Any]:
    """Return all schemas that have a name."""
    found: dict[str, Any] = spec()["components"]["schemas"]
    return found


def schemas() -> dict[str, Any]:
    """Return those of them that are objects, not lists of values."""
    return {name: of for name, of in components().items() if "enum" not in of}


def requests() -> set[str]:
    """Return the components that requests carry, apart from events."""
    found: set[str] = set()
    rest = [operation.body["schema"] for operation in typed() if operation.body is not None]
    while rest:
        for name in {text.rpartition("/")[2] for text in strings(rest.pop()) if text.startswith("#/")} - found:
            if name != "UsageEvent":
                found |= {name} & schemas().keys()
                rest.append(components()[name])
    return found


def served_by(operation: Documented) -> str:
    """Return which deployments serve an operation, as the last paragraph of its description says."""
    return str(operation.node["description"].rpartition("\n\nServed by ")[2][:-1])


def aliases() -> dict[str, str]:
    """Return the component of each short name."""
    return {of["x-om-alias"]: name for name, of in schemas().items() if "x-om-alias" in of}


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a CSV file beside this file, without its comments."""
    with open(HERE / name, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def schema_name(schema: Any) -> str:
    """Return the name of the component that a schema refers to, or an empty string."""
    return str((schema or {}).get("$ref", "")).rpartition("/")[2]


def strings(node: Any) -> Iterator[str]:
    """Yield all strings of a node, keys included."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node
