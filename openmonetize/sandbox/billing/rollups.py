"""Sums per hour and per day, written together with the events, so that analytics need not read every event.

A window is cut into whole days, the whole hours around them, and the two ragged ends; only the ends are read event
by event, and not even these if all events of the hour lie in the window, as they do up to now. Every sum is therefore
exact for any window, to the millisecond.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from operator import add as plus
from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple

from openmonetize.sandbox.clock import DAY, HOUR
from openmonetize.sandbox.database import MAX_INTEGER, cell
from openmonetize.sandbox.state import State

SPANS = (DAY, HOUR)
DAY_NAME = "day"
NAMES = ("feature_id", "event_type", "provider", "model")

GroupKey = Tuple[int, str, str, str, str]
"""Start of the hour or day, feature, event type, provider, model; the last two empty if not given."""

_UPSERT = """
INSERT INTO rollups (customer, span, start, feature_id, event_type, provider, model,
    events, input_tokens, output_tokens, credits, cost, first_at, last_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    events = events + excluded.events,
    input_tokens = input_tokens + excluded.input_tokens,
    output_tokens = output_tokens + excluded.output_tokens,
    credits = credits + excluded.credits,
    cost = cost + excluded.cost,
    first_at = min(first_at, excluded.first_at),
    last_at = max(last_at, excluded.last_at)
"""


@dataclass(frozen=True)
class Group:
    """Sums over the events that share a name: day, feature, type, provider and model, or some of these."""

    day: int
    feature_id: str
    event_type: str
    provider: str
    model: str
    events: int
    input_tokens: int
    output_tokens: int
    credits: int
    cost: int
    first_at: int


def pieces(start: int, end: int, spans: Sequence[int] = SPANS) -> Iterator[Tuple[int, int, int]]:
    """Cut the milliseconds `start` to `end`, both inclusive, into (span, first, last).

    For a span of 0, `first` and `last` are moments; else they are the starts of the first and the last whole
    stretch of that span.
    """
    if start > end:
        return
    if not spans:
        yield 0, start, end
        return
    span, rest = spans[0], spans[1:]
    first = -(-start // span) * span
    after = (end + 1) // span * span
    if first >= after:  # no whole stretch; still cut at the border, so that a piece lies within one day
        if start < first <= end:
            yield from pieces(start, first - 1, rest)
            start = first
        yield from pieces(start, end, rest)
        return
    yield from pieces(start, first - 1, rest)
    yield span, first, after - span
    yield from pieces(after, end, rest)


def add(state: State, customer: int, hours: Dict[GroupKey, List[float]]) -> None:
    """Add the sums of a batch. Each value is [events, input, output, credits, cost, first moment, last]."""
    days: Dict[GroupKey, List[float]] = {}
    for (start, feature_id, event_type, provider, model), sums in hours.items():
        key = (start - start % DAY, feature_id, event_type, provider, model)
        known = days.get(key)
        if known is None:
            days[key] = sums
        else:
            days[key] = [*map(plus, known[:5], sums), min(known[5], sums[5]), max(known[6], sums[6])]
    for span, groups in ((HOUR, hours), (DAY, days)):
        state.db.executemany(
            _UPSERT,
            [
                (customer, span, *key, *(sums if max(sums) <= MAX_INTEGER else map(cell, sums)))
                for key, sums in groups.items()
            ],
        )


def skip_days(state: State, customer: int, events: int) -> Tuple[int, int]:
    """Skip the days with a customer's latest events, as long as they hold no more than `events`.

    Returns:
        The moment before which the rest is, and how many of `events` are left to skip there.
    """
    before = MAX_INTEGER
    days = state.db.execute(
        "SELECT start, sum(events) FROM rollups WHERE customer = ? AND span = ? GROUP BY start ORDER BY start DESC",
        (customer, DAY),
    )
    for start, count in days:
        if count > events:
            break
        before, events = start, events - count
    return before, events


def groups(
    state: State, customer: int, start: int, end: int, filters: Mapping[str, Sequence[str]], by: Sequence[str] = NAMES
) -> List[Group]:
    """Sums over a window, both ends inclusive; the same group may come in several parts.

    `filters` names columns (``provider``, ``model``, ``feature_id``) and the values they may have. `by` are those of
    `NAMES` and `DAY_NAME` that tell groups apart; the others are empty, or 0, in what is found.
    """
    found: List[Group] = []
    for span, first, last in pieces(start, end):
        if not span and _holds_hour(state, customer, first, last):
            span, first, last = HOUR, first - first % HOUR, last - last % HOUR
        day = first - first % DAY  # only a piece of whole days has more than one
        read = _stored if span else _scanned
        rows = read(state, customer, span, first, last, filters, _names(by, "start" if span == DAY else str(day)))
        found += [_group(row) for row in rows]
    return found


def _holds_hour(state: State, customer: int, first: int, last: int) -> bool:
    """Whether the moments `first` to `last`, of one hour, hold all events of that hour."""
    sql = (
        "SELECT 1 FROM rollups WHERE customer = ? AND span = ? AND start = ? AND (first_at < ? OR last_at > ?) LIMIT 1"
    )
    return state.db.value(sql, (customer, HOUR, first - first % HOUR, first, last)) is None


def _names(by: Sequence[str], day: str) -> str:
    """The columns of a group's name."""
    return ", ".join([day if DAY_NAME in by else "0", *(name if name in by else "''" for name in NAMES)])


# total() and not sum(): the latter fails beyond 64 bits. Exact up to 2^53, as everything the platform shows.
def _stored(
    state: State, customer: int, span: int, first: int, last: int, filters: Mapping[str, Sequence[str]], names: str
) -> List[sqlite3.Row]:
    where, values = _filter(filters)
    return state.db.rows(
        f"SELECT {names}, total(events), total(input_tokens), total(output_tokens), total(credits), total(cost),"
        " min(first_at) FROM rollups"
        f" WHERE customer = ? AND span = ? AND start BETWEEN ? AND ?{where} GROUP BY 1, 2, 3, 4, 5",
        [customer, span, first, last, *values],
    )


def _scanned(
    state: State, customer: int, span: int, first: int, last: int, filters: Mapping[str, Sequence[str]], names: str
) -> List[sqlite3.Row]:
    where, values = _filter(filters)
    return state.db.rows(
        f"SELECT {names}, count(*), total(input_tokens), total(output_tokens), total(credits), total(cost),"
        " min(timestamp) FROM events"
        f" WHERE customer = ? AND timestamp BETWEEN ? AND ?{where} GROUP BY 1, 2, 3, 4, 5",
        [customer, first, last, *values],
    )


def _group(row: Sequence[Any]) -> Group:
    day, feature, kind, provider, model, *numbers = row
    return Group(day, feature, kind, provider or "", model or "", *(int(number) for number in numbers))


def _filter(filters: Mapping[str, Sequence[str]]) -> Tuple[str, List[Any]]:
    where = ""
    values: List[Any] = []
    for column, allowed in filters.items():
        where += f" AND {column} IN ({','.join('?' * len(allowed))})"
        values += allowed
    return where, values
