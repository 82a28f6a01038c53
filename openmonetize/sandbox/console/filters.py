"""Which events the page shows: of a user, a feature, a model or an outcome, or those that have a text somewhere."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from openmonetize.sandbox.console.markup import Markup, html, text

OUTCOMES = ("billed", "unfunded")

# A longer text is no filter, and is not linked.
MAX_LENGTH = 200

_UNFUNDED = "e.wallet IS NULL AND e.credits > 0"
_SEARCHED = ("user_id", "feature_id", "model", "event_type", "provider", "unit_type", "event_id", "batch_id")


class Filter(NamedTuple):
    """What the query of the page's address asks for. An empty text is no condition."""

    user: str = ""
    feature: str = ""
    model: str = ""
    outcome: str = ""
    search: str = ""

    @classmethod
    def of(cls, query: Mapping[str, Any]) -> Filter:
        """Return the filter of a query. What no event can have is no condition."""
        wanted = cls(*(str(query.get(name) or "")[:MAX_LENGTH] for name in cls._fields))
        return wanted if wanted.outcome in OUTCOMES else wanted._replace(outcome="")

    def condition(self) -> tuple[str, list[str]]:
        """Return a condition of SQL on a row ``e`` of events, and its parameters."""
        parts, values = ["1"], []
        for column, value in (("user_id", self.user), ("feature_id", self.feature)):
            if value:
                parts.append(f"e.{column} = ?")
                values.append(value)
        if self.model:
            parts.append("coalesce(e.model, e.event_type) = ?")
            values.append(self.model)
        if self.outcome:
            parts.append(_UNFUNDED if self.outcome == "unfunded" else f"NOT ({_UNFUNDED})")
        if self.search:
            found = " || '\n' || ".join(f"coalesce(e.{column}, '')" for column in _SEARCHED)
            parts.append(f"instr(lower({found}), lower(?))")
            values.append(self.search)
        return " AND ".join(parts), values

    def href(self, metric: str = "", place: str = "", **changes: str) -> str:
        """Return the page's address with this filter and changes to it."""
        values = {name: value for name, value in {**self._asdict(), "metric": metric, **changes}.items() if value}
        query = urlencode(values, errors="replace", quote_via=quote)
        return f"/{'?' if query else ''}{query}{place}"

    def described(self, metric: str = "") -> Markup:
        """Return the conditions that have no field of their own, each as a link that drops it."""
        return Markup("").join(
            html(
                '<a class="tag chip" href="{href}">{name}: {value} <span aria-hidden="true">×</span>'
                '<span class="hidden">, show all</span></a> ',
                href=self.href(metric, "#events", **{name: ""}),
                name=name,
                value=text(getattr(self, name), 60),
            )
            for name in ("user", "feature", "model")
            if getattr(self, name)
        )


def linked(name: str, value: str, shown: Markup) -> Markup:
    """Return a text as a link to the events that have it."""
    if not value or len(value) > MAX_LENGTH:
        return shown
    place = "" if name == "user" else "#events"
    return html('<a href="{href}">{shown}</a>', href=Filter(**{name: value}).href(place=place), shown=shown)
