"""An outbox in a database, while processes, servers and connections end at any moment.

Usage is billed once for each order that is committed with it, and for no other.
"""

from __future__ import annotations

import os
import random
import select
import signal
import socket
import sys
import threading
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import engines
import pytest

pytest.importorskip("werkzeug")
pytest.importorskip("psycopg", reason="psycopg is not installed")

import psycopg

from openmonetize import OpenMonetize
from openmonetize._http.redaction import Secret
from openmonetize._stores.postgres_connections import PostgresConnections
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox
from openmonetize.metering.errors import OutboxError
from openmonetize.sandbox import Sandbox

from .postgres_fleet import USAGE, Fleet, billed, drain, grant, orders, shop

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="/proc, SIGKILL")]

SECONDS = 120.0 if os.environ.get("OPENMONETIZE_SOAK") else 10.0
COMMITTED = 1000  # orders at least, however slow the machine is


@pytest.mark.parametrize("killed", ["processes", "server", "both"])
def test_kills_leave_no_order_unbilled_and_none_billed_that_was_rolled_back(tmp_path: Path, killed: str) -> None:
    chance = random.Random(killed)
    with Sandbox(processing_delay=0.05) as sandbox, engines.postgres_server(flush=True) as server:
        grant(sandbox)
        database = shop(server.url)
        fleet = Fleet(sandbox, database, tmp_path, writers=3, drainers=3)
        fleet.wait_until_ready()
        server_kills, end = 0, time.monotonic() + SECONDS
        try:
            while time.monotonic() < end or len(fleet.told("committed")) < COMMITTED:
                time.sleep(chance.uniform(0.1, 0.8))
                if killed == "server" or (killed == "both" and chance.random() < 0.2):
                    time.sleep(chance.uniform(0.5, 1.0))
                    server_kills += 1
                    if chance.random() < 0.5:
                        server.kill()
                    else:
                        server.stop(signal.SIGQUIT)  # an "immediate shutdown"
                    server.start()
                if killed != "server":
                    fleet.kill_one(chance)
        finally:
            fleet.end()
        stats = drain(sandbox, database)
        committed, rolled_back = orders(database), fleet.told("rolled-back")
        assert billed(sandbox) == committed
        assert fleet.told("committed") <= committed
        assert not rolled_back & committed
        assert len(rolled_back) > COMMITTED // 20
        print(
            f"{killed}: {len(committed)} committed, {len(rolled_back)} rolled back; processes killed {fleet.kills}, "
            f"server {server_kills}; delivered again {stats.duplicate}"
        )


# Time and isolation


def test_clocks_of_hosts_that_are_hours_apart_make_no_difference(tmp_path: Path) -> None:
    chance = random.Random(5)
    with Sandbox(processing_delay=0.05) as sandbox, engines.postgres() as url:
        grant(sandbox)
        database = shop(url)
        fleet = Fleet(sandbox, database, tmp_path, 3, 3, hours=(0.0, 7.0, -30.0), verify=True)
        fleet.wait_until_ready()
        _kill_for_some_time(fleet, chance)
        stats = drain(sandbox, database)
        committed = orders(database)
        assert billed(sandbox) == committed
        print(f"clocks: {len(committed)} committed, {fleet.kills} processes killed, again {stats.duplicate}")


@pytest.mark.parametrize("isolation", ["read committed", "repeatable read", "serializable"])
def test_transactions_that_are_refused_are_repeated_by_their_caller(tmp_path: Path, isolation: str) -> None:
    threads, each = 4, 300
    with Sandbox() as sandbox, engines.postgres() as url:
        grant(sandbox)
        database = shop(url)
        name = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
        with psycopg.connect(database, autocommit=True) as connection:
            connection.execute(f"ALTER DATABASE {name} SET default_transaction_isolation = '{isolation}'".encode())
            connection.execute(f"ALTER DATABASE {name} SET deadlock_timeout = '5ms'".encode())
            connection.execute("CREATE TABLE stock AS SELECT id, 0 AS sold FROM generate_series(1, 4) AS id")
        fleet = Fleet(sandbox, database, tmp_path, writers=0, drainers=3)
        refused: list[type[Exception]] = []
        assert PostgresConnections(database, "outbox", OutboxError, timeout=5.0).run("SHOW transaction_isolation") == [
            ("read committed",)
        ]
        with _om(sandbox, database) as om:

            def sell(seed: int) -> None:
                chance = random.Random(seed)
                with psycopg.connect(database) as connection:
                    for _ in range(each):
                        _until_it_is_committed(connection, om, chance, refused)

            with ThreadPoolExecutor(threads) as pool:
                list(pool.map(sell, range(threads)))
        fleet.end()
        drain(sandbox, database)
        committed = orders(database)
        assert len(committed) == threads * each
        assert billed(sandbox) == committed
        expected = {
            "read committed": psycopg.errors.DeadlockDetected,
            "repeatable read": psycopg.errors.SerializationFailure,
            "serializable": psycopg.errors.SerializationFailure,
        }[isolation]
        assert expected in refused
        print(f"{isolation}: {len(committed)} committed, refused {Counter(error.__name__ for error in refused)}")


def _until_it_is_committed(
    connection: Any, om: OpenMonetize, chance: random.Random, refused: list[type[Exception]]
) -> None:
    """Sell two things in one order, in any sequence, as often as it takes."""
    while True:
        try:
            with connection.transaction():
                for thing in chance.sample(range(1, 5), 2):
                    connection.execute("UPDATE stock SET sold = sold + 1 WHERE id = %s", (thing,))
                event_id = om.track_token_usage(**USAGE, connection=connection)
                connection.execute("INSERT INTO orders VALUES (%s)", (event_id,))
            return
        except (psycopg.errors.SerializationFailure, psycopg.errors.DeadlockDetected) as error:
            refused.append(type(error))


def _om(sandbox: Sandbox, outbox: str) -> OpenMonetize:
    return OpenMonetize(sandbox.key, sandbox.url, outbox=outbox, flush_interval=0.05, flush_at=50)


# Connections that break


@pytest.mark.parametrize("moment", ["before", "after", "any"])
def test_a_connection_that_breaks_in_a_commit_bills_the_order_once(moment: str) -> None:
    count = 1000
    with Sandbox() as sandbox, engines.postgres() as url:
        grant(sandbox)
        database = shop(url)
        ids = [str(uuid.uuid4()) for _ in range(count)]
        with CuttingProxy(database, b"COMMIT", moment) as proxy, _om(sandbox, database) as om:
            for event_id in ids:
                _repeat_until_it_returns(proxy.url, om, event_id)
        stats = drain(sandbox, database)
        assert orders(database) == set(ids)
        assert billed(sandbox) == set(ids)
        assert proxy.cuts > count // 10
        print(f"COMMIT, cut {moment}: {count} orders, {proxy.cuts} connections cut, delivered again {stats.duplicate}")


def _repeat_until_it_returns(url: str, om: OpenMonetize, event_id: str) -> None:
    """Commit an order whose outcome may be unknown, under the same ids until it is known."""
    while True:
        try:
            with psycopg.connect(url) as connection:
                om.track_token_usage(**USAGE, event_id=event_id, connection=connection)
                connection.execute("INSERT INTO orders VALUES (%s) ON CONFLICT DO NOTHING", (event_id,))
            return
        except psycopg.OperationalError:
            pass


@pytest.mark.parametrize("moment", ["before", "after", "any"])
def test_a_connection_that_breaks_in_an_insert_without_a_transaction_bills_the_event_once(
    monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    monkeypatch.setattr(PostgresOutbox, "retry_interval", 0.0)
    count = 1000
    with Sandbox() as sandbox, engines.postgres() as url:
        grant(sandbox)
        database = shop(url)
        proxy = CuttingProxy(database, b"INSERT INTO openmonetize.events", moment)
        with proxy, _om(sandbox, proxy.url) as om:
            ids = {om.track_token_usage(**USAGE) for _ in range(count)}
            proxy.chance = 0.0
            assert om.flush(timeout=30.0), om.stats()
        drain(sandbox, database)
        assert billed(sandbox) == ids and len(ids) == count
        assert proxy.cuts > count // 10
        print(f"INSERT, cut {moment}: {count} events, {proxy.cuts} connections cut")


class CuttingProxy:
    """Stands before a database, and cuts one in five connections over which a statement comes.

    Args:
        database: its URL.
        statement: a part of the statement's text.
        moment: ``"before"`` the server has it, ``"after"`` it has answered, or at ``"any"`` time.
    """

    def __init__(self, database: str, statement: bytes, moment: str) -> None:
        place = psycopg.conninfo.conninfo_to_dict(database)
        self._server = f"{place['host']}/.s.PGSQL.5432"
        self._statement = statement
        self._moment = moment
        self._random = random.Random(moment)
        self._listener = socket.create_server(("127.0.0.1", 0))
        port = self._listener.getsockname()[1]
        self.url = f"postgresql://postgres@127.0.0.1:{port}/{place['dbname']}?sslmode=disable&gssencmode=disable"
        self.chance = 0.2
        self.cuts = 0

    def __enter__(self) -> CuttingProxy:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            server.connect(self._server)
            threading.Thread(target=self._pass_on, args=(client, server), daemon=True).start()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        with client, server:
            while True:
                readable, _, _ = select.select([client, server], [], [])
                for source in readable:
                    try:
                        data = source.recv(65536)
                        if not data or (source is client and self._cuts(data, server)):
                            return
                        (server if source is client else client).sendall(data)
                    except OSError:
                        return

    def _cuts(self, data: bytes, server: socket.socket) -> bool:
        if self._statement not in data or self._random.random() >= self.chance:
            return False
        self.cuts += 1
        if self._moment != "before":
            server.sendall(data)
        if self._moment == "after":
            server.recv(65536)
        return True


# Failover


def test_a_failover_to_a_replica_without_the_last_commits() -> None:
    each = 900
    with Sandbox() as sandbox, engines.postgres_server(flush=True) as primary:
        grant(sandbox)
        database = shop(primary.url)
        with engines.standby(primary) as replica:
            both = _either(database, primary, replica)
            with OpenMonetize(sandbox.key, sandbox.url, outbox=both, deliver=False) as om:
                copied = _commit(om, both, each)
                _wait_until_copied(primary, replica)
                _cut(replica)
                drain(sandbox, both)
                delivered = _commit(om, both, each)
                drain(sandbox, both)
                undelivered = _commit(om, both, each)
                assert billed(sandbox) >= copied | delivered

                primary.kill()
                _promote(replica)

                later = _commit(om, both, each)
                stats = drain(sandbox, both)
                bill = billed(sandbox)
                present = orders(both)
    assert copied | later == present
    # What was delivered, and is there again, is billed once. What had been delivered stays billed, although its orders
    # are lost. What was only on the lost server is lost with its orders.
    assert bill == present | delivered
    assert stats.duplicate >= each
    print(f"failover: {len(copied)} there again, {len(delivered)} billed and lost, {len(undelivered)} lost")


def test_a_lease_of_a_lost_server_is_none_of_new_events_with_the_same_ids() -> None:
    wires = [b"%d" % number for number in range(400)]
    account, other = Account("http://127.0.0.1:1", "a"), Account("http://127.0.0.1:1", "b")
    with engines.postgres_server(flush=True) as primary:
        database = engines.database(primary.url)
        with engines.standby(primary) as replica:
            _wait_until_copied(primary, replica)
            _cut(replica)
            drainer, writer = (PostgresOutbox(Secret(_either(database, primary, replica))) for _ in range(2))
            drainer.serve([account])
            for wire in wires:
                drainer.put(wire, account)
            leased = drainer.lease(1000, 10**6)
            assert leased is not None and len(leased) == len(wires)
            primary.kill()
            _promote(replica)

            leased.source.ack(leased)  # what the platform has: it cannot be settled now
            for wire in wires:
                writer.put(wire, other)  # an account that the lost server did not know
                writer.put(wire, account)
            assert drainer.stats().queued == len(wires)
            drainer.clear_delays()  # it looks from the beginning, as it does every second
            found = [drainer.lease(1000, 10**6) for _ in range(2)]
            assert found[0] is not None and found[1] is None
            assert sorted(found[0].wires) == sorted(wires)
            assert set(found[0].keys) & set(leased.keys)
            drainer.close()
            writer.close()


def test_a_failover_loses_nothing_where_commits_wait_for_the_replica(tmp_path: Path) -> None:
    with Sandbox(processing_delay=0.05) as sandbox, engines.postgres_server(flush=True) as primary:
        grant(sandbox)
        database = shop(primary.url)
        with engines.standby(primary) as replica:
            _set(primary, synchronous_standby_names="*", synchronous_commit="remote_apply")
            both = _either(database, primary, replica)
            fleet = Fleet(sandbox, both, tmp_path, writers=3, drainers=2)
            fleet.wait_until_ready()
            try:
                _wait_for_orders(fleet, COMMITTED // 2)
                primary.kill()
                _promote(replica)
                before = len(orders(both))
                _wait_for_orders(fleet, COMMITTED)
            finally:
                fleet.end()
            drain(sandbox, both)
            committed = orders(both)
            assert billed(sandbox) == committed
            assert fleet.told("committed") <= committed
            print(f"failover, remote_apply: {before} committed before it and {len(committed) - before} after it")


def _wait_for_orders(fleet: Fleet, count: int) -> None:
    deadline = time.monotonic() + 120.0
    while len(fleet.told("committed")) < count:
        assert time.monotonic() < deadline, "too few orders"
        time.sleep(0.1)


def _either(database: str, primary: engines.PostgresServer, replica: engines.PostgresServer) -> str:
    """Return the URL of the one of two servers that takes writes."""
    folder = str(primary.folder)
    return database.replace(folder, f"{folder},{replica.folder}") + "&target_session_attrs=read-write"


def _set(server: engines.PostgresServer, **settings: str) -> None:
    with psycopg.connect(server.url, autocommit=True) as connection:
        for name, value in settings.items():
            connection.execute(f"ALTER SYSTEM SET {name} = '{value}'".encode())
        connection.execute("SELECT pg_reload_conf()")


def _value(server: engines.PostgresServer, sql: str) -> Any:
    with psycopg.connect(server.url, autocommit=True) as connection:
        return connection.execute(sql.encode()).fetchone()[0]


def _wait_for(what: str, server: engines.PostgresServer, sql: str) -> None:
    deadline = time.monotonic() + 30.0
    while not _value(server, sql):
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def _wait_until_copied(primary: engines.PostgresServer, replica: engines.PostgresServer) -> None:
    written = _value(primary, "SELECT pg_current_wal_lsn()")
    _wait_for("the replica does not follow", replica, f"SELECT pg_last_wal_replay_lsn() >= '{written}'")


def _cut(replica: engines.PostgresServer) -> None:
    """Have a replica not follow any more."""
    _set(replica, primary_conninfo="")
    _wait_for("the replica follows still", replica, "SELECT count(*) = 0 FROM pg_stat_wal_receiver")


def _promote(replica: engines.PostgresServer) -> None:
    assert _value(replica, "SELECT pg_promote()")


def _commit(om: OpenMonetize, url: str, count: int) -> set[str]:
    """Commit orders with their usage, and return them."""
    with psycopg.connect(url, autocommit=True) as connection:
        committed = set()
        for _ in range(count):
            with connection.transaction():
                event_id = om.track_token_usage(**USAGE, connection=connection)
                connection.execute("INSERT INTO orders VALUES (%s)", (event_id,))
            committed.add(event_id)
    return committed


# A pooler


def test_a_fleet_behind_pgbouncer(tmp_path: Path) -> None:
    chance = random.Random(6)
    with Sandbox(processing_delay=0.05) as sandbox, engines.postgres() as url:
        grant(sandbox)
        database = shop(url)
        with engines.pgbouncer(database, connections=4) as pooled:
            fleet = Fleet(sandbox, pooled, tmp_path, writers=3, drainers=3, verify=True)
            fleet.wait_until_ready()
            _kill_for_some_time(fleet, chance)
            stats = drain(sandbox, pooled)
        committed = orders(database)
        assert billed(sandbox) == committed
        assert fleet.told("committed") <= committed and not fleet.told("rolled-back") & committed
        print(f"pgbouncer: {len(committed)} committed, {fleet.kills} processes killed, again {stats.duplicate}")


def _kill_for_some_time(fleet: Fleet, chance: random.Random) -> None:
    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end or len(fleet.told("committed")) < COMMITTED:
            time.sleep(chance.uniform(0.1, 0.8))
            fleet.kill_one(chance)
    finally:
        fleet.end()
