"""Moving the rows of a deleted file, which exists for its open connections only, into another file."""

from __future__ import annotations

import sqlite3

from openmonetize.metering.buffers import outbox_accounts as accounts
from openmonetize.metering.buffers.outbox_file import transaction

_ROWS = {"event": "wire, attempts", "dead": "wire, status, reason, at"}


def move(old: sqlite3.Connection, new: sqlite3.Connection) -> int:
    """Move accounts with their counts, events and dead letters. Leases are not moved: they end.

    Of several processes with connections to the old file the first one moves everything, the others find nothing.

    Returns:
        How many events were moved, dead letters included.
    """
    moved = 0
    with transaction(old), transaction(new):  # ends in the new file first: events in both are billed once
        numbers = {}
        counted = old.execute(
            "SELECT id, base_url, fingerprint, customer_id, accepted, duplicate, dropped FROM account"
        ).fetchall()
        for number, base_url, fingerprint, customer_id, *counts in counted:
            numbers[number] = accounts.register(new, base_url, fingerprint)
            accounts.count(new, base_url, fingerprint, *counts)
            if customer_id is not None:
                accounts.identify(new, base_url, fingerprint, customer_id)
        old.execute("UPDATE account SET accepted = 0, duplicate = 0, dropped = 0")
        for table, columns in _ROWS.items():
            rows = old.execute(f"SELECT account, {columns} FROM {table} ORDER BY id")
            places = ", ".join("?" * (1 + len(columns.split(", "))))
            moved += new.executemany(
                f"INSERT INTO {table}(account, {columns}) VALUES ({places})",
                ((numbers[account], *row) for account, *row in rows),
            ).rowcount
            old.execute(f"DELETE FROM {table}")
    return moved
