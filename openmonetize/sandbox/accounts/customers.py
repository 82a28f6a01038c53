"""Customers and their users."""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from openmonetize.sandbox import defects
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.state import State, new_id


@dataclass(frozen=True)
class Customer:
    """The customer behind a key."""

    pk: int
    id: str
    name: str
    email: str
    tier: str
    status: str
    created_at: int


class EmailTaken(Exception):
    """Another customer has registered with this address."""


class UserClash(Exception):
    """The platform cannot tie this user id to a user of the customer."""


def new_key() -> str:
    return "om_live_" + secrets.token_hex(32)


def add_customer(
    state: State, name: str, email: str, tier: str, key: str, customer_id: Optional[str] = None
) -> Customer:
    """Store a customer. Only the key's hash is kept."""
    now = state.clock.now()
    new = (customer_id or new_id(), name, email, tier, "ACTIVE", _hash(key), now)
    try:
        with state.db.transaction():
            cursor = state.db.execute(
                "INSERT INTO customers (id, name, email, tier, status, key_hash, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                new,
            )
    except sqlite3.IntegrityError:
        raise EmailTaken from None
    return Customer(int(cursor.lastrowid or 0), new[0], name, email, tier, "ACTIVE", now)


def customer_by_key(state: State, key: str) -> Optional[Customer]:
    """The active customer behind `key`."""
    row = state.db.row("SELECT * FROM customers WHERE key_hash = ? AND status = 'ACTIVE'", (_hash(key),))
    return None if row is None else _customer(row)


def customer_by_id(state: State, customer_id: str) -> Optional[Customer]:
    row = state.db.row("SELECT * FROM customers WHERE id = ?", (customer_id,))
    return None if row is None else _customer(row)


def customer_by_email(state: State, email: str) -> Optional[Customer]:
    row = state.db.row("SELECT * FROM customers WHERE email = ?", (email,))
    return None if row is None else _customer(row)


def rotate_key(state: State, customer: Customer) -> str:
    """Give the customer a new key; the old one is dead at once."""
    key = new_key()
    set_key(state, customer, key)
    return key


def set_key(state: State, customer: Customer, key: str) -> None:
    with state.db.transaction():
        state.db.execute("UPDATE customers SET key_hash = ? WHERE pk = ?", (_hash(key), customer.pk))


def _customer(row: sqlite3.Row) -> Customer:
    return Customer(row["pk"], row["id"], row["name"], row["email"], row["tier"], row["status"], row["created_at"])


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def find_user(state: State, customer: int, user_id: str) -> Optional[sqlite3.Row]:
    """The user that `user_id` means in events and grants: by external id, or else by the platform's own id."""
    return state.db.row(
        "SELECT * FROM users WHERE customer = ? AND external_id = ?", (customer, user_id)
    ) or state.db.row("SELECT * FROM users WHERE customer = ? AND id = ?", (customer, user_id))


def claim_user(state: State, customer: int, user_id: str) -> sqlite3.Row:
    """The user for an event or a grant, created if there is none.

    Raises:
        UserClash: the present servers could not store it (only with the defects of that name).
    """
    if state.has(defects.USER_ID_CLASH):
        taken = state.db.row(
            "SELECT 1 FROM users WHERE (customer = ? AND external_id = ? AND id != external_id)"
            " OR (id = ? AND NOT (customer = ? AND external_id = ?))",
            (customer, user_id, user_id, customer, user_id),
        )
        if taken is not None:
            raise UserClash(f"user id {user_id!r} is taken")
    found = find_user(state, customer, user_id)
    if found is None:
        if state.seed_era and state.has(defects.SEED_UNKNOWN_USER):
            raise UserClash(f"user {user_id!r} does not exist")
        add_user(state, customer, user_id, user_id, None, None)
        found = find_user(state, customer, user_id)
        assert found is not None
    return found


def add_user(
    state: State,
    customer: int,
    user_id: str,
    external_id: str,
    email: Optional[str],
    metadata: Optional[Dict[str, Any]],
) -> sqlite3.Row:
    """Store a user. Raises sqlite3.IntegrityError if the external id is taken within the customer."""
    now = state.clock.now()
    with state.db.transaction():
        state.db.execute(
            "INSERT INTO users (customer, id, external_id, email, metadata, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                customer,
                user_id,
                external_id,
                email,
                None if metadata is None else json.dumps(metadata),
                now,
                now,
            ),
        )
        row = state.db.row("SELECT * FROM users WHERE customer = ? AND external_id = ?", (customer, external_id))
        assert row is not None
        return row


def list_users(
    state: State, customer: int, limit: int, offset: int, search: Optional[str]
) -> Tuple[List[sqlite3.Row], int]:
    """Newest first, with the balance of each user's wallet, and how many there are."""
    where = "u.customer = ?"
    parameters: List[Any] = [customer]
    if search:
        where += " AND (instr(lower(u.external_id), lower(?)) OR instr(lower(coalesce(u.email, '')), lower(?)))"
        parameters += [search, search]
    total = state.db.value(f"SELECT count(*) FROM users u WHERE {where}", parameters)
    rows = state.db.rows(
        "SELECT u.*, coalesce(w.balance, 0) AS balance FROM users u"
        " LEFT JOIN wallets w ON w.customer = u.customer AND w.user_id = u.id AND w.team_id = ''"
        f" WHERE {where} ORDER BY u.created_at DESC, u.pk DESC LIMIT ? OFFSET ?",
        [*parameters, limit, offset],
    )
    return rows, int(total)


def user_fields(row: sqlite3.Row) -> Dict[str, Any]:
    """The part of a user that every answer about users has."""
    return {
        "id": row["id"],
        "externalUserId": row["external_id"],
        "email": row["email"],
        "metadata": None if row["metadata"] is None else json.loads(row["metadata"]),
        "createdAt": iso(row["created_at"]),
    }
