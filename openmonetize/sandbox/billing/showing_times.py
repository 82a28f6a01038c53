"""When the platform's own route begins to show a dead letter: at once, or as late as on the present servers."""

from __future__ import annotations

from openmonetize.sandbox.clock import SECOND
from openmonetize.sandbox.defects import DEAD_LETTERS_LATE
from openmonetize.sandbox.state import State

# The present servers give up a message after minutes, and then a hundred at a time. Measured: the first ones after 5.8
# to 9.4 minutes, the next hundreds after 10.5 to 18.
_FIRST_MS = 522 * SECOND
_NEXT_MS = 108 * SECOND
_SHOWN_AT_ONCE = 100


def showing_times(state: State, count: int) -> list[int]:
    """Return the times for `count` events that become dead letters now. The hundreds are those of all customers."""
    now = state.clock.now()
    if not state.has(DEAD_LETTERS_LATE):
        return [now] * count
    moment = now + _FIRST_MS
    latest = state.db.value("SELECT max(shown_at) FROM dead_letters") or 0
    places = 0  # taken in the hundred of `moment`
    if latest > moment - _NEXT_MS:
        moment = latest
        places = state.db.value("SELECT count(*) FROM dead_letters WHERE shown_at = ?", (latest,))
    return [moment + (places + index) // _SHOWN_AT_ONCE * _NEXT_MS for index in range(count)]
