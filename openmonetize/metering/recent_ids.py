"""The ids that were recorded lately: an event that is recorded again is sent once.

The platform counts a copy that it receives before it has billed the first as accepted, and sets it aside as a failure
(measured). A later copy it answers with ``duplicates``.
"""

from __future__ import annotations

_MAX_REMEMBERED = 50_000


class RecentIds:
    """A bounded memory of ids. Safe to use from several threads and from signal handlers: it has no lock."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all ids."""
        # New ids go into the first half. When it is full it becomes the second, and the old second half is forgotten.
        self._young: dict[str, object] = {}
        self._old: dict[str, object] = {}

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._young or event_id in self._old

    def claim(self, event_id: str) -> bool:
        """Remember an id. Return False if it is known: one of several callers gets True."""
        young, mine = self._young, object()
        if event_id in self._old or young.setdefault(event_id, mine) is not mine:
            return False
        if len(young) > _MAX_REMEMBERED // 2 and young is self._young:
            self._young, self._old = {}, young
        return True

    def release(self, event_id: str) -> None:
        """Forget an id, whose event was not recorded after all."""
        self._young.pop(event_id, None)
        self._old.pop(event_id, None)
