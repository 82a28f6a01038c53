"""The accounts of the events in an outbox file, which may have been used with several keys and servers.

An account is a key (as a digest) at a base URL. Events belong to the account they were recorded under. A
key delivers its own events, and those of other keys at the same base URL known to be the same customer's.
"""

from __future__ import annotations

import sqlite3

from openmonetize.metering.errors import MeteringError
from openmonetize.metering.results import OtherAccount

_THIS = "base_url = ? AND fingerprint = ?"


def register(connection: sqlite3.Connection, base_url: str, fingerprint: str) -> int:
    """Return the account's id; enter a new account."""
    this = (base_url, fingerprint)
    found = connection.execute(f"SELECT id FROM account WHERE {_THIS}", this).fetchone()
    if found is None:
        connection.execute("INSERT OR IGNORE INTO account(base_url, fingerprint) VALUES (?, ?)", this)
        found = connection.execute(f"SELECT id FROM account WHERE {_THIS}", this).fetchone()
    return int(found[0])


def mine(connection: sqlite3.Connection, base_url: str, fingerprint: str) -> str:
    """Return the ids of the accounts whose events this key delivers, as an SQL list."""
    rows = connection.execute(
        f"SELECT id FROM account WHERE {_THIS} OR base_url = ? AND customer_id = "
        f"(SELECT customer_id FROM account WHERE {_THIS})",
        (base_url, fingerprint, base_url, base_url, fingerprint),
    )
    return ",".join(str(row[0]) for row in rows) or "0"


def customer(connection: sqlite3.Connection, base_url: str, fingerprint: str) -> str | None:
    """Return the account's customer, if known."""
    this = (base_url, fingerprint)
    row = connection.execute(f"SELECT customer_id FROM account WHERE {_THIS}", this).fetchone()
    return None if row is None else row[0]


def identify(connection: sqlite3.Connection, base_url: str, fingerprint: str, customer_id: str) -> None:
    """Remember which customer a key belongs to."""
    connection.execute(f"UPDATE account SET customer_id = ? WHERE {_THIS}", (customer_id, base_url, fingerprint))


def count(
    connection: sqlite3.Connection,
    base_url: str,
    fingerprint: str,
    accepted: int = 0,
    duplicate: int = 0,
    dropped: int = 0,
) -> None:
    """Add to the account's counters."""
    connection.execute(
        f"UPDATE account SET accepted = accepted + ?, duplicate = duplicate + ?, dropped = dropped + ? WHERE {_THIS}",
        (accepted, duplicate, dropped, base_url, fingerprint),
    )


def others(connection: sqlite3.Connection, own: str) -> list[OtherAccount]:
    """Return the other accounts that have events in the file."""
    rows = connection.execute(
        "SELECT base_url, fingerprint, customer_id, "
        "(SELECT count(*) FROM event WHERE account = account.id)"
        " + (SELECT count(*) FROM dead WHERE account = account.id) AS events "
        f"FROM account WHERE id NOT IN ({own}) ORDER BY id"
    )
    return [OtherAccount(*row) for row in rows if row[3]]


def adopt(connection: sqlite3.Connection, account: OtherAccount, base_url: str, fingerprint: str) -> int:
    """Move another account's events and dead letters to this one. Return how many.

    Raises:
        MeteringError: they are known to be another customer's.
    """
    theirs = customer(connection, account.base_url, account.fingerprint)
    if theirs is not None and account.base_url == base_url and theirs != customer(connection, base_url, fingerprint):
        raise MeteringError(
            f"the platform says that these events are of customer {theirs!r}: this customer is never billed for them. "
            "If this key is of the same customer, it takes them over by itself as soon as the platform has said so"
        )
    source = register(connection, account.base_url, account.fingerprint)
    target = register(connection, base_url, fingerprint)
    return sum(
        connection.execute(f"UPDATE {table} SET account = ? WHERE account = ?", (target, source)).rowcount
        for table in ("event", "dead")
    )
