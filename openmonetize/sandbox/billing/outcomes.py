"""Accepted events that did not end as their sender wants: nobody paid for them, or they were lost."""

from __future__ import annotations

from typing import NamedTuple, Optional

from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.state import State

_MAX_DEAD_LETTERS = 10


class Mark(NamedTuple):
    """A moment, by the last stored event and the last dead letter."""

    event: int
    dead_letter: int


class Outcomes(NamedTuple):
    """What became of events since a mark.

    Attributes:
        unfunded: user (None for the customer itself), number of events, and credits that no wallet pays.
        dead_letters: id of the event, and why it was lost; the first ten.
        dead_letter_count: how many there are in all.
    """

    unfunded: list[tuple[Optional[str], int, int]]
    dead_letters: list[tuple[str, str]]
    dead_letter_count: int


def mark(state: State) -> Mark:
    """Return the present moment."""
    event = state.db.value("SELECT max(seq) FROM events") or 0
    return Mark(event, state.db.value("SELECT max(seq) FROM dead_letters") or 0)


def since(state: State, earlier: Mark) -> Outcomes:
    """Return what has become of events since a mark."""
    unfunded = state.db.rows(
        "SELECT user_id, count(*), total(credits) FROM events WHERE seq > ? AND wallet IS NULL AND credits > 0"
        " GROUP BY user_id ORDER BY min(seq)",
        (earlier.event,),
    )
    count = state.db.value("SELECT count(*) FROM dead_letters WHERE seq > ?", (earlier.dead_letter,))
    letters = state.db.rows(
        "SELECT event, reason FROM dead_letters WHERE seq > ? ORDER BY seq LIMIT ?",
        (earlier.dead_letter, _MAX_DEAD_LETTERS),
    )
    return Outcomes(
        [(row[0], row[1], int(row[2])) for row in unfunded],
        [(read_json(row["event"])["event_id"], row["reason"]) for row in letters],
        count,
    )
