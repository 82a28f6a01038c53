"""The words of the platform's three validators for an issue."""

from __future__ import annotations

from typing import Any

from openmonetize._schema.numbers import MAX_SAFE_INTEGER
from openmonetize.sandbox.validation.issues import Issue
from openmonetize.sandbox.validation.javascript_numbers import number_text

_ZOD_FORMATS = {"uuid": "UUID", "email": "email address", "date-time": "ISO datetime"}
_SIZES = {"string": "characters", "array": "items"}


def zod_message(issue: Issue) -> str:
    """Return what the present gateway says."""
    if issue.code == "union":
        return "Invalid input"
    if issue.code == "type":
        return f"Invalid input: expected {issue.expected}, received {issue.received}"
    if issue.code == "format":
        return f"Invalid {_ZOD_FORMATS[issue.expected]}"
    if issue.code == "unstorable":
        return "Invalid input: text with a NUL character or a lone surrogate cannot be stored"
    if issue.code == "option":
        if len(issue.options) == 1:
            return f'Invalid input: expected "{issue.options[0]}"'
        return "Invalid option: expected one of " + "|".join(f'"{option}"' for option in issue.options)
    word, sign = ("small", ">") if issue.code == "too_small" else ("big", "<")
    bound = f"{sign}{'=' if issue.inclusive else ''}{_limit_text(issue.limit)}"
    if issue.origin in _SIZES:
        return f"Too {word}: expected {issue.origin} to have {bound} {_SIZES[issue.origin]}"
    return f"Too {word}: expected {issue.origin} to be {bound}"


def ajv_message(issue: Issue) -> str:
    """Return what the seed era's gateway says."""
    if issue.code == "required":
        return f"must have required property '{issue.expected}'"
    if issue.code in ("type", "union"):
        expected = {"record": "object", "int": "integer"}.get(issue.expected, issue.expected)
        return f"must be {expected}"
    if issue.code == "format":
        return f'must match format "{issue.expected}"'
    if issue.code == "unstorable":
        return "must not contain a NUL character or a lone surrogate"
    if issue.code == "option":
        return "must be equal to one of the allowed values"
    small = issue.code == "too_small"
    if issue.origin in _SIZES:
        return f"must NOT have {'fewer' if small else 'more'} than {issue.limit} {_SIZES[issue.origin]}"
    return f"must be {'>' if small else '<'}{'=' if issue.inclusive else ''} {_limit_text(issue.limit)}"


def old_zod_message(issue: Issue) -> str:
    """Return what the services behind the seed era's gateway say."""
    if issue.received == "undefined" and issue.code in ("type", "union", "option"):
        return "Required"
    if issue.code in ("type", "union"):
        expected = {"record": "object", "int": "integer"}.get(issue.expected, issue.expected)
        received = "float" if issue.expected == "int" else issue.received
        return f"Expected {expected}, received {received}"
    if issue.code == "format":
        return f"Invalid {'datetime' if issue.expected == 'date-time' else issue.expected}"
    if issue.code == "option":
        listed = " | ".join(f"'{option}'" for option in issue.options)
        return f"Invalid enum value. Expected {listed}, received '{issue.received}'"
    small = issue.code == "too_small"
    if issue.origin in _SIZES:
        unit = "element(s)" if issue.origin == "array" else "character(s)"
        kind = issue.origin.capitalize()
        return f"{kind} must contain at {'least' if small else 'most'} {issue.limit} {unit}"
    bound = (
        f"{'greater' if small else 'less'} than {'or equal to ' if issue.inclusive else ''}{_limit_text(issue.limit)}"
    )
    return f"Number must be {bound}"


def _limit_text(limit: Any) -> str:
    return str(MAX_SAFE_INTEGER) if limit == MAX_SAFE_INTEGER else number_text(limit)
