"""The contract as tests see it: its operations and components, with references followed."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SPEC = ROOT / "openapi.yaml"
VERBS = ("get", "put", "post", "delete", "options", "head", "patch")


@lru_cache(maxsize=1)
def spec() -> Dict[str, Any]:
    """The whole contract. Not to be changed."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: Dict[str, Any] = yaml.load(SPEC.read_text(encoding="utf-8"), Loader=loader)
    return found


def follow(node: Any) -> Any:
    """The node itself, or what its reference points at."""
    while isinstance(node, dict) and "$ref" in node:
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
    def class_name(self) -> str:
        return f"{self.node['tags'][0]}Api"

    @property
    def forwarded(self) -> bool:
        return bool(self.node.get("x-om-forwarded"))

    @property
    def keyless(self) -> bool:
        return bool(self.node.get("security") == [])

    @property
    def parameters(self) -> List[Any]:
        return [follow(parameter) for parameter in self.node.get("parameters", ())]

    @property
    def body(self) -> Any:
        """The media type of the request's body, or None."""
        return media(follow(self.node.get("requestBody")))

    @property
    def answers(self) -> Dict[int, Any]:
        """The media type of each answer, None where it has no body, by status."""
        return {int(status): media(follow(answer)) for status, answer in self.node["responses"].items()}

    def __str__(self) -> str:
        return self.name


def media(holder: Any) -> Any:
    """The only media type of a body or an answer, or None."""
    content = (holder or {}).get("content")
    return next(iter(content.values())) if content else None


@lru_cache(maxsize=1)
def operations() -> Tuple[Documented, ...]:
    """All operations, by name."""
    found = [
        Documented(verb.upper(), path, item[verb])
        for path, item in spec()["paths"].items()
        for verb in VERBS
        if verb in item
    ]
    return tuple(sorted(found, key=lambda operation: operation.name))


def typed() -> List[Documented]:
    """The operations with a type of their own."""
    return [operation for operation in operations() if not operation.forwarded]


def forwarded() -> List[Documented]:
    """The operations that forward whatever they are given."""
    return [operation for operation in operations() if operation.forwarded]


def schemas() -> Dict[str, Any]:
    """The components by name."""
    found: Dict[str, Any] = spec()["components"]["schemas"]
    return found


def aliases() -> dict[str, str]:
    """The short names of components, with the component's own."""
    return {of["x-om-alias"]: name for name, of in schemas().items() if "x-om-alias" in of}


def table(name: str) -> List[Dict[str, str]]:
    """The rows of a table beside this file, without its remarks."""
    with open(HERE / name, encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def schema_name(schema: Any) -> str:
    """The component that a schema refers to, or an empty text."""
    return str((schema or {}).get("$ref", "")).rpartition("/")[2]


def strings(node: Any) -> Iterator[str]:
    """All texts of a node."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield str(key)
            yield from strings(value)
    elif isinstance(node, list):
        for value in node:
            yield from strings(value)
    elif isinstance(node, str):
        yield node
