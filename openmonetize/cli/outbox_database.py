"""A look into an outbox in a PostgreSQL database."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from openmonetize._http.redaction import Secret
from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.cli.outbox_reader import AccountPart, Outbox
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.postgres.contents import OutboxContents
from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox
from openmonetize.metering.errors import OutboxError
from openmonetize.metering.results import DeadLetter

_TIMEOUT = 30.0  # seconds for counting millions of events


class DatabaseReader:
    """Reads an outbox in a database; see `OutboxReader`.

    Args:
        url: the database.

    Raises:
        ApiValueError: the URL cannot be used.
        MissingExtraError: psycopg is not installed.
        OutboxError: the database cannot be used, or has no tables of this version.
    """

    def __init__(self, url: Secret) -> None:
        self._contents = OutboxContents(PostgresConnections(url, "outbox", OutboxError, timeout=_TIMEOUT))
        self._outbox = PostgresOutbox(url)
        self._outbox.open()
        self.path = self._outbox.path

    def contents(self) -> Outbox:
        """Return what is in it."""
        return Outbox(self.path, [AccountPart(*part) for part in self._contents.parts()], None, None)

    def dead_letters(self, accounts: Collection[Account] | None = None) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        self._serve(accounts)
        return self._outbox.dead_letters()

    def kept(self, accounts: Collection[Account] | None = None) -> Iterator[bytes]:
        """Yield the delivered events that are kept."""
        self._serve(accounts)
        return self._outbox.kept()

    def is_verified(self) -> bool:
        """Return whether what was accepted is kept, to be looked for."""
        return self._contents.is_verified()

    def _serve(self, accounts: Collection[Account] | None) -> None:
        self._outbox.serve(self._contents.accounts() if accounts is None else accounts)
