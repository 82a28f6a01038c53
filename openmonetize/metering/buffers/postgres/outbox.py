"""The buffer in a PostgreSQL database: an event is there from the moment `put` returns, or its caller commits."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from itertools import count
from typing import Any, NamedTuple

from openmonetize._http.redaction import Secret
from openmonetize._stores.postgres import PostgresDocuments
from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.buffers.base import Account, Batch, count_fitting
from openmonetize.metering.buffers.postgres.account_table import AccountTable
from openmonetize.metering.buffers.postgres.callers_transaction import execute
from openmonetize.metering.buffers.postgres.lease import Lease, Leases
from openmonetize.metering.buffers.postgres.ledger import PostgresLedger
from openmonetize.metering.buffers.postgres.schema import require_tables
from openmonetize.metering.errors import OutboxError
from openmonetize.metering.pace import LocalPace, PaceStore
from openmonetize.metering.results import DeadLetter, OtherAccount, Stats, unknown_stats
from openmonetize.metering.shared_pace import SharedPace

# Seconds for which a sender has events to itself. No request takes so long; if the sender was killed, or stands still,
# another one sends them then.
LEASE_SECONDS = 120.0
TIMEOUT = 5.0  # seconds that a statement may take for which a caller waits
# Seconds for counting millions of events, and for the sender's statements: what a lease has taken whose answer was not
# waited for, nobody sends before it ends.
_LONG_TIMEOUT = 30.0
POLL_INTERVAL = 1.0  # seconds after which a sender looks again for events that others have committed
MAX_BYTES = 10 * 1024**3  # of the events' table
_CHECK_INTERVAL = 10.0  # seconds after which the table's size and what is kept are looked at again

_INSERT = "INSERT INTO openmonetize.events (account, wire) VALUES (%s, %s)"
_LEASE = """
WITH picked AS (
    SELECT account, id FROM openmonetize.events
    WHERE account = %s AND id >= %s AND (due IS NULL OR due <= now()) ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED
)
UPDATE openmonetize.events AS one
SET due = now() + %s * interval '1 second', leased = true, attempts = least(one.attempts + 1, 30000)
FROM picked WHERE one.account = picked.account AND one.id = picked.id
RETURNING one.id, one.wire, one.attempts, one.due
"""
_STATS = """
SELECT coalesce(sum(accepted), 0)::bigint, coalesce(sum(duplicate), 0)::bigint, coalesce(sum(dropped), 0)::bigint,
    (SELECT count(*) FROM openmonetize.dead_letters WHERE account = ANY(%(accounts)s)),
    (SELECT array[count(*) FILTER (WHERE attempts = 0), count(*) FILTER (WHERE attempts > 0)]
        FROM openmonetize.events WHERE account = ANY(%(accounts)s))
FROM openmonetize.accounts WHERE id = ANY(%(accounts)s)
"""
# In the order of the index: else PostgreSQL may read the table, in which the first event of an account can be the last.
_ANY = "SELECT 1 FROM openmonetize.events WHERE account = %s ORDER BY id LIMIT 1"
_LAST = "SELECT max(id) FROM openmonetize.events WHERE account = %s"
# What another process has leased is about to be delivered.
_WAITS = """
SELECT id FROM openmonetize.events
WHERE account = %s AND id >= %s AND id <= %s AND (NOT leased OR due <= now()) ORDER BY id LIMIT 1
"""
_PRESENT = "SELECT id FROM openmonetize.events WHERE account = %s AND id = ANY(%s)"
_DEAD = "SELECT wire, status, reason, at FROM openmonetize.dead_letters WHERE account = ANY(%s) ORDER BY id"
_REPLAY = """
WITH gone AS (DELETE FROM openmonetize.dead_letters WHERE account = ANY(%s) RETURNING account, wire)
INSERT INTO openmonetize.events (account, wire) SELECT account, wire FROM gone RETURNING 1
"""
_DISCARD = """
WITH gone AS (DELETE FROM openmonetize.dead_letters WHERE account = ANY(%s) RETURNING account),
counts AS (SELECT account, count(*) AS events FROM gone GROUP BY account)
UPDATE openmonetize.accounts SET dropped = dropped + events FROM counts WHERE id = account RETURNING events
"""
_OTHERS = """
SELECT base_url, fingerprint, customer_id, (SELECT count(*) FROM openmonetize.events WHERE account = accounts.id)
    + (SELECT count(*) FROM openmonetize.dead_letters WHERE account = accounts.id)
FROM openmonetize.accounts ORDER BY added
"""
# What is leased stays where it is until it has its outcome.
_ADOPT = """
WITH waiting AS (
    UPDATE openmonetize.events SET account = %(to)s
    WHERE account = %(from)s AND NOT (leased AND due > now()) RETURNING 1
), refused AS (UPDATE openmonetize.dead_letters SET account = %(to)s WHERE account = %(from)s RETURNING 1)
SELECT (SELECT count(*) FROM waiting) + (SELECT count(*) FROM refused)
"""
_SIZE = "SELECT pg_table_size('openmonetize.events')"
_HELD = "SELECT coalesce(sum(octet_length(wire)), 0) FROM openmonetize.events"


class _Mark(NamedTuple):
    """A point in the order of an account's events: its last one, and those before it that this process has put."""

    number: int
    last: int
    own: list[int]


class PostgresOutbox:
    """A buffer in a database, which any number of processes on any number of hosts share.

    Every method is one statement, which is committed as a whole or not at all, with the server's clock.

    Args:
        url: the database.
        max_bytes: bound on the events' table.
        keep_seconds: how long delivered events are kept.
        verify: they are kept in the ledger.
        deliver: lease events; otherwise others do, and no privilege is needed but to insert.

    Attributes:
        path: the database as it may be shown.
        ledger: keeps accepted events.
        poll_interval: seconds after which a sender looks again for events of other processes.
        retry_interval: seconds for which no caller waits for it after a failure.
        many_customers: whether other customers' events are nothing to tell of.

    Raises:
        MissingExtraError: psycopg is not installed.
        ApiValueError: the URL cannot be used.
    """

    poll_interval = POLL_INTERVAL
    retry_interval: float | None = 10.0  # a caller who tries may wait for as long as `TIMEOUT`
    many_customers = True

    def __init__(
        self,
        url: Secret,
        *,
        max_bytes: int | None = None,
        keep_seconds: float = 0.0,
        verify: bool = False,
        deliver: bool = True,
    ) -> None:
        self._connections = PostgresConnections(url, "outbox", OutboxError, timeout=TIMEOUT)
        self._patient = PostgresConnections(url, "outbox", OutboxError, timeout=_LONG_TIMEOUT)
        self._documents = PostgresDocuments(url, "pace")
        self.path = self._connections.place
        self._accounts = AccountTable(self._connections)
        self._max_bytes = max_bytes or MAX_BYTES
        self._delivers = deliver
        self._leases = Leases(self._patient, keeps=keep_seconds > 0.0 and not verify)
        self.ledger = PostgresLedger(self._connections, self._accounts, keep_seconds)
        self._served: Collection[Account] = ()
        self._reset()

    def _reset(self) -> None:
        self._puts = count(1)
        self._count = self._leased_count = 0  # puts of this process, in all and at the last lease
        self._first_seen: dict[int, int] = {}  # by account: the first event when that was last looked for
        self._check_at = 0.0
        self._full = False

    def open(self) -> None:
        """Make sure that the tables are there.

        Raises:
            OutboxError: they are not, or the database cannot be used.
        """
        require_tables(self._connections)

    # Recording

    def put(self, wire: bytes, account: Account) -> int:
        """Insert one event, and commit it; raise `OutboxError` if it is not known to be there."""
        self._refuse_if_full()
        number = self._accounts.number(account)
        if self._delivers:
            self._leases.put(number, self._connections.run(f"{_INSERT} RETURNING id", (number, wire))[0][0])
        else:  # to return anything takes the privilege to read
            self._connections.run(_INSERT, (number, wire))
        return self._counted()

    def put_in(self, connection: Any, wire: bytes, account: Account) -> int:
        """Insert one event on a connection of the caller's, whose transaction decides whether it was recorded.

        Raises:
            ApiTypeError: it is no connection that can be used.
            OutboxError: the database refuses it; the caller's transaction has failed.
        """
        self._refuse_if_full()
        execute(connection, _INSERT, (self._accounts.number(account), wire))
        return self._counted()

    def _refuse_if_full(self) -> None:
        if self._full:
            raise OutboxError(f"the outbox in {self.path} is full, at {self._max_bytes} bytes (outbox_max_bytes)")

    def _counted(self) -> int:
        self._count = puts = next(self._puts)
        return puts - self._leased_count if puts > self._leased_count else 0

    def new_count(self) -> int:
        """Return how many events this process put since the last lease."""
        return self._count - self._leased_count

    # Delivering

    def has_pending(self) -> bool:
        """Return whether there is an event of the accounts that are served."""
        return self._delivers and any(self._connections.run(_ANY, (number,)) for number in self._numbers())

    def lease(self, max_events: int, max_bytes: int) -> Batch | None:
        """Take the oldest events that nobody has, of one account."""
        self._leases.settle_rest()
        self._leased_count = self._count
        for account in self._served if self._delivers else ():
            for number in self._accounts.numbers([account]):
                with self._leases.leasing(number):
                    with self._leases.beginnings.look(number) as since:
                        rows = sorted(self._patient.run(_LEASE, (number, since, max_events, LEASE_SECONDS)))
                    self._leases.leased(number, [row[0] for row in rows])
                if rows:
                    self._leases.beginnings.leased(number, rows[-1][0])
                    return self._batch(account, number, rows, max_bytes)
        return None

    def _batch(self, account: Account, number: int, rows: list[Any], max_bytes: int) -> Batch:
        ids, wires, attempts, until = zip(*rows)
        before = max(attempts) - 1
        batch = Batch(ids, wires, Lease(self._leases, number, until[0], before), account, before)
        fitting = count_fitting(wires, len(wires), max_bytes)
        if fitting < len(batch):
            rest = batch.slice(fitting, len(batch))
            rest.source.nack(rest)
        return batch.slice(0, fitting)

    def clear_delays(self) -> None:
        """End the delays of what this process has put back."""
        self._leases.clear_delays()

    def maintain(self) -> None:
        """Look at the table's size, and remove what was kept for long enough."""
        self._leases.settle_rest()
        if time.monotonic() >= self._check_at:
            self._check_at = time.monotonic() + _CHECK_INTERVAL
            # The room of what was deleted is used again, and is a part of the table's size until then.
            self._full = self._connections.run(_SIZE)[0][0] > self._max_bytes and self._held_bytes() > self._max_bytes
            if not self.ledger.remove_old(self._served):
                self._check_at = 0.0  # at the next housekeeping
            self._forget_delivered()

    def _forget_delivered(self) -> None:
        """Forget the events of this process that others have delivered."""
        for number in self._numbers():
            own = self._leases.own(number)
            if own:
                present = {row[0] for row in self._connections.run(_PRESENT, (number, own))}
                self._leases.gone(number, [event for event in own if event not in present])

    def _held_bytes(self) -> int:
        return int(self._patient.run(_HELD)[0][0])

    def pace(self, account: Account) -> PaceStore:
        """Return what all who share the database know of an account's rate limit."""
        return SharedPace(self._documents, *account) if self._delivers else LocalPace()

    # Reading

    def stats(self, until: float | None = None) -> Stats:
        """Return where the events of the accounts that are served are, whoever recorded them."""
        numbers = self._accounts.numbers(self._served)
        if not numbers:
            return Stats()
        try:
            row = self._count_within(until, _STATS, {"accounts": numbers})
        except TimeoutError:
            return unknown_stats(f"the events in {self.path} could not be counted in time")
        accepted, duplicate, dropped, dead, (queued, retrying) = row
        tracked = accepted + duplicate + dropped + dead + queued + retrying
        return Stats(tracked, accepted, duplicate, queued, retrying, dead, dropped)

    def _count_within(self, until: float | None, sql: str, values: Any) -> Any:
        if until is None:
            return self._patient.run(sql, values)[0]
        from psycopg.errors import QueryCanceled

        allowed = max(1, round((until - time.monotonic()) * 1000))
        try:
            with self._connections.connection() as connection, connection.transaction():
                connection.execute(b"SELECT set_config('statement_timeout', %s, true)", (str(allowed),))
                return connection.execute(sql.encode(), values).fetchone()
        except OutboxError as error:
            if isinstance(error.__cause__, QueryCanceled):
                raise TimeoutError from None
            raise

    def watermark(self) -> list[_Mark]:
        """Return the last events that are committed, and those that this process has put, by account."""
        if not self._delivers:
            return []
        found = ((number, self._connections.run(_LAST, (number,))[0][0]) for number in self._numbers())
        return [_Mark(number, last, self._leases.own(number)) for number, last in found if last is not None]

    def _numbers(self) -> list[int]:
        return self._accounts.numbers(self._served)

    def is_past(self, watermark: list[_Mark]) -> bool:
        """Return whether every event before ``watermark`` has an outcome, or another process is sending it."""
        put_back = self._leases.put_back
        for mark in watermark:
            if self._waits(mark.number, mark.last):
                return False
            if self._leases.is_leased(mark.number, mark.last):  # asked after: what does not wait any more, it knows
                return False
            if mark.own and self._connections.run(_PRESENT, (mark.number, mark.own)):
                return False
        return put_back == self._leases.put_back  # else they may wait again since they were looked for

    def _waits(self, number: int, last: int) -> bool:
        # From where the first one was at the last look, and only if there is none any more from the beginning.
        for since in {self._first_seen.get(number, 0): None, 0: None}:
            rows = self._connections.run(_WAITS, (number, since, last))
            if rows:
                self._first_seen[number] = rows[0][0]
                return True
        return False

    def dead_letters(self) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        rows = self._connections.run(_DEAD, (self._numbers(),))
        return [DeadLetter(wire, status, reason, at) for wire, status, reason, at in rows]

    def replay_dead_letters(self) -> int:
        """Queue the refused events again."""
        return len(self._connections.run(_REPLAY, (self._numbers(),)))

    def discard_dead_letters(self) -> int:
        """Give the refused events up."""
        return sum(row[0] for row in self._connections.run(_DISCARD, (self._numbers(),)))

    def kept(self) -> Iterator[bytes]:
        """Yield the delivered events that are kept, oldest first."""
        return self.ledger.kept(self._served)

    # Accounts

    def serve(self, accounts: Collection[Account]) -> None:
        """Deliver and count the events of these accounts from now on."""
        self._served = tuple(accounts)

    def customers(self) -> dict[Account, str]:
        """Return whose the accounts are, as far as it was noted."""
        return self._accounts.customers()

    def note_customer(self, account: Account, customer_id: str) -> None:
        """Note whose an account is."""
        if self._delivers:
            self._accounts.note_customer(account, customer_id)

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events that are not served."""
        if not self._delivers:
            return []
        found = [OtherAccount(*row) for row in self._patient.run(_OTHERS)]
        return [one for one in found if one.events and Account(one.base_url, one.fingerprint) not in self._served]

    def adopt(self, other: Account, account: Account) -> int:
        """Move another account's events and dead letters to ``account``, except those that are being sent."""
        numbers = {"from": self._accounts.number(other), "to": self._accounts.number(account)}
        return int(self._patient.run(_ADOPT, numbers)[0][0])

    # End and forks

    def after_fork(self) -> None:
        """Go on in the child; what its parent has leased is the parent's."""
        self._reset()
        self._leases.after_fork()
        self.ledger.after_fork()

    def close(self) -> None:
        """Close the connections. They open again when they are used."""
        try:
            self._leases.settle_rest()
        finally:
            self._connections.close()
            self._patient.close()
            self._documents.close()
