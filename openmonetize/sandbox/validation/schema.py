"""A validator that finds what the platform's validators find, in their order.

The present platform checks with zod 4, the seed era with Ajv, and the services behind its gateway with zod 3. All three
check the same declarations here; where they differ is in `rules`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.sandbox.validation.issues import MISSING, Issue, IssuePath, type_name
from openmonetize.sandbox.validation.javascript_numbers import as_double, number_text, parse_number
from openmonetize.sandbox.validation.rules import Rules


class _FirstIssueFound(Exception):
    """Ends the validation of a validator that stops at its first issue."""


@dataclass
class Check:
    """One validation: its rules, and the issues found so far."""

    rules: Rules
    issues: list[Issue] = field(default_factory=list)

    def report(self, issue: Issue) -> None:
        self.issues.append(issue)
        if self.rules.stops_at_first:
            raise _FirstIssueFound


class Node:
    """A declaration of what a value must be."""

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        """Report what is wrong with `value`, and return it as the handler gets it."""
        raise NotImplementedError

    def wrong_type(self, expected: str, value: Any, path: IssuePath, check: Check) -> Any:
        check.report(Issue(path, "type", expected=expected, received=type_name(value)))
        return value


class Text(Node):
    """A string, with optional length bounds and format (``uuid``, ``email``, ``date-time``)."""

    def __init__(self, min_length: int = 0, max_length: int | None = None, format: str | None = None) -> None:
        self.min_length = min_length
        self.max_length = max_length
        self.format = format

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if check.rules.coerces:
            value = _coerce_text(value)
        if not isinstance(value, str):
            return self.wrong_type("string", value, path, check)
        if len(value) < self.min_length:
            check.report(Issue(path, "too_small", limit=self.min_length, origin="string"))
        if self.max_length is not None and len(value) > self.max_length:
            check.report(Issue(path, "too_big", limit=self.max_length, origin="string"))
        if self.format is not None and not self._matches(value, check.rules):
            check.report(Issue(path, "format", expected=self.format))
        return value

    def _matches(self, value: str, rules: Rules) -> bool:
        if self.format == "uuid":
            return rules.uuid.fullmatch(value) is not None
        if self.format == "email":
            return rules.email.fullmatch(value) is not None
        return rules.instant_ms(value) is not None


class Timestamp(Text):
    """An event's time. The present platform declares it as a union, whose message does not say what is wrong."""

    def __init__(self) -> None:
        super().__init__(format="date-time")

    def wrong_type(self, expected: str, value: Any, path: IssuePath, check: Check) -> Any:
        check.report(Issue(path, "union", expected=expected, received=type_name(value)))
        return value


class Number(Node):
    """A number with optional bounds; `from_text` reads strings as JavaScript does."""

    def __init__(
        self,
        minimum: float | None = None,
        above: float | None = None,
        maximum: float | None = None,
        integer: bool = False,
        from_text: bool = False,
    ) -> None:
        self.minimum = minimum
        self.above = above
        self.maximum = maximum
        self.integer = integer
        self.from_text = from_text

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if check.rules.coerces:
            value = _coerce_number(value)
        elif self.from_text and value is not MISSING:
            value = parse_number(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return self.wrong_type("number", value, path, check)
        value = as_double(value)
        if not math.isfinite(value):
            return self.wrong_type("number", value, path, check)
        if self.integer:
            if isinstance(value, float):
                if not value.is_integer():
                    check.report(Issue(path, "type", expected="int", received="number"))
                    return value
                value = int(value)
            if value > MAX_SAFE_INTEGER and not check.rules.coerces:
                issue = Issue(path, "too_big", limit=MAX_SAFE_INTEGER, inclusive=False, origin="int")
                check.report(issue)
        self._bounds(value, path, check)
        return value

    def _bounds(self, value: float, path: IssuePath, check: Check) -> None:
        if self.minimum is not None and value < self.minimum:
            check.report(Issue(path, "too_small", limit=self.minimum, origin="number"))
        if self.above is not None and value <= self.above:
            check.report(Issue(path, "too_small", limit=self.above, inclusive=False, origin="number"))
        if self.maximum is not None and value > self.maximum:
            check.report(Issue(path, "too_big", limit=self.maximum, origin="number"))


class Boolean(Node):
    """True or false."""

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if check.rules.coerces and value in (None, 0, 1, "true", "false"):
            return value in (1, "true")
        if not isinstance(value, bool):
            return self.wrong_type("boolean", value, path, check)
        return value


class OneOf(Node):
    """One of a few strings."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if value not in self.options or not isinstance(value, str):
            received = type_name(value) if not isinstance(value, str) else value
            check.report(Issue(path, "option", options=self.options, received=received))
        return value


class Items(Node):
    """A list of `item`."""

    def __init__(self, item: Node, min_length: int = 0, max_length: int | None = None) -> None:
        self.item = item
        self.min_length = min_length
        self.max_length = max_length

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if not isinstance(value, list):
            self.wrong_type("array", value, path, check)
            # zod measures everything that has a length, and a string has one.
            if isinstance(value, str):
                self._length(value, "string", path, check)
            return value
        if check.rules.stops_at_first:
            self._length(value, "array", path, check)
        cleaned = [self.item.check(item, (*path, index), check) for index, item in enumerate(value)]
        if not check.rules.stops_at_first:
            self._length(value, "array", path, check)
        return cleaned

    def _length(self, value: Sequence[Any], origin: str, path: IssuePath, check: Check) -> None:
        if len(value) < self.min_length:
            check.report(Issue(path, "too_small", limit=self.min_length, origin=origin))
        if self.max_length is not None and len(value) > self.max_length:
            check.report(Issue(path, "too_big", limit=self.max_length, origin=origin))


class Optionally(Node):
    """A field that may be left out; it then has the value `default`."""

    def __init__(self, node: Node, default: Any = MISSING) -> None:
        self.node = node
        self.default = default

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        return self.default if value is MISSING else self.node.check(value, path, check)


class Nullable(Node):
    """A value that may be null."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        return None if value is None else self.node.check(value, path, check)


class Record(Node):
    """An object with free keys; `value` declares the value of each."""

    def __init__(self, value: Node | None = None) -> None:
        self.value = value

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if not isinstance(value, dict):
            return self.wrong_type("record", value, path, check)
        if self.value is None:
            return value
        return {key: self.value.check(item, (*path, key), check) for key, item in value.items()}


class Fields(Node):
    """An object with declared fields."""

    def __init__(self, fields: Mapping[str, Node]) -> None:
        self.fields = fields
        self.required = tuple(name for name, node in fields.items() if not isinstance(node, Optionally))

    def check(self, value: Any, path: IssuePath, check: Check) -> Any:
        if not isinstance(value, dict):
            return self.wrong_type("object", value, path, check)
        if check.rules.coerces:
            for name in self.required:
                if name not in value:
                    check.report(Issue(path, "required", expected=name))
        cleaned: dict[str, Any] = dict(value) if check.rules.keeps_unknown else {}
        for name, node in self.fields.items():
            result = node.check(value.get(name, MISSING), (*path, name), check)
            if result is not MISSING:
                cleaned[name] = result
        return cleaned


def validate(node: Node, value: Any, rules: Rules) -> tuple[Any, list[Issue]]:
    """Return the cleaned value, and the issues in the order in which the platform's validator reports them."""
    check = Check(rules)
    try:
        return node.check(value, (), check), check.issues
    except _FirstIssueFound:
        return value, check.issues


def _coerce_text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return number_text(value)
    return value


def _coerce_number(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip():
        number = parse_number(value)
        return value if math.isnan(number) else number
    return value
