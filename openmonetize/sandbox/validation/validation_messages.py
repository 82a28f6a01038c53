"""Words for what is wrong with a value, as the platform's three validators put it."""

from __future__ import annotations

from typing import Any, Dict, Iterable, List

from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.issues import MAX_SAFE_INTEGER, Issue, Rules

_ZOD_FORMATS = {"uuid": "UUID", "email": "email address", "date-time": "ISO datetime"}
_SIZES = {"string": "characters", "array": "items"}


def zod_words(issue: Issue) -> str:
    """The present gateway."""
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
    bound = f"{sign}{'=' if issue.inclusive else ''}{_plain(issue.limit)}"
    if issue.origin in _SIZES:
        return f"Too {word}: expected {issue.origin} to have {bound} {_SIZES[issue.origin]}"
    return f"Too {word}: expected {issue.origin} to be {bound}"


def ajv_words(issue: Issue) -> str:
    """The seed era's gateway."""
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
    return f"must be {'>' if small else '<'}{'=' if issue.inclusive else ''} {_plain(issue.limit)}"


def old_zod_words(issue: Issue) -> str:
    """The seed era's ingestion service."""
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
    bound = f"{'greater' if small else 'less'} than {'or equal to ' if issue.inclusive else ''}{_plain(issue.limit)}"
    return f"Number must be {bound}"


ZOD = Rules(words=zod_words)
AJV = Rules(
    words=ajv_words,
    coerces=True,
    keeps_unknown=True,
    stops_at_first=True,
    uuid=formats.LOOSE_UUID,
    instant=formats.offset_ms,
)
OLD_ZOD = Rules(words=old_zod_words, uuid=formats.LOOSE_UUID)


def message(place: str, issues: Iterable[Issue], rules: Rules) -> str:
    """All issues in one line, each with its path: ``body/events/0/event_id Invalid UUID``."""
    return ", ".join(f"{place}{_pointer(issue, rules)} {rules.words(issue)}" for issue in issues)


def tree(issues: Iterable[Issue], rules: Rules) -> Dict[str, Any]:
    """The issues as the ingestion service nests them: a list of texts under ``_errors`` at each place."""
    root: Dict[str, Any] = {"_errors": []}
    for issue in issues:
        node = root
        for part in issue.path:
            node = node.setdefault(str(part), {"_errors": []})
        texts: List[str] = node["_errors"]
        texts.append(rules.words(issue))
    return root


def _pointer(issue: Issue, rules: Rules) -> str:
    if not issue.path and rules.stops_at_first:
        return ""  # Ajv points at the root with nothing, zod with a slash
    return "/" + "/".join(str(part) for part in issue.path)


def _plain(limit: Any) -> str:
    return str(MAX_SAFE_INTEGER) if limit == MAX_SAFE_INTEGER else formats.js_text(limit)
