"""Lays an overlay over a contract: the actions of OpenAPI Overlay 1.0, whose targets are paths of names.

A target is ``$`` with ``.name``, ``['name']``, ``['one', 'another']``, ``.*`` or ``[*]`` behind it, ``..name`` for a
name at any depth, and ``[?@.name=='limit']`` for what says so: a part of JSONPath (RFC 9535).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from reading.source import Cursor, Mapping, Source

_STEP = re.compile(
    r"(?P<dots>\.{0,2})"
    r"(?:(?P<name>[\w-]+)"
    r"|\[(?P<names>'[^']*'(?:\s*,\s*'[^']*')*)\]"
    r"|\[\?\s*@\.(?P<key>[\w$-]+)\s*==\s*'(?P<text>[^']*)'\s*\]"
    r"|(?P<all>\*|\[\*\]))"
)


class _Step(NamedTuple):
    """A part of a target: names of keys, None for all of them or for those whose value says this."""

    names: list[str] | None
    says: tuple[str, str] | None
    is_deep: bool

    def keys(self, value: Any) -> list[Any]:
        """Return the keys or indexes that it leads to, in an object or a list."""
        found: list[Any] = list(value) if isinstance(value, Mapping) else list(range(len(value)))
        if self.says is not None:
            key, text = self.says
            return [each for each in found if isinstance(value[each], Mapping) and value[each].get(key) == text]
        return found if self.names is None else [name for name in self.names if name in found]


def lay_over(source: Source, path: Path) -> None:
    """Change the contract that a source has read by what an overlay says.

    Raises:
        ContractError: the file of the overlay cannot be read.
    """
    root = Cursor(source, path, source.file(path), path.name, "")
    if not str(root.take("overlay", str, "")).startswith("1."):
        root.problem("is no overlay of OpenAPI Overlay 1.0")
        return
    root.pass_over("info")
    if root.has("actions"):
        for action in root.at("actions").elements():
            if action.is_object("an action"):
                _act(source, action)
    root.done()


def _act(source: Source, action: Cursor) -> None:
    target = action.take("target", str, "")
    action.pass_over("description")
    is_removed = action.take("remove", bool, False)
    update = action.at("update").value if action.has("update") else None
    action.done()
    steps = _steps(target)
    if steps is None:
        action.problem(f"target {target}: only names, lists of names, *, .. and [?@.name=='text'] are read")
        return
    if is_removed == (update is not None):
        action.problem(f"target {target}: give either an update or remove: true")
        return
    contract = source.file(source.path)
    if not steps:
        if isinstance(update, Mapping):
            _merge(contract, update)
        else:
            action.problem(f"target {target}: the whole contract can be neither removed nor replaced")
        return
    found = list(_selected(contract, steps))
    if not found:
        action.problem(f"target {target} leads to nothing in the contract")
    for parent, key in reversed(found):  # from behind, for what is removed from a list moves the rest
        if is_removed:
            del parent[key]
        else:
            lost = list(_lost(parent[key], update))
            for name in lost:
                action.problem(f"target {target}: {name} is not in the contract")
            if not lost:
                parent[key] = _merged(parent[key], update)


def _lost(value: Any, update: Any) -> Iterator[str]:
    """Yield what an update only says more about, and is not there."""
    if isinstance(value, Mapping) and isinstance(update, Mapping):
        for key, more in update.items():
            if key in value:
                yield from (f"{key}.{lost}" for lost in _lost(value[key], more))
            elif not key.startswith("x-") and _only_extends(more):
                yield str(key)


def _only_extends(update: Any) -> bool:
    """Return whether an update has extensions and nothing else, which alone make neither an operation nor a schema."""
    return (
        isinstance(update, Mapping)
        and bool(update)
        and all(key.startswith("x-") or _only_extends(update[key]) for key in update)
    )


def _steps(target: str) -> list[_Step] | None:
    if not target.startswith("$"):
        return None
    steps: list[_Step] = []
    position = 1
    while position < len(target):
        match = _STEP.match(target, position)
        if match is None or len(match["dots"]) not in _dots(match):
            return None
        names = [match["name"]] if match["name"] else re.findall("'([^']*)'", match["names"] or "")
        says = (match["key"], match["text"]) if match["key"] else None
        steps.append(_Step(names or None, says, match["dots"] == ".."))
        position = match.end()
    return steps


def _dots(match: re.Match[str]) -> tuple[int, ...]:
    """Return how many dots may stand before a part of a target."""
    if match["all"] == "*":
        return (1,)
    return (1, 2) if match["name"] else (0,) if match["all"] else (0, 2)


def _selected(value: Any, steps: list[_Step]) -> Iterator[tuple[Any, Any]]:
    """Yield where each value is that the steps lead to: the object or list that it is in, and its key or index."""
    if not isinstance(value, (Mapping, list)):
        return
    for key in steps[0].keys(value):
        if len(steps) == 1:
            yield value, key
        else:
            yield from _selected(value[key], steps[1:])
    if steps[0].is_deep:
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _selected(inner, steps)


def _merged(value: Any, update: Any) -> Any:
    """Return a value with an update: objects are merged, what is behind a list is appended, others are replaced."""
    if isinstance(value, Mapping) and isinstance(update, Mapping):
        _merge(value, update)
        return value
    if isinstance(value, list):
        return [*value, *(update if isinstance(update, list) else [update])]
    return _copied(update)


def _merge(value: Mapping, update: Mapping) -> None:
    for key, item in update.items():
        value[key] = _merged(value[key], item) if key in value else _copied(item)
        value.places[key] = update.places[key]


def _copied(value: Any) -> Any:
    """Return a value that can be changed without changing the overlay, which may lay it in several places."""
    if isinstance(value, Mapping):
        copy = Mapping(value.place)
        _merge(copy, value)
        return copy
    return [_copied(item) for item in value] if isinstance(value, list) else value
