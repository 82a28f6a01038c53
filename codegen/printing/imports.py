"""The import statements of a generated module: of the names that its code uses, and no others."""

from __future__ import annotations

import re
from collections.abc import Mapping

_MODULES = {
    "datetime": "datetime timedelta",
    "typing": "Any ClassVar Dict FrozenSet Iterable Iterator List Literal Mapping Optional Sequence Union",
    "typing_extensions": "Annotated Unpack deprecated",
    "pydantic": "ConfigDict Field",
    "openmonetize._http.base_api": "BaseApi api_method with_http_info without_preload_content",
    "openmonetize._http.paging": "Progress Rows",
    "openmonetize._schema.list_model": "ListModel",
    "openmonetize._schema.timestamps": "TimeLike",
    "openmonetize._schema.variants": "VariantsModel",
    "openmonetize._http.operation": "BYTES TEXT UNSET Operation Parameter RequestOptions Unset",
    "openmonetize._schema.model": (
        "UNIQUE Date Dec DecimalString FreeForm Int IntString Num RequestModel RequestTimestamp ResponseModel Timestamp"
    ),
    "openmonetize.api_response": "ApiResponse",
    "openmonetize.events.fields": "FILLED Count EventId EventTime Metadata PositiveCount Provider Quantity Text",
    "openmonetize.events.ingest": "ingest ingest_raw",
    "openmonetize.events.model": "EventModel",
    "openmonetize.events.result": "IngestResult",
    "openmonetize.events.union": "EventUnion",
    "openmonetize.rest": "RESTResponse",
}
HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}
# Needed by annotations alone, and slow to import, or imported by what is imported there.
_FOR_TYPES = frozenset(
    (
        "openmonetize._schema.model",
        "openmonetize._schema.timestamps",
        "openmonetize.api_response",
        "openmonetize.events.model",
        "openmonetize.rest",
    )
)
_STANDARD = ("datetime", "typing")


def statements(code: str, homes: Mapping[str, str]) -> str:
    """Return the imports of a module whose annotations are evaluated, as those of models are."""
    return _grouped(_used(code, {**HOMES, **homes}))


def of(code: str, homes: Mapping[str, str]) -> str:
    """Return the imports of those of these names that the code uses; an empty text if there are none."""
    used = _used(code, homes)
    return "".join(f"from {home} import {name}  # noqa: E402\n" for name, home in sorted(used.items()))


def statements_for_types(code: str, homes: Mapping[str, str]) -> str:
    """Return the imports of a module of variants, which finds the models by their names."""
    used = _used(code, {**HOMES, **homes, "TYPE_CHECKING": "typing"})
    late = {name: home for name, home in used.items() if home in homes.values() or home == "typing"}
    late.pop("TYPE_CHECKING", None)
    now = {name: home for name, home in used.items() if name not in late}
    block = "".join(f"    {line}\n" for line in _grouped(late).rstrip("\n").split("\n"))
    return f"{_grouped(now)}\nif TYPE_CHECKING:\n{block}"


def statements_of_api(code: str, homes: Mapping[str, str]) -> str:
    """Return the imports of a module whose annotations are for type checkers: models are not imported."""
    used = _used(code, {**HOMES, **homes})
    late = {name: home for name, home in used.items() if home in _FOR_TYPES or home in homes.values()}
    now = {name: home for name, home in used.items() if name not in late}
    if not late:
        return _grouped(now)
    now["TYPE_CHECKING"] = "typing"
    block = "".join(f"    {line}\n" if line else "\n" for line in _grouped(late).rstrip("\n").split("\n"))
    return f"{_grouped(now)}\nif TYPE_CHECKING:\n{block}"


def _used(code: str, homes: Mapping[str, str]) -> dict[str, str]:
    code = re.sub(r'"""(?:[^"\\]|\\.|"(?!""))*"""', "", code)
    code = re.sub(r'"(?:[^"\\\n]|\\.)*"', "", code)
    words = set(re.findall(r"(?<![\w.])[A-Za-z_]\w*", code))
    return {name: homes[name] for name in words if name in homes}


def _grouped(used: Mapping[str, str]) -> str:
    modules: dict[str, list[str]] = {}
    for name, home in used.items():
        modules.setdefault(home, []).append(name)
    groups: list[list[str]] = [[], [], []]
    for home in sorted(modules):
        group = 0 if home in _STANDARD else 2 if home.startswith("openmonetize") else 1
        groups[group].append(f"from {home} import {', '.join(sorted(modules[home], key=_order))}")
    return "\n\n".join("\n".join(group) for group in groups if group) + "\n"


def _order(name: str) -> tuple[int, str]:
    """Return the place of a name in an import: constants, classes, functions."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name
