"""One change, and all of them as text for the changelog."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable
from typing import NamedTuple

BREAKING, ADDITIVE, WIRE = "Breaking", "New", "On the wire only"
KINDS = (BREAKING, ADDITIVE, WIRE)

_WIDTH = 120
_SPACE = "\N{NO-BREAK SPACE}"  # in code, which stays on one line


class Change(NamedTuple):
    """One change, as a sentence without its full stop."""

    kind: str
    text: str


def told(changes: Iterable[Change]) -> str:
    """Return the changes as text for the changelog; those that break programs come first."""
    found = list(dict.fromkeys(changes))
    parts = []
    for kind in KINDS:
        lines = [_item(change.text) for change in found if change.kind == kind]
        if lines:
            parts.append("\n".join([f"{kind}:\n", *lines]))
    return "\n\n".join(parts) or "Nothing changes for users."


def _item(text: str) -> str:
    whole = re.sub("`[^`]*`", lambda code: code[0].replace(" ", _SPACE), text)
    filled = textwrap.fill(
        f"{whole}.",
        _WIDTH,
        initial_indent="- ",
        subsequent_indent="  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
    return filled.replace(_SPACE, " ")


def listed(words: Iterable[object]) -> str:
    """Return words of code, with commas between them."""
    return ", ".join(f"`{word}`" for word in words)
