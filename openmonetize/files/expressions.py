"""Expressions of a mapping: where the value of an event's field comes from in a row.

- ``ContextTokens``: a column. ``usage.input``: within an object, unless a column has that very name.
- ``a + b``: the sum of numbers; those that are missing count as 0, unless all are.
- ``a or b``: the first that has a value.
- ``before(model, "/")``, ``after(model, "/")``: the text before, or after, the first ``/``; without one, nothing, or
  the whole text.
- ``"text"``: a text. A column whose name has other characters than letters, digits and ``_.-$@`` is written
  ``[Input Tokens]``, unless it is the whole expression.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Any, Callable

from openmonetize.exceptions import ApiTypeError, ApiValueError

Values = Mapping[str, Any]
Expression = Callable[[Values], Any]

_TOKEN = re.compile(
    r"""\s*(?:(?P<name>[\w$@][\w.$@-]*)|\[(?P<column>[^\]]+)\]|(?P<text>"[^"]*"|'[^']*')|(?P<sign>[+(),]))"""
)
_IS_EXPRESSION = re.compile(r"""[+("'\[]|\sor\s""")
_ENDS_IN_TEXT = re.compile(r"""\sor\s+("[^"]*"|'[^']*')\s*$""")
_BRACES = re.compile(r"\{([^{}]*)\}")
_FUNCTIONS = ("before", "after")


def compiled(text: str) -> Expression:
    """Return a function that computes an expression for a row; None where the row has no value for it.

    Raises:
        ApiTypeError: it is no text.
        ApiValueError: it is no expression; the message says where it goes wrong.
    """
    if not isinstance(text, str) or not text.strip():
        raise ApiTypeError(f"a mapping names a column, or an expression of columns, not {text!r}")
    if not _IS_EXPRESSION.search(text):
        return _column(text.strip())
    try:
        return _Parser(text).expression()
    except RecursionError:
        raise ApiValueError("the expression has too many parts") from None


def template(text: Any) -> Expression:
    """Return a function that fills in a constant: ``acme_{end_user}`` takes the expression in braces from the row.

    A row without a value for one of its expressions has none for the constant.
    """
    if not isinstance(text, str) or "{" not in text:
        return lambda values: text
    parts = _BRACES.split(text)
    if any("{" in part or "}" in part for part in parts[::2]):
        raise ApiValueError(f"{text!r} has a brace without its other one")
    filled = [compiled(part) for part in parts[1::2]]

    def fill(values: Values) -> str | None:
        found = [given(values) for given in filled]
        if any(value is None for value in found):
            return None
        return "".join(f"{before}{value}" for before, value in zip(parts[::2], [*found, ""]))

    return fill


def missing_column(text: Any, columns: Collection[str]) -> str | None:
    """Return a column that an expression needs and a file does not have, or None. Of alternatives one is enough.

    Args:
        text: an expression that was compiled.
        columns: of the file.
    """
    if not _IS_EXPRESSION.search(text):
        names = [text.strip()]
    elif _ENDS_IN_TEXT.search(text):
        return None
    else:
        found = [token.group("column") or token.group("name") for token in _TOKEN.finditer(text)]
        names = [name for name in found if name and name not in ("or", *_FUNCTIONS)]
    missing = [name for name in names if name not in columns and name.partition(".")[0] not in columns]
    some_are_enough = len(missing) < len(names) and re.search(r"\sor\s", text)
    return missing[0] if missing and not some_are_enough else None


def missing_in_template(text: Any, columns: Collection[str]) -> str | None:
    """Return a column that a constant takes from the row and a file does not have, or None."""
    inner = _BRACES.findall(text) if isinstance(text, str) else []
    return next(filter(None, (missing_column(part, columns) for part in inner)), None)


def _column(name: str) -> Expression:
    if "." not in name:

        def value_of(values: Values) -> Any:
            value = values.get(name)
            return None if value == "" else value

        return value_of
    return lambda values: _something(values[name] if name in values else _within(values, name))


def _something(value: Any) -> Any:
    return None if value == "" else value


def _within(values: Any, path: str) -> Any:
    """Return a value within an object, which may be the JSON text of one."""
    for name in path.split("."):
        if isinstance(values, str) and values[:1] == "{":
            try:
                values = json.loads(values)
            except (ValueError, RecursionError):
                return None
        if not isinstance(values, Mapping):
            return None
        values = values.get(name)
    return values


class _Parser:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0
        self._next: re.Match[str] | None = None
        self._advance()

    def expression(self) -> Expression:
        """Return the whole text as an expression."""
        found = self._alternatives()
        if self._next is not None:
            raise self._error()
        return found

    def _advance(self) -> re.Match[str] | None:
        passed = self._next
        if self._text[self._at :].strip():
            self._next = _TOKEN.match(self._text, self._at)
            if self._next is None:
                raise self._error()
            self._at = self._next.end()
        else:
            self._next = None
        return passed

    def _takes(self, token: str) -> bool:
        if self._next is None or self._next.group().strip() != token:
            return False
        self._advance()
        return True

    def _alternatives(self) -> Expression:
        choices = [self._sum()]
        while self._takes("or"):
            choices.append(self._sum())
        if len(choices) == 1:
            return choices[0]
        return lambda values: next(
            (found for found in (choice(values) for choice in choices) if found is not None), None
        )

    def _sum(self) -> Expression:
        parts = [self._value()]
        while self._takes("+"):
            parts.append(self._value())
        return parts[0] if len(parts) == 1 else lambda values: _sum_of([part(values) for part in parts])

    def _value(self) -> Expression:
        token = self._advance()
        if token is None or token.group("sign"):
            raise self._error()
        if token.group("text"):
            text = token.group("text")[1:-1]
            return lambda values: text
        if token.group("column"):
            return _column(token.group("column"))
        name = token.group("name")
        return self._call(name) if self._takes("(") else _column(name)

    def _call(self, name: str) -> Expression:
        if name not in _FUNCTIONS:
            raise ApiValueError(f"{self._text!r}: there is no function {name}, but {' and '.join(_FUNCTIONS)}")
        given = self._alternatives()
        if not self._takes(","):
            raise self._error()
        token = self._advance()
        if token is None or not token.group("text") or len(token.group("text")) < 3 or not self._takes(")"):
            raise self._error()
        separator = token.group("text")[1:-1]
        return lambda values: _part(given(values), separator, name == "before")

    def _error(self) -> ApiValueError:
        return ApiValueError(f"{self._text!r} is no expression of columns: at {self._text[self._at :]!r}")


def _sum_of(values: list[Any]) -> Any:
    numbers = [number_of(value) for value in values if value is not None]
    return sum(numbers) if numbers else None


def number_of(value: Any) -> Any:
    """Return a value as a number if it is one, or the text of one, and as an int if it is whole; else itself."""
    number = value
    if isinstance(value, str):
        if "_" in value:  # which Python takes within numbers
            return value
        try:
            return int(value)
        except ValueError:
            pass
        try:
            number = float(value)
        except ValueError:
            return value
    # Columns of whole numbers with gaps are often written as floats.
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < 2**53 else number


def _part(value: Any, separator: str, before: bool) -> Any:
    if value is None:
        return None
    first, found, rest = str(value).partition(separator)
    if before:
        return first if found and first else None
    return (rest or None) if found else first
