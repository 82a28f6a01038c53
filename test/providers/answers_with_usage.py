"""The public methods of the providers' libraries whose answers have a usage, found by the types that they return."""

from __future__ import annotations

import functools
import inspect
import sys
import types
import typing
from collections.abc import Iterator
from typing import Any

# How the fields are called that have the usage of an answer, and those that have such an answer in them.
USAGE = {"usage", "usage_info", "usage_metadata", "billed_units", "total_usage", "per_model_usage"}
PARTS = {"data", "delta", "interaction", "message", "meta", "metadata", "response", "result"}

MAX_DEPTH = 6  # of resources within resources, and of types within types


def methods_with_usage(client: Any) -> dict[str, str]:
    """Return the methods of a client, and of its resources, to the name of their answer's type."""
    if hasattr(client, "meta") and hasattr(client.meta, "service_model"):
        return dict(_operations_with_usage(client))
    return {path: kind for path, kind in _methods(client, "", 0) if kind is not None}


def _operations_with_usage(client: Any) -> Iterator[tuple[str, str]]:
    """Yield those of boto3, which has no types but a model of the service."""
    for method, operation in client.meta.method_to_api_mapping.items():
        output = client.meta.service_model.operation_model(operation).output_shape
        if output is not None and _shape_has_usage(output, 0):
            yield method, output.name


def _shape_has_usage(shape: Any, depth: int) -> bool:
    members = getattr(shape, "members", {})
    return "usage" in members or (depth < 2 and any(_shape_has_usage(part, depth + 1) for part in members.values()))


def _methods(owner: Any, prefix: str, depth: int) -> Iterator[tuple[str, str | None]]:
    for name in sorted({*dir(type(owner)), *dir(owner)}):
        if name.startswith(("_", "with_")) or name == "parent_ref":  # the way back up, in Mistral's and Google's
            continue
        try:
            value = getattr(owner, name)
        except Exception:  # a property that is not for this kind of client
            continue
        if inspect.isroutine(value):
            # A class that only passes the call on may not say what the one that it is made from says.
            inherited = (vars(parent).get(name) for parent in type(owner).__mro__)
            kinds = map(_answer_with_usage, (value, *filter(inspect.isroutine, inherited)))
            yield f"{prefix}{name}", next(filter(None, kinds), None)
        elif depth < MAX_DEPTH and _is_resource(value, owner):
            yield from _methods(value, f"{prefix}{name}.", depth + 1)


def _is_resource(value: Any, owner: Any) -> bool:
    if isinstance(value, (type, types.ModuleType, types.FunctionType)):
        return False
    package = type(value).__module__.partition(".")[0]
    own = any(parent.__module__.partition(".")[0] == package for parent in type(owner).__mro__)
    name = type(value).__name__
    settings = ("Config", "Configuration", "Options", "Wrapper", "Logger", "Timeout", "URL", "ApiClient", "Hooks")
    return own and package not in ("builtins", "typing") and not name.endswith(settings)


def _answer_with_usage(method: Any) -> str | None:
    function = inspect.unwrap(method)
    function = getattr(function, "__func__", function)
    overloads = typing.get_overloads(function) if sys.version_info >= (3, 11) else []
    for signature in (function, *overloads):
        for kind in _models(_returned(signature), 0):
            if _has_usage(kind, 0):
                return kind.__name__
    return None


def _returned(function: Any) -> Any:
    annotation = getattr(function, "__annotations__", {}).get("return")
    if not isinstance(annotation, str):
        return annotation
    try:
        return eval(annotation, dict(vars(sys.modules[function.__module__])))
    except Exception:  # a name that is imported for type checkers only
        return None


def _models(annotation: Any, depth: int) -> Iterator[Any]:
    """Yield the classes in an annotation."""
    if depth > MAX_DEPTH:
        return
    alias = getattr(annotation, "__value__", None)  # of a TypeAliasType
    parts = (alias,) if alias is not None else typing.get_args(annotation)
    for part in parts:
        yield from _models(part, depth + 1)
    if not parts and isinstance(annotation, type):
        yield annotation


@functools.lru_cache(maxsize=None)
def _has_usage(kind: Any, depth: int) -> bool:
    fields = getattr(kind, "model_fields", None) or {}
    if USAGE & fields.keys():
        return True
    return depth < 2 and any(
        _has_usage(part, depth + 1) for name in PARTS & fields.keys() for part in _models(fields[name].annotation, 0)
    )
