"""Customers and their API keys."""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

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


def new_key() -> str:
    """Return a random API key in the platform's form."""
    return "om_live_" + secrets.token_hex(32)


def add_customer(state: State, name: str, email: str, tier: str, key: str, customer_id: str | None = None) -> Customer:
    """Store a customer, with the key's hash only.

    Raises:
        EmailTaken: another customer has this address.
    """
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


def customer_by_key(state: State, key: str) -> Customer | None:
    """Return the active customer behind `key`."""
    row = state.db.row("SELECT * FROM customers WHERE key_hash = ? AND status = 'ACTIVE'", (_hash(key),))
    return None if row is None else _customer(row)


def customer_by_id(state: State, customer_id: str) -> Customer | None:
    """Return the customer with this id."""
    row = state.db.row("SELECT * FROM customers WHERE id = ?", (customer_id,))
    return None if row is None else _customer(row)


def customer_by_email(state: State, email: str) -> Customer | None:
    """Return the customer that has registered with this address."""
    row = state.db.row("SELECT * FROM customers WHERE email = ?", (email,))
    return None if row is None else _customer(row)


def rotate_key(state: State, customer: Customer) -> str:
    """Give the customer a new key and return it; the old one stops working at once."""
    key = new_key()
    set_key(state, customer, key)
    return key


def set_key(state: State, customer: Customer, key: str) -> None:
    """Replace the customer's key."""
    with state.db.transaction():
        state.db.execute("UPDATE customers SET key_hash = ? WHERE pk = ?", (_hash(key), customer.pk))


def _customer(row: sqlite3.Row) -> Customer:
    return Customer(row["pk"], row["id"], row["name"], row["email"], row["tier"], row["status"], row["created_at"])


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
