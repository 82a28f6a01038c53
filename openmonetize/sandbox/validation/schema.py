"""A small validator that finds what the platform's validators find, in their order.

The present platform checks with zod, the seed era with Ajv, and its ingestion service with an older zod. All three
walk the same declarations; they differ in a few rules (`Rules`) and in the words for an `Issue`
(`validation_messages.py`).
"""

from __future__ import annotations

import math
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.issues import (
    MAX_SAFE_INTEGER,
    MISSING,
    Check,
    Found,
    Issue,
    Path,
    Rules,
    type_name,
)


class Node:
    """A declaration of what a value must be."""

    def check(self, value: Any, path: Path, check: Check) -> Any:
        """Report what is wrong with `value` and return it as the handler gets it."""
        raise NotImplementedError

    def wrong_type(self, expected: str, value: Any, path: Path, check: Check) -> Any:
        check.report(Issue(path, "type", expected=expected, received=type_name(value)))
        return value


class Text(Node):
    """A string, with optional length bounds and format (``uuid``, ``email``, ``date-time``)."""

    def __init__(self, least: int = 0, most: Optional[int] = None, form: Optional[str] = None) -> None:
        self.least = least
        self.most = most
        self.form = form

    def check(self, value: Any, path: Path, check: Check) -> Any:
        if check.rules.coerces:
            value = _coerce_text(value)
        if not isinstance(value, str):
            return self.wrong_type("string", value, path, check)
        if len(value) < self.least:
            check.report(Issue(path, "too_small", limit=self.least, origin="string"))
        if self.most is not None and len(value) > self.most:
            check.report(Issue(path, "too_big", limit=self.most, origin="string"))
        if self.form is not None and not self._matches(value, check.rules):
            check.report(Issue(path, "format", expected=self.form))
        return value

    def _matches(self, value: str, rules: Rules) -> bool:
        if self.form == "uuid":
            return rules.uuid.fullmatch(value) is not None
        if self.form == "email":
            return rules.email.fullmatch(value) is not None
        return rules.instant(value) is not None


class Timestamp(Text):
    """An event's time. The present platform declares it as a union, which hides what is wrong with the type."""

    def __init__(self) -> None:
        super().__init__(form="date-time")

    def wrong_type(self, expected: str, value: Any, path: Path, check: Check) -> Any:
        check.report(Issue(path, "union", expected=expected, received=type_name(value)))
        return value


class Number(Node):
    """A number with optional bounds. `whole` asks for an integer; `from_text` reads strings as JavaScript does."""

    def __init__(
        self,
        least: Optional[float] = None,
        above: Optional[float] = None,
        most: Optional[float] = None,
        whole: bool = False,
        from_text: bool = False,
    ) -> None:
        self.least = least
        self.above = above
        self.most = most
        self.whole = whole
        self.from_text = from_text

    def check(self, value: Any, path: Path, check: Check) -> Any:
        if check.rules.coerces:
            value = _coerce_number(value)
        elif self.from_text and value is not MISSING:
            value = formats.js_number(value)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            return self.wrong_type("number", value, path, check)
        value = formats.as_double(value)
        if not math.isfinite(value):
            return self.wrong_type("number", value, path, check)
        if self.whole:
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

    def _bounds(self, value: float, path: Path, check: Check) -> None:
        if self.least is not None and value < self.least:
            check.report(Issue(path, "too_small", limit=self.least, origin="number"))
        if self.above is not None and value <= self.above:
            check.report(Issue(path, "too_small", limit=self.above, inclusive=False, origin="number"))
        if self.most is not None and value > self.most:
            check.report(Issue(path, "too_big", limit=self.most, origin="number"))


class Boolean(Node):
    def check(self, value: Any, path: Path, check: Check) -> Any:
        if check.rules.coerces and value in (None, 0, 1, "true", "false"):
            return value in (1, "true")
        if not isinstance(value, bool):
            return self.wrong_type("boolean", value, path, check)
        return value


class OneOf(Node):
    """One of a few strings."""

    def __init__(self, *options: str) -> None:
        self.options = options

    def check(self, value: Any, path: Path, check: Check) -> Any:
        if value not in self.options or not isinstance(value, str):
            received = type_name(value) if not isinstance(value, str) else value
            check.report(Issue(path, "option", options=self.options, received=received))
        return value


class Items(Node):
    """A list of `item`."""

    def __init__(self, item: Node, least: int = 0, most: Optional[int] = None) -> None:
        self.item = item
        self.least = least
        self.most = most

    def check(self, value: Any, path: Path, check: Check) -> Any:
        if not isinstance(value, list):
            self.wrong_type("array", value, path, check)
            # A string has a length too, and zod measures whatever has one.
            if isinstance(value, str):
                self._length(value, "string", path, check)
            return value
        if check.rules.stops_at_first:
            self._length(value, "array", path, check)
        cleaned = [self.item.check(item, (*path, index), check) for index, item in enumerate(value)]
        if not check.rules.stops_at_first:
            self._length(value, "array", path, check)
        return cleaned

    def _length(self, value: Sequence[Any], origin: str, path: Path, check: Check) -> None:
        if len(value) < self.least:
            check.report(Issue(path, "too_small", limit=self.least, origin=origin))
        if self.most is not None and len(value) > self.most:
            check.report(Issue(path, "too_big", limit=self.most, origin=origin))


class Optionally(Node):
    """A field that may be left out; `default` then takes its place."""

    def __init__(self, node: Node, default: Any = MISSING) -> None:
        self.node = node
        self.default = default

    def check(self, value: Any, path: Path, check: Check) -> Any:
        return self.default if value is MISSING else self.node.check(value, path, check)


class Nullable(Node):
    """A value that may be null on purpose."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def check(self, value: Any, path: Path, check: Check) -> Any:
        return None if value is None else self.node.check(value, path, check)


class Record(Node):
    """An object with free keys; `value` declares what is behind each."""

    def __init__(self, value: Optional[Node] = None) -> None:
        self.value = value

    def check(self, value: Any, path: Path, check: Check) -> Any:
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

    def check(self, value: Any, path: Path, check: Check) -> Any:
        if not isinstance(value, dict):
            return self.wrong_type("object", value, path, check)
        if check.rules.coerces:
            for name in self.required:
                if name not in value:
                    check.report(Issue(path, "required", expected=name))
        cleaned: Dict[str, Any] = dict(value) if check.rules.keeps_unknown else {}
        for name, node in self.fields.items():
            result = node.check(value.get(name, MISSING), (*path, name), check)
            if result is not MISSING:
                cleaned[name] = result
        return cleaned


def validate(node: Node, value: Any, rules: Rules) -> Tuple[Any, List[Issue]]:
    """The cleaned value and the issues, in the order in which the platform's validator reports them."""
    check = Check(rules)
    try:
        return node.check(value, (), check), check.issues
    except Found:
        return value, check.issues


def _coerce_text(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return formats.js_text(value)
    return value


def _coerce_number(value: Any) -> Any:
    if value is None:
        return 0
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str) and value.strip():
        number = formats.js_number(value)
        return value if math.isnan(number) else number
    return value
