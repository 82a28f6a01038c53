"""Ids and idempotency keys of stored events. Both are unique in the whole platform, across customers.

Clients commonly send an event's id as its key as well. Such a key is not stored a second time (`own_key` says that the
id is the key), which saves one of two costly indexes over random texts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openmonetize.sandbox.database import marks
from openmonetize.sandbox.state import State
from openmonetize.sandbox.validation.unstorable_text import has_unstorable_text

_MAX_PARAMETERS = 900  # SQLite before 3.32 takes 999 of them


def key_of(event: Mapping[str, Any]) -> str | None:
    """Return an event's idempotency key; an empty one counts as none."""
    return event.get("idempotency_key") or None


def stored_ids(state: State, ids: Iterable[str]) -> set[str]:
    """Return those of `ids` that stored events have."""
    return _lookup(state, "SELECT event_id FROM events WHERE event_id IN ({})", list(ids))


def stored_keys(state: State, keys: Iterable[str | None]) -> set[str]:
    """Return those of `keys` that stored events have."""
    wanted = [key for key in keys if key]
    return _lookup(state, "SELECT idempotency_key FROM events WHERE idempotency_key IN ({})", wanted) | _lookup(
        state, "SELECT event_id FROM events WHERE event_id IN ({}) AND own_key", wanted
    )


def may_repeat_keys(state: State, events: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a key of a batch may be taken in a way that no index of the database notices.

    Where every key is its event's own id, the ids' index notices everything.
    """
    others = any(event.get("idempotency_key") not in (event["event_id"], None, "") for event in events)
    if not others and state.db.value("SELECT 1 FROM events WHERE idempotency_key IS NOT NULL LIMIT 1") is None:
        return False
    keys = [key for key in map(key_of, events) if key is not None]
    return len(set(keys)) != len(keys) or bool(stored_keys(state, keys))


def _lookup(state: State, sql: str, values: list[str]) -> set[str]:
    values = [value for value in values if not has_unstorable_text(value)]
    found: set[str] = set()
    for start in range(0, len(values), _MAX_PARAMETERS):
        some = values[start : start + _MAX_PARAMETERS]
        found.update(row[0] for row in state.db.execute(sql.format(marks(len(some))), some))
    return found
