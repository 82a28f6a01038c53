"""The accounts of an outbox: their numbers, and whose they are."""

from __future__ import annotations

import hashlib
from collections.abc import Collection

from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.buffers.base import Account

_ADD = "INSERT INTO openmonetize.accounts (id, base_url, fingerprint) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
_NOTE = "UPDATE openmonetize.accounts SET customer_id = %s WHERE id = %s AND customer_id IS DISTINCT FROM %s"
_CUSTOMERS = "SELECT base_url, fingerprint, customer_id FROM openmonetize.accounts WHERE customer_id IS NOT NULL"


class AccountTable:
    """Gives accounts their numbers.

    A number is derived from the account, and not counted: if a replica without the last commits takes the place of its
    server, numbers that processes know would be given to other accounts.

    Args:
        connections: of the database.
    """

    def __init__(self, connections: PostgresConnections) -> None:
        self._connections = connections
        self._numbers: dict[Account, int] = {}
        self._added: dict[Account, int] = {}  # those that the table has
        self._losses = 0

    def number(self, account: Account) -> int:
        """Return an account's number, and make sure that the table has the account."""
        if self._losses != self._connections.losses:  # it may be another server now
            self._losses = self._connections.losses
            self._added = {}
        number = self._added.get(account)
        if number is None:
            number = self._number(account)
            self._connections.run(_ADD, (number, *account))
            self._added[account] = number
        return number

    def _number(self, account: Account) -> int:
        number = self._numbers.get(account)
        if number is None:
            digest = hashlib.sha256("\n".join(account).encode()).digest()
            number = self._numbers[account] = int.from_bytes(digest[:8], "big") >> 1
        return number

    def numbered(self, accounts: Collection[Account]) -> dict[int, Account]:
        """Return accounts by their numbers."""
        return {self._number(account): account for account in accounts}

    def numbers(self, accounts: Collection[Account]) -> list[int]:
        """Return the numbers of accounts."""
        return list(self.numbered(accounts))

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Note whose an account is."""
        self._connections.run(_NOTE, (customer_id, self.number(account), customer_id))

    def customers(self) -> dict[Account, str]:
        """Return whose the accounts are, as far as it was noted."""
        return {Account(url, digest): its for url, digest, its in self._connections.run(_CUSTOMERS)}
