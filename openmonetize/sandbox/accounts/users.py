"""Users of customers. Events and grants name them by external id."""

from __future__ import annotations

import sqlite3
from typing import Any

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import SEED_UNKNOWN_USER, USER_ID_CLASH
from openmonetize.sandbox.json_text import read_json, write_json
from openmonetize.sandbox.state import State


class UserClash(Exception):
    """The present servers cannot attach this user id to a user of the customer."""


def find_user(state: State, customer: int, user_id: str) -> sqlite3.Row | None:
    """Return the user that `user_id` means in events and grants: by external id, or else by the platform's own id."""
    return state.db.row(
        "SELECT * FROM users WHERE customer = ? AND external_id = ?", (customer, user_id)
    ) or state.db.row("SELECT * FROM users WHERE customer = ? AND id = ?", (customer, user_id))


def find_or_add_user(state: State, customer: int, user_id: str) -> sqlite3.Row:
    """Return the user of an event or a grant, created if there is none.

    Raises:
        UserClash: the present servers could not store it (only with the defects that say so).
    """
    if state.has(USER_ID_CLASH):
        taken = state.db.row(
            "SELECT 1 FROM users WHERE (customer = ? AND external_id = ? AND id != external_id)"
            " OR (id = ? AND NOT (customer = ? AND external_id = ?))",
            (customer, user_id, user_id, customer, user_id),
        )
        if taken is not None:
            raise UserClash(f"user id {user_id!r} is taken")
    user = find_user(state, customer, user_id)
    if user is None:
        if state.seed_era and state.has(SEED_UNKNOWN_USER):
            raise UserClash(f"user {user_id!r} does not exist")
        user = add_user(state, customer, user_id, user_id, None, None)
    return user


def add_user(
    state: State,
    customer: int,
    user_id: str,
    external_id: str,
    email: str | None,
    metadata: dict[str, Any] | None,
) -> sqlite3.Row:
    """Store a user.

    Raises:
        sqlite3.IntegrityError: the customer has a user with this external id.
    """
    now = state.clock.now()
    with state.db.transaction():
        state.db.execute(
            "INSERT INTO users (customer, id, external_id, email, metadata, created_at, updated_at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (customer, user_id, external_id, email, None if metadata is None else write_json(metadata), now, now),
        )
        row = state.db.row("SELECT * FROM users WHERE customer = ? AND external_id = ?", (customer, external_id))
        assert row is not None
        return row


def list_users(
    state: State, customer: int, limit: int, offset: int, search: str | None
) -> tuple[list[sqlite3.Row], int]:
    """Return a page of users, the newest first, each with the balance of its wallet, and how many there are."""
    where = "u.customer = ?"
    parameters: list[Any] = [customer]
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


def user_fields(row: sqlite3.Row) -> dict[str, Any]:
    """Return the fields of a user that every response about users has."""
    return {
        "id": row["id"],
        "externalUserId": row["external_id"],
        "email": row["email"],
        "metadata": None if row["metadata"] is None else read_json(row["metadata"]),
        "createdAt": iso(row["created_at"]),
    }
