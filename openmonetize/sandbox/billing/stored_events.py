"""Stored events, as the platform lists them and as tests look at them."""

from __future__ import annotations

import sqlite3
from typing import Any

from openmonetize._arguments import suggestion
from openmonetize.exceptions import ApiValueError
from openmonetize.sandbox.billing.money import usd_text
from openmonetize.sandbox.billing.rollups import skip_days
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.json_text import read_json
from openmonetize.sandbox.state import State

# The names by which stored events can be filtered.
FILTERS = (
    "customer_id",
    "outcome",
    "event_id",
    "idempotency_key",
    "batch_id",
    "user_id",
    "team_id",
    "event_type",
    "feature_id",
    "provider",
    "model",
)

_OUTCOME = "CASE WHEN e.wallet IS NULL AND e.credits > 0 THEN 'unfunded' ELSE 'billed' END"
_COLUMNS = {
    "customer_id": "c.id",
    "idempotency_key": "CASE WHEN e.own_key THEN e.event_id ELSE e.idempotency_key END",
    "outcome": _OUTCOME,
}


def page(state: State, customer: int, limit: int, offset: int) -> tuple[list[sqlite3.Row], int]:
    """Return a page of a customer's events, the latest timestamp first, and how many there are."""
    total = state.db.value("SELECT events FROM customers WHERE pk = ?", (customer,))
    before, offset = skip_days(state, customer, offset)
    rows = state.db.rows(
        "SELECT * FROM events WHERE customer = ? AND timestamp < ? ORDER BY timestamp DESC, seq DESC LIMIT ? OFFSET ?",
        (customer, before, limit, offset),
    )
    return rows, int(total)


def latest_of_user(state: State, user: sqlite3.Row, limit: int) -> list[sqlite3.Row]:
    """Return a user's events, the latest timestamp first."""
    return state.db.rows(
        "SELECT * FROM events WHERE user = ? ORDER BY timestamp DESC, seq DESC LIMIT ?", (user["pk"], limit)
    )


def stored(state: State, filters: dict[str, Any], limit: int = -1) -> list[dict[str, Any]]:
    """Return stored events in the order of their processing: all, or the last `limit`.

    `filters` are names of `FILTERS`, and the value that each must have.

    Raises:
        ApiValueError: a filter has another name.
    """
    unknown = sorted(set(filters) - set(FILTERS))
    if unknown:
        meant = suggestion(unknown[0], FILTERS)
        hint = f"did you mean {meant}?" if meant else f"use {', '.join(FILTERS)}"
        raise ApiValueError(f"cannot filter events by {unknown[0]!r}; {hint}")
    where = " AND ".join(f"{_COLUMNS.get(name, f'e.{name}')} IS ?" for name in filters) or "1"
    rows = state.db.rows(
        f"SELECT e.*, {_OUTCOME} AS outcome, c.id AS customer_id, w.id AS wallet_id FROM events e"
        " JOIN customers c ON c.pk = e.customer LEFT JOIN wallets w ON w.pk = e.wallet"
        f" WHERE {where} ORDER BY e.seq DESC LIMIT ?",
        [*filters.values(), limit],
    )
    return [_as_dict(row) for row in reversed(rows)]


def billed(state: State, user_id: str | None, customer_id: str | None) -> int:
    """Return the credits that wallets have paid for the events of a user or of all, of a customer or of all."""
    sql = (
        "SELECT total(e.credits) FROM events e JOIN customers c ON c.pk = e.customer"
        " WHERE e.entry IS NOT NULL AND (? IS NULL OR e.user_id = ?) AND (? IS NULL OR c.id = ?)"
    )
    return int(state.db.value(sql, (user_id, user_id, customer_id, customer_id)))


def _as_dict(row: sqlite3.Row) -> dict[str, Any]:
    return {
        "event_id": row["event_id"],
        "idempotency_key": row["event_id"] if row["own_key"] else row["idempotency_key"],
        "batch_id": row["batch_id"],
        "customer_id": row["customer_id"],
        "user_id": row["user_id"],
        "team_id": row["team_id"],
        "event_type": row["event_type"],
        "feature_id": row["feature_id"],
        "provider": row["provider"],
        "model": row["model"],
        "input_tokens": row["input_tokens"],
        "output_tokens": row["output_tokens"],
        "image_count": row["image_count"],
        "unit_type": row["unit_type"],
        "quantity": row["quantity"],
        "timestamp": iso(row["timestamp"]),
        "metadata": metadata_of(row),
        "credits": row["credits"],
        "cost_usd": usd_text(row["cost"]),
        "outcome": row["outcome"],
        "wallet_id": row["wallet_id"],
        "processed_at": iso(row["processed_at"]),
    }


def metadata_of(row: sqlite3.Row) -> dict[str, Any]:
    """Return the metadata of an event."""
    return read_json(row["metadata"]) if row["metadata"] else {}


def in_database_order(value: Any) -> Any:
    """Return a JSON value with its keys in the order of PostgreSQL's ``jsonb``: short names first."""
    whole = [value]
    waiting: list[Any] = [whole]
    while waiting:
        around = waiting.pop()
        for place, item in list(enumerate(around)) if isinstance(around, list) else list(around.items()):
            if isinstance(item, dict):
                item = {key: item[key] for key in sorted(item, key=lambda key: (len(key.encode()), key.encode()))}
            elif isinstance(item, list):
                item = list(item)
            else:
                continue
            around[place] = item
            waiting.append(item)
    return whole[0]
