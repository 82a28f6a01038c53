"""Wallets and their transactions. There is no pooling: wallets do not pay for each other."""

from __future__ import annotations

import sqlite3
import uuid
from typing import Any, NamedTuple

from openmonetize.sandbox.billing.rollups import pieces
from openmonetize.sandbox.clock import HOUR, iso
from openmonetize.sandbox.database import MAX_INTEGER
from openmonetize.sandbox.json_text import write_json
from openmonetize.sandbox.state import State, new_id

# The namespace of the ids of burns: a burn has no id of its own, so it is derived from its event's.
_BURN_NAMESPACE = uuid.UUID("5e0b6a52-94d1-4d8e-8a6f-0f3f5d6a9c11")


class Entry(NamedTuple):
    """A stored credit transaction."""

    id: str
    wallet_id: str
    amount: int
    balance: int
    customer: int


class TooManyCredits(Exception):
    """The balance would not fit its column."""


def find_wallet(state: State, customer: int, user_id: str = "", team_id: str = "") -> sqlite3.Row | None:
    """Return the wallet of a user, of a team or, without both, of the customer."""
    return state.db.row(
        "SELECT * FROM wallets WHERE customer = ? AND user_id = ? AND team_id = ?",
        (customer, user_id, team_id),
    )


def open_wallet(
    state: State, customer: int, user_id: str = "", team_id: str = "", expires_at: int | None = None
) -> sqlite3.Row:
    """Return the wallet, created if there is none. An expiry, if given, replaces that of the whole wallet."""
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
    metadata: dict[str, Any],
    key: str | None = None,
    unread: int = 0,
) -> Entry:
    """Add credits to a wallet.

    Args:
        state: the sandbox.
        wallet: the wallet's row.
        kind: ``"GRANT"`` or ``"PURCHASE"``.
        amount: whole credits.
        description: the text of the transaction.
        metadata: of the transaction.
        key: the idempotency key of a grant.
        unread: credits of other grants that this one overwrites, see `grant_races`.

    Raises:
        TooManyCredits: the balance would not fit 64 bits.
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
                write_json(metadata),
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


def find_grant(state: State, key: str) -> Entry | None:
    """Return the grant that was made with an idempotency key, whichever customer made it."""
    row = state.db.row("SELECT * FROM grant_keys WHERE key = ?", (key,))
    if row is None:
        return None
    return Entry(row["transaction_id"], row["wallet_id"], row["amount"], row["balance"], row["customer"])


# The page is found in the indexes alone, however far back it is; only its own rows are read.
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


def transactions(state: State, wallet: sqlite3.Row, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """Return a page of a wallet's transactions, the newest first, and how many there are."""
    rows = state.db.rows(_TRANSACTIONS, (wallet["pk"], wallet["pk"], limit, offset))
    data = [
        {
            "id": row["id"] or str(uuid.uuid5(_BURN_NAMESPACE, row["event_id"])),
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
    """Return the credits burned from a wallet since `start`.

    Whole hours come from their sums; so does the current one, since nothing in it is later than now.
    """
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
