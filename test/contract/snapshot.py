"""The public names and signatures, and their requests. `python test/contract/snapshot.py` accepts a change."""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, get_args

from pydantic import BaseModel
from typing_extensions import is_typeddict

HERE = Path(__file__).parent
# Public as base classes, although they are not exported from the package.
BASES = (
    "openmonetize._schema.model.Model",
    "openmonetize.events.union.EventUnion",
)
# The variants of each operation: other tests compare them with the operation's own parameters.
VARIANTS = ("_with_http_info", "_without_preload_content")


def snapshots() -> dict[Path, str]:
    """Return the text of each snapshot, by its file."""
    import openmonetize
    from openmonetize import _exports

    by_hand = [name for name in openmonetize.__all__ if name not in _exports.MODULES]
    described = {name: getattr(openmonetize, name) for name in by_hand}
    for path in BASES:
        module, _, name = path.rpartition(".")
        described[name] = getattr(__import__(module, fromlist=[name]), name)
    generated = {name: getattr(openmonetize, name) for name in (*_exports.APIS, *_exports.MODELS)}
    models = {module: name for name, module in _exports.MODELS.items()}
    aliases = [f"{alias} = {models[module]}" for alias, module in sorted(_exports.MODEL_ALIASES.items())]
    return {
        HERE / "public_by_hand.txt": _text(described),
        HERE / "public_generated.txt": _text(generated) + "\n".join(aliases) + "\n",
        HERE / "operations.csv": "\n".join(_operations()) + "\n",
    }


def _operations() -> Iterator[str]:
    from contract.contract import operations

    yield "class,method,alias,http,path"
    for each in sorted(operations(), key=lambda each: (each.class_name, each.name)):
        yield ",".join((each.class_name, each.name, each.alias, each.verb, each.path))


def _text(described: dict[str, Any]) -> str:
    lines: list[str] = []
    for name in sorted(described):
        lines += [*_lines(name, described[name])]
    return "\n".join(lines) + "\n"


def _lines(name: str, value: Any) -> Iterator[str]:
    if inspect.isclass(value):
        bases = ", ".join(base.__name__ for base in value.__bases__ if base is not object)
        yield f"class {name}({bases})"
        yield from (f"    {line}" for line in sorted(_members(value)))
    elif get_args(value):
        yield f"{name}: one of {', '.join(map(repr, get_args(value)))}"
    elif callable(value):
        yield f"def {name}{_signature(value)}"
    else:
        yield f"{name}: {type(value).__name__}"


def _members(described: Any) -> Iterator[str]:
    """Yield the fields of a model or a typed dict; of another class, its constructor and its members."""
    if is_typeddict(described):
        yield from (f"{name}: {kind.__forward_arg__}" for name, kind in described.__annotations__.items())
        return
    if issubclass(described, BaseModel) and described.model_fields:
        yield from (f"{name}: {kind}" for name, kind in described.__annotations__.items())
        return
    if isinstance(described.__init__, FunctionType):
        yield f"__init__{_signature(described.__init__)}"
    found: dict[str, Any] = {}
    for base in reversed(described.__mro__):
        if base.__module__.startswith("openmonetize"):
            found.update(vars(base))
    for name, member in found.items():
        if not name.startswith(("_", "model_")) and not name.endswith(VARIANTS):
            yield _member(name, member)


def _member(name: str, member: Any) -> str:
    if isinstance(member, property):
        return f"{name}: property{'' if member.fset is None else ', assignable'}"
    if isinstance(member, (classmethod, staticmethod)):
        return f"{name}{_signature(member.__func__)} # {type(member).__name__}"
    return f"{name}{_signature(member)}" if isinstance(member, FunctionType) else name


def _signature(function: Any) -> str:
    return re.sub(r" at 0x[0-9a-f]+", "", str(inspect.signature(function)).replace("'", ""))


if __name__ == "__main__":
    sys.path[:0] = [str(HERE.parents[1]), str(HERE.parent)]
    for path, text in snapshots().items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path.name}")
