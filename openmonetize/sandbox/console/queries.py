"""The queries behind the console. Each is cheap, however many events are stored."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any, NamedTuple

from openmonetize.sandbox.billing.ledger import transactions
from openmonetize.sandbox.clock import DAY, HOUR, MIN_MS
from openmonetize.sandbox.console.filters import Filter
from openmonetize.sandbox.database import marks
from openmonetize.sandbox.state import State

_MAX_EVENTS = 30
_MAX_BOOKINGS = 50
# A filter looks through so many events, the last ones: the page asks every second.
MAX_SEARCHED = 20_000
_MAX_DEAD_LETTERS = 10
_MAX_WALLETS = 50
_MIN_DAYS = 7
_MAX_DAYS = 30

# Finds a user of all customers in the index.
_OF_USER = "customer IN (SELECT pk FROM customers) AND external_id = ?"

_SUMS = "total(events), total(input_tokens), total(output_tokens), total(credits), total(cost)"


class Sums(NamedTuple):
    """Sums over events; `cost` in ten-billionths of a US dollar."""

    events: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    credits: int = 0
    cost: int = 0

    def plus(self, other: Sums) -> Sums:
        return Sums(*(mine + theirs for mine, theirs in zip(self, other)))


@dataclass(frozen=True)
class UsageWindow:
    """Usage over a window of time.

    Attributes:
        starts: the starts of the steps, without gaps.
        step: the milliseconds of a step: a day, or an hour if all events lie in one day.
        sums: by (start of the step, model).
        elsewhere: how many events lie outside of these steps.
    """

    starts: list[int]
    step: int
    sums: dict[tuple[int, str], Sums]
    elsewhere: int


def totals(state: State) -> Sums:
    """Return the sums over all stored events."""
    row = state.db.row(f"SELECT {_SUMS} FROM rollups WHERE span = ?", (DAY,))
    assert row is not None
    return Sums(*(int(value) for value in row))


def burned(state: State) -> int:
    """Return the credits that wallets have paid."""
    return int(state.db.value("SELECT total(credits) FROM burns"))


def count(state: State, table: str) -> int:
    """Return the number of rows of a table."""
    return int(state.db.value(f"SELECT count(*) FROM {table}"))


def usage(state: State) -> UsageWindow:
    """Return the last days that have events, up to today; the hours of the day if only one has any."""
    today = state.clock.now() // DAY * DAY
    last = state.db.value("SELECT max(start) FROM rollups WHERE span = ? AND start <= ?", (DAY, today))
    if last is None:  # all events, if there are any, are dated in the future
        last = state.db.value("SELECT max(start) FROM rollups WHERE span = ?", (DAY,))
    if last is None:
        return UsageWindow([], DAY, {}, 0)
    first = last - (_MAX_DAYS - 1) * DAY
    earliest = state.db.value("SELECT min(start) FROM rollups WHERE span = ? AND start >= ?", (DAY, first))
    step = HOUR if earliest == last else DAY
    first = last if step == HOUR else max(min(earliest, last - (_MIN_DAYS - 1) * DAY), MIN_MS)
    starts = list(range(first, last + DAY, step))
    rows = state.db.rows(
        f"SELECT start, coalesce(nullif(model, ''), event_type), {_SUMS} FROM rollups"
        " WHERE span = ? AND start BETWEEN ? AND ? GROUP BY 1, 2",
        (step, starts[0], starts[-1]),
    )
    sums = {(row[0], row[1]): Sums(*(int(value) for value in row[2:])) for row in rows}
    shown = sum(each.events for each in sums.values())
    return UsageWindow(starts, step, sums, totals(state).events - shown)


def latest_events(state: State, wanted: Filter) -> list[sqlite3.Row]:
    """Return the events that were processed last, the last one first."""
    condition, values = wanted.condition()
    last = int(state.db.value("SELECT coalesce(max(seq), 0) FROM events"))
    return state.db.rows(
        "SELECT e.*, c.name AS customer_name FROM events e JOIN customers c ON c.pk = e.customer"
        f" WHERE e.seq > ? AND {condition} ORDER BY e.seq DESC LIMIT ?",
        [last - MAX_SEARCHED if any(wanted) else 0, *values, _MAX_EVENTS],
    )


def bookings(state: State, found: list[WalletSummary]) -> list[tuple[str, dict[str, Any]]]:
    """Return the last transactions of some wallets, the last one first, each with its customer's name."""
    made = [
        (str(wallet.row["customer_name"]), booking)
        for wallet in found
        for booking in transactions(state, wallet.row, _MAX_BOOKINGS, 0)[0]
    ]
    return sorted(made, key=lambda each: each[1]["createdAt"], reverse=True)[:_MAX_BOOKINGS]


def used_by(state: State, user: str) -> tuple[int, int]:
    """Return a user's number of events, and their credits."""
    row = state.db.row(f"SELECT total(events), total(credits) FROM users WHERE {_OF_USER}", (user,))
    assert row is not None
    return int(row[0]), int(row[1])


def latest_dead_letters(state: State) -> list[sqlite3.Row]:
    """Return the events that failed last, the last one first; each cut to at most 4,000 characters."""
    return state.db.rows(
        "SELECT d.seq, d.id, d.reason, d.failed_at, substr(d.event, 1, 4000) AS event, c.name AS customer_name"
        " FROM dead_letters d JOIN customers c ON c.pk = d.customer ORDER BY d.seq DESC LIMIT ?",
        (_MAX_DEAD_LETTERS,),
    )


class WalletSummary(NamedTuple):
    """A wallet, and the credits that it has burned: in all, and for events of the last seven days."""

    row: sqlite3.Row
    burned: int
    week: int


def wallets(state: State, user: str = "") -> list[WalletSummary]:
    """Return the wallets with the most transactions, in the order of their creation; or those of a user."""
    ids = f"SELECT id FROM users WHERE {_OF_USER} UNION SELECT ?"
    own = f"WHERE customer IN (SELECT pk FROM customers) AND user_id IN ({ids})" if user else ""
    rows = state.db.rows(
        "SELECT w.*, c.name AS customer_name, coalesce(u.external_id, w.user_id) AS owner FROM"
        f" (SELECT * FROM wallets {own} ORDER BY entries DESC, pk LIMIT ?) w JOIN customers c ON c.pk = w.customer"
        " LEFT JOIN users u ON u.customer = w.customer AND u.id = w.user_id ORDER BY w.pk",
        [*([user, user] if user else []), _MAX_WALLETS],
    )
    now = state.clock.now()
    keys = [row["pk"] for row in rows]
    burns = state.db.rows(
        "SELECT wallet, total(credits), total(CASE WHEN hour BETWEEN ? AND ? THEN credits ELSE 0 END) FROM uses"
        f" WHERE wallet IN ({marks(len(keys))}) GROUP BY wallet",
        [(now - 7 * DAY) // HOUR * HOUR, now, *keys],
    )
    known = {row[0]: (int(row[1]), int(row[2])) for row in burns}
    return [WalletSummary(row, *known.get(row["pk"], (0, 0))) for row in rows]
