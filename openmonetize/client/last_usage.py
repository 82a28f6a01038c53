"""What the last call of a provider used, by thread and task."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple, Optional

from openmonetize._schema.shown import facts_html
from openmonetize.events.model import EventModel
from openmonetize.pricing import TEXT_BOOK, Charge, credits_for_event

if TYPE_CHECKING:
    from openmonetize.providers import Usage


class LastUsage(NamedTuple):
    """What the last call of a provider used.

    Attributes:
        usage: the tokens, with all details that the provider tells.
        event_id: the id of the event that was recorded for it.
        event: the event.
        estimate: what the event burns, by the prices that every installation has.
    """

    usage: Usage
    event_id: str
    event: EventModel
    estimate: Charge

    @property
    def credits(self) -> int:
        """The credits of the estimate."""
        return self.estimate.credits

    def _repr_html_(self) -> str:
        facts = {"event_id": self.event_id, "provider": self.usage.provider, "model": self.usage.model}
        tokens = {"input_tokens": self.usage.input_tokens, "output_tokens": self.usage.output_tokens}
        return facts_html("LastUsage", {**facts, **tokens, "credits": self.credits, "usd": self.estimate.usd})


class LastUsages:
    """The last usage of each thread and task."""

    def __init__(self) -> None:
        self._current: ContextVar[Optional[tuple[Usage, str, EventModel]]] = ContextVar("openmonetize_usage")

    def set(self, usage: Usage, event_id: str, event: EventModel) -> None:
        """Take note of a call."""
        self._current.set((usage, event_id, event))

    def get(self) -> LastUsage | None:
        """Return the last call of this thread or task; None if there was none."""
        found = self._current.get(None)
        return None if found is None else LastUsage(*found, estimate_of(found[2]))


def estimate_of(event: EventModel) -> Charge:
    """Return what an event burns, by the prices that every installation has: nobody is asked."""
    return credits_for_event(event.to_dict(), book=TEXT_BOOK)
