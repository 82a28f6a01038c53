"""Reservations in a store, and the least that the store takes for one. Each returns a function that makes one."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from openmonetize._http.redaction import Secret
from openmonetize._stores.opening import named_place
from openmonetize.gate.holds.opening import open_store

_BALANCE = 1_000_000
_OTHERS = 10  # holds of the same wallet
_UPDATE = "UPDATE bare_wallets SET held = held + {0} WHERE wallet = 1 AND balance - held >= {0}"


def reservations(setting: str, threads: int) -> Callable[[], object]:
    """Hold and release."""
    store, numbers = open_store(named_place("holds", setting or None), Secret(None)), count()
    store.observe("wallet", store.begin("wallet"), _BALANCE, [])
    for number in range(_OTHERS):
        store.hold("wallet", f"other-{number}", 10, 3600.0, 3600.0)

    def reserve() -> None:
        hold_id = f"hold-{next(numbers)}"
        assert store.hold("wallet", hold_id, 40, 120.0, 3600.0).held
        store.release("wallet", hold_id)

    return _at_once(reserve, threads)


def bare(kind: str, setting: str, threads: int) -> Callable[[], object]:
    """Make the two least changes."""
    make: Callable[[str], Callable[[int], object]] = {
        "memory": _memory,
        "sqlite": _sqlite,
        "postgres": _postgres,
        "redis": _redis,
    }[kind]
    local = threading.local()

    def reserve() -> None:
        if not hasattr(local, "add"):
            local.add = make(setting)
        local.add(40)
        local.add(-40)

    return _at_once(reserve, threads)


def _at_once(work: Callable[[], object], threads: int) -> Callable[[], object]:
    if threads == 1:
        return work
    pool, gate = ThreadPoolExecutor(threads), threading.Semaphore(threads)

    def one() -> None:
        try:
            work()
        finally:
            gate.release()

    def submit() -> None:
        gate.acquire()  # so that no more than `threads` are under way; the last ones end in the next turn
        pool.submit(one)

    return submit


_HELD = {"wallet": 0}
_LOCK = threading.Lock()


def _memory(setting: str) -> Callable[[int], object]:
    def add(credits: int) -> None:
        with _LOCK:
            if _BALANCE - _HELD["wallet"] >= credits:
                _HELD["wallet"] += credits

    return add


def _sqlite(setting: str) -> Callable[[int], object]:
    connection = sqlite3.connect(f"{setting}.bare", isolation_level=None, timeout=60.0, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("CREATE TABLE IF NOT EXISTS bare_wallets (wallet INTEGER PRIMARY KEY, balance, held)")
    connection.execute("INSERT OR IGNORE INTO bare_wallets VALUES (1, ?, 0)", (_BALANCE,))
    return lambda credits: connection.execute(_UPDATE.format("?1"), (credits,))


def _postgres(setting: str) -> Callable[[int], object]:
    import psycopg

    connection = psycopg.connect(setting, autocommit=True)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        connection.execute("CREATE TABLE IF NOT EXISTS bare_wallets (wallet int PRIMARY KEY, balance int, held int)")
        connection.execute("INSERT INTO bare_wallets VALUES (1, %s, 0) ON CONFLICT DO NOTHING", (_BALANCE,))
    return lambda credits: connection.execute(_UPDATE.format("%(credits)s"), {"credits": credits})


def _redis(setting: str) -> Callable[[int], object]:
    import redis

    client: Any = redis.Redis.from_url(setting)
    return lambda credits: client.incrby("bare:wallet", credits)
