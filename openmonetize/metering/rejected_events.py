"""What a refusal says about the events of the request."""

from __future__ import annotations

import json
import re

from openmonetize.exceptions import ApiException

_FINDING = re.compile(r"body/events/(\d+)(?:[/ ]|$)")
# What the platform calls a refusal of a request's events, by status. A proxy or a firewall has other words.
_REFUSALS = {400: {"Bad Request", "Validation Error", "VALIDATION_ERROR"}, 403: {"FORBIDDEN"}}
_SEPARATOR = re.compile(r",\s+(?=body/)")


def named_events(error: ApiException, count: int) -> dict[int, str]:
    """Return the events that a refusal names, by index, each with the server's words about it.

    The gateway joins its findings into one text, ``body/events/3/event_id Invalid UUID, body/events/...``; the
    ingestion service behind it responds with a tree keyed by index.

    Args:
        error: the refusal.
        count: how many events the request had.
    """
    found: dict[int, list[str]] = {}
    for finding in _SEPARATOR.split(error.message or ""):
        match = _FINDING.match(finding)
        if match and int(match.group(1)) < count:
            found.setdefault(int(match.group(1)), []).append(finding)
    if found:
        return {index: ", ".join(findings) for index, findings in found.items()}
    return {index: text for index, text in _events_in_tree(error.body).items() if index < count}


def _events_in_tree(body: str | None) -> dict[int, str]:
    try:
        events = json.loads(body or "")["details"]["events"]
        return {int(index): json.dumps(why) for index, why in events.items() if index.isdigit()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def is_refusal(error: ApiException) -> bool:
    """Return whether a refusal has the form of the platform's own, and may be about the events."""
    try:
        body = json.loads(error.body or "")
        return body["error"] in _REFUSALS[error.status or 0] and bool(body["message"] + "")
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def quota_left(error: ApiException) -> int:
    """Return how many events a 402 would still have taken: the quota may end within a request."""
    if error.status != 402:
        return 0
    try:
        details = json.loads(error.body or "")["details"]
        return max(0, int(details["limit"]) - int(details["currentUsage"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
