"""The page as a whole: its frame, style sheet and script, and its content security policy."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

from openmonetize.sandbox.console.filters import OUTCOMES, Filter
from openmonetize.sandbox.console.markup import Markup, html, joined, text
from openmonetize.sandbox.state import Settings

_STATIC = Path(__file__).parent / "static"


def _read(name: str) -> str:
    return (_STATIC / name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()


_FRAME = _read("console.html")
_STYLE = _read("console.css")
_SCRIPT = _read("console.js")
_ICON = base64.b64encode(_read("icon.svg").encode()).decode()

# The content security policy: this one script, this one style sheet, and requests to the page's own origin.
POLICY = "; ".join(
    (
        "default-src 'none'",
        f"script-src '{_hash(_SCRIPT)}'",
        f"style-src '{_hash(_STYLE)}'",
        "img-src data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)


def render(
    settings: Settings, fragments: dict[str, Markup], version: str, now: str, wanted: Filter, metric: str
) -> bytes:
    """Return the page. Its fields show what events are wanted."""
    outcomes = (
        html('<option value="{name}"{chosen}>{name}</option>', name=name, chosen=_chosen(name == wanted.outcome))
        for name in OUTCOMES
    )
    kept = (
        html('<input type="hidden" name="{name}" value="{value}">', name=name, value=value)
        for name, value in {**wanted._asdict(), "metric": metric}.items()
        if value and name not in ("outcome", "search")
    )
    defects = len(settings.defects)
    page = html(
        _FRAME,
        style=Markup(_STYLE),
        script=Markup(_SCRIPT),
        icon=_ICON,
        era=settings.era,
        mode=settings.mode,
        defects=f", {defects} defect{'s' * (defects > 1)}" if defects else "",
        version=version,
        now=now,
        view="one-user" if wanted.user else "all-users",
        user=text(wanted.user, 60),
        search=wanted.search,
        outcomes=joined(outcomes),
        kept=joined(kept),
        chips=wanted.described(metric),
        **fragments,
    )
    return page.encode()


def _chosen(chosen: bool) -> Markup:
    return Markup(" selected" if chosen else "")
