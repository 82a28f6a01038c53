"""Usage events: what may be in one, taking them in, and reading them back."""

from __future__ import annotations

import json
import sqlite3
from decimal import Decimal
from typing import Any, Dict, Iterable, List, Optional, Tuple

from openmonetize.sandbox.billing.rollups import skip_days
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.state import State
from openmonetize.sandbox.tables import USD_UNITS
from openmonetize.sandbox.validation import schema
from openmonetize.sandbox.validation.issues import MAX_SAFE_INTEGER

PROVIDERS = ("OPENAI", "ANTHROPIC", "GOOGLE", "COHERE", "MISTRAL")
KNOWN_PROVIDERS = (*PROVIDERS, "STABILITY_AI", "RUNWAY", "REPLICATE", "AMAZON", "BLACK_FOREST_LABS")
"""Those that the platform's database has; events may name only the first five."""

EVENT_TYPES = ("TOKEN_USAGE", "API_CALL", "FEATURE_ACCESS", "IMAGE_GENERATION", "CUSTOM")
FIRST_EVENT_TYPES = EVENT_TYPES[:3]

_MOST = MAX_SAFE_INTEGER
_text = schema.Optionally(schema.Text())
_tokens = schema.Optionally(schema.Number(least=0, whole=True))


def event_fields(customer_id: schema.Node, event_types: Tuple[str, ...]) -> schema.Fields:
    """The declaration of one event."""
    return schema.Fields(
        {
            "event_id": schema.Text(form="uuid"),
            "customer_id": customer_id,
            "user_id": _text,
            "team_id": _text,
            "event_type": schema.OneOf(*event_types),
            "feature_id": schema.Text(),
            "provider": schema.Optionally(schema.OneOf(*PROVIDERS)),
            "model": _text,
            "input_tokens": _tokens,
            "output_tokens": _tokens,
            "image_count": schema.Optionally(schema.Number(above=0, whole=True)),
            "image_size": _text,
            "quality": _text,
            "unit_type": _text,
            "quantity": schema.Optionally(schema.Number(above=0)),
            "timestamp": schema.Timestamp(),
            "metadata": schema.Optionally(schema.Record()),
            "idempotency_key": _text,
        }
    )


def batch_of(event: schema.Node) -> schema.Fields:
    return schema.Fields({"events": schema.Items(event, least=1, most=1000)})


BATCH = batch_of(event_fields(_text, EVENT_TYPES))
"""What the present gateway takes."""

SEED_BATCH = batch_of(event_fields(schema.Text(), EVENT_TYPES))
"""What the seed era's contract says."""

SEED_BATCH_AS_SHIPPED = batch_of(event_fields(schema.Text(), FIRST_EVENT_TYPES))
"""What the seed era's servers really took."""


def has_unstorable_text(value: Any) -> bool:
    """Whether a NUL character or a lone surrogate is anywhere in a JSON value: no database takes these."""
    if isinstance(value, str):
        if value.isascii():
            return "\x00" in value
        return "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value)
    if isinstance(value, dict):
        return any(has_unstorable_text(key) or has_unstorable_text(item) for key, item in value.items())
    if isinstance(value, list):
        return any(has_unstorable_text(item) for item in value)
    return False


def page(state: State, customer: int, limit: int, offset: int) -> Tuple[List[sqlite3.Row], int]:
    """Stored events, the latest timestamp first, and how many there are."""
    total = state.db.value("SELECT events FROM customers WHERE pk = ?", (customer,))
    before, offset = skip_days(state, customer, offset)
    rows = state.db.rows(
        "SELECT * FROM events WHERE customer = ? AND timestamp < ? ORDER BY timestamp DESC, seq DESC LIMIT ? OFFSET ?",
        (customer, before, limit, offset),
    )
    return rows, int(total)


def latest_of_user(state: State, user: sqlite3.Row, limit: int) -> List[sqlite3.Row]:
    return state.db.rows(
        "SELECT * FROM events WHERE user = ? ORDER BY timestamp DESC, seq DESC LIMIT ?", (user["pk"], limit)
    )


def usd(units: Any) -> Decimal:
    """Stored cost units as US dollars with ten decimals."""
    return (Decimal(units) / USD_UNITS).quantize(Decimal("1e-10"))


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


def stored(state: State, filters: Dict[str, Any], limit: int = -1) -> List[Dict[str, Any]]:
    """Stored events in the order of their processing, for tests: all, or the last `limit`.

    `filters` are names of `FILTERS` and the value that each must have.
    """
    unknown = sorted(set(filters) - set(FILTERS))
    if unknown:
        raise ValueError(f"cannot filter events by {unknown[0]!r}; use {', '.join(FILTERS)}")
    where = " AND ".join(f"{_COLUMNS.get(name, f'e.{name}')} IS ?" for name in filters) or "1"
    rows = state.db.rows(
        f"SELECT e.*, {_OUTCOME} AS outcome, c.id AS customer_id, w.id AS wallet_id FROM events e"
        " JOIN customers c ON c.pk = e.customer LEFT JOIN wallets w ON w.pk = e.wallet"
        f" WHERE {where} ORDER BY e.seq DESC LIMIT ?",
        [*filters.values(), limit],
    )
    return [_as_dict(row) for row in reversed(rows)]


def billed(state: State, user_id: Optional[str], customer_id: Optional[str]) -> int:
    """Credits that wallets have paid for the events of a user or all, of a customer or all."""
    sql = (
        "SELECT total(e.credits) FROM events e JOIN customers c ON c.pk = e.customer"
        " WHERE e.entry IS NOT NULL AND (? IS NULL OR e.user_id = ?) AND (? IS NULL OR c.id = ?)"
    )
    return int(state.db.value(sql, (user_id, user_id, customer_id, customer_id)))


def _as_dict(row: sqlite3.Row) -> Dict[str, Any]:
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
        "cost_usd": str(usd(row["cost"])),
        "outcome": row["outcome"],
        "wallet_id": row["wallet_id"],
        "processed_at": iso(row["processed_at"]),
    }


def metadata_of(row: sqlite3.Row) -> Dict[str, Any]:
    return json.loads(row["metadata"]) if row["metadata"] else {}


def in_database_order(value: Any) -> Any:
    """A JSON value with its keys as the platform's database returns them: short names first."""
    if isinstance(value, dict):
        keys: Iterable[str] = sorted(value, key=lambda key: (len(key.encode()), key.encode()))
        return {key: in_database_order(value[key]) for key in keys}
    if isinstance(value, list):
        return [in_database_order(item) for item in value]
    return value
