"""The rules in which the platform's validators differ, and the validators themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.issues import Issue
from openmonetize.sandbox.validation.validation_messages import ajv_message, old_zod_message, zod_message


@dataclass(frozen=True)
class Rules:
    """How one of the platform's validators differs from the others.

    Attributes:
        message: puts an issue into words.
        coerces: whether values of another type are converted, as in ``"5"`` to 5.
        keeps_unknown: whether fields that are not declared are kept.
        stops_at_first: whether only the first issue is reported.
        uuid: the pattern of an id.
        instant_ms: returns the milliseconds since 1970 of a time, or None if it is not in the accepted form.
        email: the pattern of an e-mail address.
    """

    message: Callable[[Issue], str]
    coerces: bool = False
    keeps_unknown: bool = False
    stops_at_first: bool = False
    uuid: re.Pattern[str] = formats.STRICT_UUID
    instant_ms: Callable[[str], int | None] = formats.zulu_ms
    email: re.Pattern[str] = formats.EMAIL

    def describe(self, place: str, issues: Iterable[Issue]) -> str:
        """Return all issues in one line, each with its path: ``body/events/0/event_id Invalid UUID``."""
        return ", ".join(f"{place}{self._pointer(issue)} {self.message(issue)}" for issue in issues)

    def tree(self, issues: Iterable[Issue]) -> dict[str, Any]:
        """Return the issues as the ingestion service nests them: a list of texts under ``_errors`` at each place."""
        root: dict[str, Any] = {"_errors": []}
        for issue in issues:
            node = root
            for name in issue.path:
                node = node.setdefault(str(name), {"_errors": []})
            texts: list[str] = node["_errors"]
            texts.append(self.message(issue))
        return root

    def _pointer(self, issue: Issue) -> str:
        if not issue.path and self.stops_at_first:
            return ""  # Ajv points at the root with an empty text, zod with a slash
        return "/" + "/".join(str(name) for name in issue.path)


# The present gateway checks with zod 4.
ZOD = Rules(message=zod_message)
# The seed era's gateway checks with Ajv.
AJV = Rules(
    message=ajv_message,
    coerces=True,
    keeps_unknown=True,
    stops_at_first=True,
    uuid=formats.LOOSE_UUID,
    instant_ms=formats.offset_ms,
)
# The services behind the seed era's gateway check with zod 3.
OLD_ZOD = Rules(message=old_zod_message, uuid=formats.LOOSE_UUID)
