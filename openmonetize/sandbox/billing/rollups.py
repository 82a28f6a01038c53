"""Roll-ups: sums by hour and by day, written together with the events, so that analytics need not read every event.

A window is cut into whole days, the whole hours around them, and parts of hours at both ends. Only these parts are
read event by event, and not even they if all events of the hour lie in the window, as is usual for a window that ends
now. Every sum is therefore exact for any window, to the millisecond.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import add as plus
from typing import Any

from openmonetize.sandbox.clock import DAY, HOUR
from openmonetize.sandbox.database import MAX_INTEGER, cell, marks
from openmonetize.sandbox.state import State

DAY_NAME = "day"
NAMES = ("feature_id", "event_type", "provider", "model")

# Start of the hour or day, feature, event type, provider, model; the last two are empty if not given.
GroupKey = tuple[int, str, str, str, str]

_SPANS = (DAY, HOUR)

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


def pieces(start: int, end: int, spans: Sequence[int] = _SPANS) -> Iterator[tuple[int, int, int]]:
    """Cut the milliseconds `start` to `end`, both inclusive, into (span, first, last).

    For a span of 0, `first` and `last` are milliseconds; else they are the starts of the first and the last whole
    day or hour.
    """
    if start > end:
        return
    if not spans:
        yield 0, start, end
        return
    span, rest = spans[0], spans[1:]
    first = -(-start // span) * span
    after = (end + 1) // span * span
    if first >= after:  # no whole span; still cut at the border, so that a piece lies within one day
        if start < first <= end:
            yield from pieces(start, first - 1, rest)
            start = first
        yield from pieces(start, end, rest)
        return
    yield from pieces(start, first - 1, rest)
    yield span, first, after - span
    yield from pieces(after, end, rest)


def add(state: State, customer: int, hours: dict[GroupKey, list[float]]) -> None:
    """Add the sums of a batch: [events, input tokens, output tokens, credits, cost, first time, last time]."""
    days: dict[GroupKey, list[float]] = {}
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


def skip_days(state: State, customer: int, events: int) -> tuple[int, int]:
    """Skip the days with a customer's latest events, as long as they hold no more than `events`.

    Returns:
        The time before which all other events are, and how many of `events` are left to skip there.
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
) -> list[Group]:
    """Return the sums over a window; the same group may come in several parts.

    Args:
        state: the sandbox.
        customer: whose events.
        start: the first millisecond.
        end: the last millisecond.
        filters: columns (``provider``, ``model``, ``feature_id``), and the values that each may have.
        by: those of `NAMES` and `DAY_NAME` that tell groups apart; the others are empty, or 0, in the result.
    """
    found: list[Group] = []
    for span, first, last in pieces(start, end):
        if not span and _covers_hour(state, customer, first, last):
            span, first, last = HOUR, first - first % HOUR, last - last % HOUR
        day = first - first % DAY  # only a piece of whole days has more than one
        read = _rolled_up if span else _scanned
        rows = read(state, customer, span, first, last, filters, _names(by, "start" if span == DAY else str(day)))
        found += [_group(row) for row in rows]
    return found


def _covers_hour(state: State, customer: int, first: int, last: int) -> bool:
    """Return whether all events of an hour lie between the milliseconds `first` and `last` of that hour."""
    sql = (
        "SELECT 1 FROM rollups WHERE customer = ? AND span = ? AND start = ? AND (first_at < ? OR last_at > ?) LIMIT 1"
    )
    return state.db.value(sql, (customer, HOUR, first - first % HOUR, first, last)) is None


def _names(by: Sequence[str], day: str) -> str:
    """Return the columns of a group's name."""
    return ", ".join([day if DAY_NAME in by else "0", *(name if name in by else "''" for name in NAMES)])


# total() and not sum(), which fails above 64 bits. It is exact up to 2^53, as is everything that the platform shows.
def _rolled_up(
    state: State, customer: int, span: int, first: int, last: int, filters: Mapping[str, Sequence[str]], names: str
) -> list[sqlite3.Row]:
    where, values = _filter(filters)
    return state.db.rows(
        f"SELECT {names}, total(events), total(input_tokens), total(output_tokens), total(credits), total(cost),"
        " min(first_at) FROM rollups"
        f" WHERE customer = ? AND span = ? AND start BETWEEN ? AND ?{where} GROUP BY 1, 2, 3, 4, 5",
        [customer, span, first, last, *values],
    )


def _scanned(
    state: State, customer: int, span: int, first: int, last: int, filters: Mapping[str, Sequence[str]], names: str
) -> list[sqlite3.Row]:
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


def _filter(filters: Mapping[str, Sequence[str]]) -> tuple[str, list[Any]]:
    where = ""
    values: list[Any] = []
    for column, allowed in filters.items():
        where += f" AND {column} IN ({marks(len(allowed))})"
        values += allowed
    return where, values
