"""What can be wrong with a value, independent of the validator that words it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Union

IssuePath = tuple[Union[str, int], ...]


class _Missing:
    def __bool__(self) -> bool:
        return False


# Stands for a field that is absent, which is not the same as null.
MISSING: Any = _Missing()


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a value."""

    path: IssuePath
    code: str  # "type", "union", "option", "format", "too_small", "too_big", "required", "unstorable"
    expected: str = ""
    received: str = ""
    limit: Any = None
    inclusive: bool = True
    origin: str = ""
    options: tuple[str, ...] = ()


def type_name(value: Any) -> str:
    """Return JavaScript's name for the type of a value."""
    if value is MISSING:
        return "undefined"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, (int, float)):
        return "number"
    return "array" if isinstance(value, list) else "object"
