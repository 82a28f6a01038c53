"""A look at an outbox in a database, at all accounts in it, which needs no key and changes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.results import Stats

_CONTENTS = """
SELECT base_url, fingerprint, customer_id, accepted, duplicate, coalesce(queued, 0), coalesce(retrying, 0),
    coalesce(dead, 0), dropped, oldest
FROM openmonetize.accounts
LEFT JOIN (
    SELECT account, count(*) FILTER (WHERE attempts = 0) AS queued, count(*) FILTER (WHERE attempts > 0) AS retrying,
        extract(epoch FROM now() - min(recorded))::double precision AS oldest
    FROM openmonetize.events GROUP BY account
) AS waiting ON waiting.account = accounts.id
LEFT JOIN (
    SELECT account, count(*) AS dead FROM openmonetize.dead_letters GROUP BY account
) AS refused ON refused.account = accounts.id
ORDER BY added
"""
_ACCOUNTS = "SELECT base_url, fingerprint FROM openmonetize.accounts ORDER BY added"
# What was only kept, with `keep` and without `verify`, has no times.
_VERIFIED = """
SELECT EXISTS (SELECT 1 FROM openmonetize.accounts WHERE billed + lost + repaired + unpaid > 0)
    OR EXISTS (SELECT 1 FROM openmonetize.batches WHERE answered IS NOT NULL)
"""


class OutboxContents:
    """Reads what is in an outbox.

    Args:
        connections: of the database.
    """

    def __init__(self, connections: PostgresConnections) -> None:
        self._connections = connections

    def parts(self) -> Iterator[tuple[Account, str | None, Stats, float | None]]:
        """Yield of each account whose it is, where its events are, and for how many seconds the oldest waits."""
        for url, fingerprint, customer_id, *counts, oldest in self._connections.run(_CONTENTS):
            waits = None if oldest is None else max(0.0, oldest)
            yield Account(url, fingerprint), customer_id, Stats(sum(counts), *counts), waits

    def accounts(self) -> list[Account]:
        """Return the accounts."""
        return [Account(*row) for row in self._connections.run(_ACCOUNTS)]

    def is_verified(self) -> bool:
        """Return whether what was accepted is kept, to be looked for."""
        return bool(self._connections.run(_VERIFIED)[0][0])
