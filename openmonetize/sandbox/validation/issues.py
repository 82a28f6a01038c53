"""What a validator finds, and how the platform's validators differ from each other."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Callable, List, Optional, Pattern, Tuple, Union

from openmonetize.sandbox.validation import formats

Path = Tuple[Union[str, int], ...]
MAX_SAFE_INTEGER = 2**53 - 1


class _Missing:
    def __bool__(self) -> bool:
        return False


MISSING: Any = _Missing()


@dataclass(frozen=True)
class Issue:
    """One thing that is wrong with a value; `validation_messages` puts it into words."""

    path: Path
    code: str  # "type", "option", "format", "too_small", "too_big", "required"
    expected: str = ""
    received: str = ""
    limit: Any = None
    inclusive: bool = True
    origin: str = ""
    options: Tuple[str, ...] = ()


@dataclass(frozen=True)
class Rules:
    """How one of the platform's validators differs from the others."""

    words: Callable[[Issue], str]
    coerces: bool = False
    keeps_unknown: bool = False
    stops_at_first: bool = False
    uuid: Pattern[str] = formats.STRICT_UUID
    instant: Callable[[str], Optional[int]] = formats.zulu_ms
    email: Pattern[str] = formats.EMAIL


class Found(Exception):
    """Raised by a validator that stops at its first issue."""


@dataclass
class Check:
    """One validation: its rules and what it has found."""

    rules: Rules
    issues: List[Issue] = field(default_factory=list)

    def report(self, issue: Issue) -> None:
        self.issues.append(issue)
        if self.rules.stops_at_first:
            raise Found


def type_name(value: Any) -> str:
    """JavaScript's word for the type of a value."""
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
