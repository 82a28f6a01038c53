"""What a check found."""

from __future__ import annotations

from typing import NamedTuple, Optional

OK, INFO, WARNING, FAILURE = "ok", "info", "warning", "failure"


class Finding(NamedTuple):
    """What a check found.

    Attributes:
        check: what was looked at.
        state: ok, info (not looked at, or no judgement), warning or failure.
        text: what was found.
        fix: what to do about it.
    """

    check: str
    state: str
    text: str
    fix: Optional[str] = None
