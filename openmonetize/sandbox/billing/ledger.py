"""Wallets and what goes in and out of them. There is no pooling: each wallet stands for itself."""

from __future__ import annotations

import json
import sqlite3
import uuid
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from openmonetize.sandbox.billing.rollups import pieces
from openmonetize.sandbox.clock import HOUR, iso
from openmonetize.sandbox.database import MAX_INTEGER
from openmonetize.sandbox.state import State, new_id

# A burn has no id of its own: it is derived from the event's.
_BURN_IDS = uuid.UUID("5e0b6a52-94d1-4d8e-8a6f-0f3f5d6a9c11")


class Entry(NamedTuple):
    """A stored credit transaction."""

    id: str
    wallet_id: str
    amount: int
    balance: int
    customer: int


class TooManyCredits(Exception):
    """The balance would not fit."""


def find_wallet(state: State, customer: int, user_id: str = "", team_id: str = "") -> Optional[sqlite3.Row]:
    """The wallet of a user, of a team or, without both, of the customer."""
    return state.db.row(
        "SELECT * FROM wallets WHERE customer = ? AND user_id = ? AND team_id = ?",
        (customer, user_id, team_id),
    )


def open_wallet(
    state: State, customer: int, user_id: str = "", team_id: str = "", expires_at: Optional[int] = None
) -> sqlite3.Row:
    """The wallet, created if there is none. An expiry given replaces that of the whole wallet."""
    with state.db.transaction():
        state.db.execute(
            "INSERT INTO wallets (id, customer, user_id, team_id, created_at) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (new_id(), customer, user_id, team_id, state.clock.now()),
        )
        if expires_at is not None:
            state.db.execute(
                "UPDATE wallets SET expires_at = ? WHERE customer = ? AND user_id = ? AND team_id = ?",
                (expires_at, customer, user_id, team_id),
            )
        wallet = find_wallet(state, customer, user_id, team_id)
        assert wallet is not None
        return wallet


def add_credits(
    state: State,
    wallet: sqlite3.Row,
    kind: str,
    amount: int,
    description: str,
    metadata: Dict[str, Any],
    key: Optional[str] = None,
    unread: int = 0,
) -> Entry:
    """Raise a wallet's balance and write it down.

    `key` makes a grant repeatable. `unread` are credits that this grant overwrites, see `races`.
    """
    balance = wallet["balance"] - unread + amount
    if balance > MAX_INTEGER:
        raise TooManyCredits
    entry = Entry(new_id(), wallet["id"], amount, balance, wallet["customer"])
    now = state.clock.now()
    with state.db.transaction():
        state.db.execute("UPDATE wallets SET balance = ?, entries = entries + 1 WHERE pk = ?", (balance, wallet["pk"]))
        state.db.execute(
            "INSERT INTO deposits (wallet, entry, id, kind, amount, balance, description, metadata, created_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                wallet["pk"],
                wallet["entries"] + 1,
                entry.id,
                kind,
                amount,
                balance,
                description,
                json.dumps(metadata),
                now,
            ),
        )
        if key:
            state.db.execute(
                "INSERT INTO grant_keys (key, customer, wallet_id, transaction_id, amount, balance)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (key, wallet["customer"], entry.wallet_id, entry.id, amount, balance),
            )
    return entry


def find_grant(state: State, key: str) -> Optional[Entry]:
    """The grant that was made with an idempotency key, of whichever customer."""
    row = state.db.row("SELECT * FROM grant_keys WHERE key = ?", (key,))
    if row is None:
        return None
    return Entry(row["transaction_id"], row["wallet_id"], row["amount"], row["balance"], row["customer"])


# The page is found in the indexes alone, however far back it is; only then its rows are read.
_TRANSACTIONS = """
SELECT d.id, e.event_id, coalesce(d.kind, 'BURN') AS kind, coalesce(d.amount, -e.credits) AS amount,
    coalesce(d.balance, e.balance) AS balance, coalesce(d.description, 'AI usage credit burn') AS description,
    page.created_at
FROM (
    SELECT created_at, entry, id, NULL AS seq FROM deposits WHERE wallet = ?
    UNION ALL
    SELECT processed_at, entry, NULL, seq FROM events WHERE wallet = ? AND entry IS NOT NULL
    ORDER BY created_at DESC, entry DESC LIMIT ? OFFSET ?
) page
LEFT JOIN deposits d ON d.id = page.id LEFT JOIN events e ON e.seq = page.seq
ORDER BY page.created_at DESC, page.entry DESC
"""


def transactions(state: State, wallet: sqlite3.Row, limit: int, offset: int) -> Tuple[List[Dict[str, Any]], int]:
    """Newest first, and how many there are."""
    rows = state.db.rows(_TRANSACTIONS, (wallet["pk"], wallet["pk"], limit, offset))
    data = [
        {
            "id": row["id"] or str(uuid.uuid5(_BURN_IDS, row["event_id"])),
            "transactionType": row["kind"],
            "amount": row["amount"],
            "balanceBefore": row["balance"] - row["amount"],
            "balanceAfter": row["balance"],
            "description": row["description"],
            "createdAt": iso(row["created_at"]),
        }
        for row in rows
    ]
    return data, wallet["entries"]


def burned_since(state: State, wallet: int, start: int) -> int:
    """Credits burned from a wallet since `start`: whole hours from their sums, this one too, as it ends now."""
    total, now = 0, state.clock.now()
    for span, first, last in pieces(start, now - now % HOUR + HOUR - 1, (HOUR,)):
        if span:
            sql = "SELECT total(credits) FROM burns WHERE wallet = ? AND hour BETWEEN ? AND ?"
        else:
            sql = (
                "SELECT total(credits) FROM events"
                " WHERE wallet = ? AND processed_at BETWEEN ? AND ? AND entry IS NOT NULL"
            )
        total += int(state.db.value(sql, (wallet, first, last)))
    return total
