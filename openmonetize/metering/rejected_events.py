"""What a refusal says about the events of the request."""

from __future__ import annotations

import json
import re
from typing import Dict, List, Optional

from openmonetize.exceptions import ApiException

_PIECE = re.compile(r"body/events/(\d+)(?:[/ ]|$)")
_BETWEEN = re.compile(r",\s+(?=body/)")


def named_events(error: ApiException, count: int) -> Dict[int, str]:
    """The events that a refusal names, by index, each with the server's words about it.

    The gateway joins its findings into one text, ``body/events/3/event_id Invalid UUID, body/events/...``; the
    ingestion service behind it answers with a tree keyed by index.

    Args:
        error: the refusal.
        count: how many events the request had.
    """
    found: Dict[int, List[str]] = {}
    for piece in _BETWEEN.split(error.message or ""):
        match = _PIECE.match(piece)
        if match and int(match.group(1)) < count:
            found.setdefault(int(match.group(1)), []).append(piece)
    if found:
        return {index: ", ".join(pieces) for index, pieces in found.items()}
    return {index: text for index, text in _tree(error.body).items() if index < count}


def _tree(body: Optional[str]) -> Dict[int, str]:
    try:
        events = json.loads(body or "")["details"]["events"]
        return {int(index): json.dumps(why) for index, why in events.items() if index.isdigit()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def quota_left(error: ApiException) -> int:
    """Events that a 402 would still have taken: the quota may end within a request."""
    if error.status != 402:
        return 0
    try:
        details = json.loads(error.body or "")["details"]
        return max(0, int(details["limit"]) - int(details["currentUsage"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
