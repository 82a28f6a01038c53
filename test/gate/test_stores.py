"""The stores of holds: the same rules in memory, in SQLite, in PostgreSQL and in Redis."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable

import pytest
from http_client.frames import frames_that_show
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from metering.programs import fork

from openmonetize import ApiTypeError, ApiValueError, MissingExtraError, OpenApiException, OpenMonetize, StoreError
from openmonetize._stores.documents import Written
from openmonetize._stores.opening import named_place, open_documents
from openmonetize._stores.sqlite import SqliteDocuments
from openmonetize.gate.holds import HoldStore, in_process, ledger
from openmonetize.gate.holds.in_process import InProcessHolds
from openmonetize.gate.holds.store import SharedHolds

from .conftest import SHARED, open_holds

Stores = Callable[[], HoldStore]


def know(store: HoldStore, wallet: str, balance: int, burned: Any = ()) -> bool:
    return store.observe(wallet, store.begin(wallet), balance, burned)


def test_without_a_balance_nothing_is_held(stores: Stores, wallet: str) -> None:
    outcome = stores().hold(wallet, "a", 1, 60, None)
    assert (outcome.held, outcome.available) == (False, None)


def test_what_is_held_is_not_free_for_another(stores: Stores, wallet: str) -> None:
    one, other = stores(), stores()
    know(one, wallet, 100)
    assert one.hold(wallet, "a", 60, 60, 10).available == 40
    refused = other.hold(wallet, "b", 41, 60, 10)
    assert (refused.held, refused.available, refused.balance) == (False, 40, 100)
    assert other.hold(wallet, "c", 40, 60, 10).held
    other.release(wallet, "a")
    assert one.hold(wallet, "b", 60, 60, 10).held


def test_a_hold_ends_by_itself(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    assert store.hold(wallet, "a", 100, 0.05, 10).held
    time.sleep(0.1)
    assert stores().hold(wallet, "b", 100, 60, 10).held


def test_an_old_balance_is_not_used(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    time.sleep(0.05)
    assert store.hold(wallet, "a", 1, 60, 0.01).available is None
    assert store.hold(wallet, "a", 1, 60, None).held


def test_usage_counts_until_it_is_burned(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    store.hold(wallet, "a", 60, 60, 10)
    assert store.use(wallet, "a", "event-1", 25)
    store.release(wallet, "a")
    assert store.hold(wallet, "b", 76, 60, 10).available == 75
    know(store, wallet, 75, ["event-1"])
    assert store.hold(wallet, "b", 75, 60, 10).held


def test_usage_counts_after_the_end_of_its_hold(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    store.hold(wallet, "a", 60, 0.01, 10)
    time.sleep(0.05)
    store.use(wallet, "a", "event-1", 70)
    assert store.hold(wallet, "b", 31, 60, 10).available == 30


def test_usage_that_was_not_recorded_counts_no_more(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    store.use(wallet, "a", "event-1", 70)
    store.forget_usage(wallet, "event-1")
    assert store.hold(wallet, "b", 100, 60, 10).held


def test_usage_that_is_never_burned_counts_for_a_day(
    stores: Stores, wallet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = stores()
    know(store, wallet, 100)
    monkeypatch.setattr(ledger, "MAX_UNBURNED_SECONDS", 0.05)
    store.use(wallet, "a", "event-1", 70)
    time.sleep(0.1)
    know(store, wallet, 100)
    assert store.hold(wallet, "b", 100, 60, 10).held


def test_repeats_change_nothing(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    assert [store.hold(wallet, "a", 60, 60, 10).held for _ in range(3)] == [True] * 3
    assert [store.use(wallet, "a", "event-1", 60) for _ in range(3)] == [True, False, False]
    for _ in range(3):
        store.release(wallet, "a")
    assert store.hold(wallet, "b", 41, 60, 10).available == 40


def test_a_reading_that_another_has_overtaken_is_not_taken(stores: Stores, wallet: str) -> None:
    one, other = stores(), stores()
    know(one, wallet, 100)
    one.use(wallet, "a", "event-1", 100)
    # One asks for the balance before the event is burned, and gets the answer after the other has seen it burned.
    late = one.begin(wallet)
    know(other, wallet, 0, ["event-1"])
    assert not one.observe(wallet, late, 100, [])
    assert one.hold(wallet, "b", 1, 60, 10).available == 0


def test_a_reading_that_a_grant_has_overtaken_is_not_taken(stores: Stores, wallet: str) -> None:
    store = stores()
    reading = store.begin(wallet)
    stores().forget_balance(wallet)
    assert not store.observe(wallet, reading, 0, [])
    assert store.hold(wallet, "b", 1, 60, None).available is None


def test_wallets_are_apart(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 10)
    know(store, wallet + "2", 10)
    assert store.hold(wallet, "a", 10, 60, 10).held
    assert store.hold(wallet + "2", "a", 10, 60, 10).held


def test_threads_together_hold_no_more_than_there_is(stores: Stores, wallet: str) -> None:
    opened = [stores() for _ in range(4)]
    know(opened[0], wallet, 100)
    barrier = threading.Barrier(32)

    def hold(number: int) -> bool:
        barrier.wait()
        return opened[number % 4].hold(wallet, f"hold-{number}", 10, 60, 60).held

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(hold, range(32))) == 10


def test_memory_forgets_the_balances_of_wallets_of_which_nothing_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(in_process, "_MAX_WALLETS", 10)
    store = InProcessHolds()
    for number in range(30):
        know(store, f"wallet-{number}", 10)
        if number < 15:
            assert store.hold(f"wallet-{number}", "a", 10, 60, 60).held
    assert len(store._ledgers) <= 31
    assert not any(store.hold(f"wallet-{number}", "b", 1, 60, 60).held for number in range(15))


@pytest.mark.parametrize("kind", SHARED, indirect=True)
def test_many_threads_that_change_one_wallet_do_not_hinder_each_other(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 10_000)
    barrier = threading.Barrier(64)

    def spend(number: int) -> None:
        barrier.wait()
        for repeat in range(3):
            name = f"{number}-{repeat}"
            assert store.hold(wallet, name, 10, 60, None).held
            assert store.use(wallet, name, name, 10)
            store.release(wallet, name)

    with ThreadPoolExecutor(64) as pool:
        list(pool.map(spend, range(64)))
    assert store.hold(wallet, "last", 10_000, 60, None).available == 10_000 - 64 * 3 * 10


@pytest.mark.parametrize("kind", SHARED, indirect=True)
def test_a_forked_child_shares_the_holds_of_its_parent(stores: Stores, wallet: str) -> None:
    store = stores()
    know(store, wallet, 100)
    child = fork()
    if child == 0:
        held = store.hold(wallet, "child", 60, 60, 60).held
        os._exit(0 if held else 1)
    assert os.waitpid(child, 0)[1] == 0
    refused = store.hold(wallet, "parent", 60, 60, 60)
    assert (refused.held, refused.available) == (False, 40)


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_connections_that_were_closed_meanwhile_are_no_failure(stores: Stores, wallet: str, setting: str) -> None:
    import psycopg

    store = stores()
    know(store, wallet, 100)
    barrier = threading.Barrier(6)

    def at_once(number: int) -> None:
        barrier.wait()
        for _ in range(20):
            store.release(f"{wallet}-{number}", "none")

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(at_once, range(6)))
    with psycopg.connect(setting, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    assert store.hold(wallet, "a", 60, 60, 60).held


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_a_server_that_stands_still_is_not_waited_for_longer_than_a_moment(
    stores: Stores, wallet: str, setting: str
) -> None:
    import psycopg

    store = stores()
    know(store, wallet, 100)
    with psycopg.connect(setting, autocommit=True) as connection:
        query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        pids = [pid for (pid,) in connection.execute(query).fetchall()]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    began = time.monotonic()
    try:
        with pytest.raises(StoreError, match="cannot be used"):
            store.hold(wallet, "a", 60, 60, 60)
        assert store.hold(wallet, "a", 60, 60, 60).held  # by another connection
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("kind", ["postgres"], indirect=True)
def test_a_database_with_strict_isolation_will_do(wallet: str, setting: str) -> None:
    strict = f"{setting}&options=-c%20default_transaction_isolation%3Dserializable"
    opened = [open_holds(strict) for _ in range(4)]
    know(opened[0], wallet, 100)
    with ThreadPoolExecutor(8) as pool:
        held = pool.map(lambda number: opened[number % 4].hold(wallet, str(number), 10, 60, 60).held, range(24))
        assert sum(held) == 10
    for store in opened:
        store.close()


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:secret-word@127.0.0.1:1/none",
        "redis://:secret-word@127.0.0.1:1/0",
        "/nonexistent/folder/holds.sqlite3",
    ],
)
def test_a_store_that_cannot_be_reached_says_so_without_its_password(url: str) -> None:
    pytest.importorskip("psycopg")
    pytest.importorskip("redis")
    store = open_holds(url)
    with pytest.raises(StoreError, match="cannot be used") as caught:
        store.hold("wallet", "a", 1, 60, 10)
    assert "secret-word" not in str(caught.value)
    store.close()


@pytest.mark.parametrize(("holds", "error"), [("mysql://host", ApiValueError), ("", ApiValueError), (5, ApiTypeError)])
def test_what_names_no_store_is_refused_at_once(holds: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="holds must be"):
        OpenMonetize("om_dev_test_key", "http://127.0.0.1:9", holds=holds)


def test_a_file_of_holds_is_private_and_forgets_wallets_of_no_use(tmp_path: Path) -> None:
    path = tmp_path / "holds.sqlite3"
    store = SqliteDocuments(path, "holds")
    assert store.swap("old", None, Written("[]", time.time() - 1))
    store.close()
    assert path.stat().st_mode & 0o077 == 0
    again = SqliteDocuments(path, "holds")
    assert again.load("old")[0] is None
    again.close()


def test_a_file_of_holds_that_is_removed_is_not_used_any_more(tmp_path: Path) -> None:
    path = tmp_path / "holds.sqlite3"
    first, second = open_holds(path), open_holds(path)
    know(first, "wallet", 10)
    for file in tmp_path.iterdir():
        file.unlink()
    know(second, "wallet", 10)
    assert second.hold("wallet", "a", 10, 60, 60).held
    assert not first.hold("wallet", "b", 1, 60, 60).held


def test_a_file_of_holds_that_is_locked_is_said_to_be_so(tmp_path: Path) -> None:
    store = SharedHolds(SqliteDocuments(tmp_path / "holds.sqlite3", "holds"))
    know(store, "wallet", 10)
    other = sqlite3.connect(tmp_path / "holds.sqlite3", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreError, match="locked"):
        store.hold("wallet", "a", 1, 60, 60)
    other.close()
    assert store.hold("wallet", "a", 1, 60, 60).held
    store.close()


@pytest.mark.parametrize("document", ["something else", "[1,2,3]", "[1,5,0,[],{}]"])
@pytest.mark.parametrize("kind", SHARED, indirect=True)
def test_something_else_in_the_store_is_said_to_be_so(stores: Stores, setting: Any, wallet: str, document: str) -> None:
    store = stores()
    documents = open_documents(named_place("holds", setting), "holds")
    assert documents.swap(f"holds:{wallet}", None, Written(document, time.time() + 60))
    documents.close()
    with pytest.raises(StoreError, match="something else"):
        store.hold(wallet, "a", 1, 60, 10)


class Wallet(RuleBasedStateMachine):
    """A wallet, its platform, and any order of reservations, usage, burns and readings, by two users of a store.

    The machine knows what is truly free: the platform's balance, less usage that is not burned, less holds.
    """

    stores: Stores

    @initialize(balance=st.integers(0, 100))
    def begin(self, balance: int) -> None:
        self.both = [type(self).stores(), type(self).stores()]
        self.wallet = uuid.uuid4().hex
        self.balance = balance
        self.holds: dict[str, int] = {}
        self.usage: dict[str, int] = {}  # not burned yet
        self.burned: set[str] = set()
        self.readings: list[dict[str, Any]] = []

    def free(self) -> int:
        return self.balance - sum(self.holds.values()) - sum(self.usage.values())

    @rule(who=st.integers(0, 1))
    def ask_for_one_too_many(self, who: int) -> None:
        assert not self.both[who].hold(self.wallet, uuid.uuid4().hex, max(0, self.free()) + 1, 3600, 3600).held

    @rule(who=st.integers(0, 1), credits=st.integers(1, 60), lasting=st.booleans())
    def hold(self, who: int, credits: int, lasting: bool) -> None:
        hold_id, free = uuid.uuid4().hex, self.free()
        if self.both[who].hold(self.wallet, hold_id, credits, 3600 if lasting else 0.001, 3600).held:
            assert credits <= free, "overspent"
            if lasting:
                self.holds[hold_id] = credits
            else:
                time.sleep(0.003)

    @precondition(lambda self: self.holds)
    @rule(who=st.integers(0, 1), data=st.data())
    def release(self, who: int, data: st.DataObject) -> None:
        hold_id = data.draw(st.sampled_from(sorted(self.holds)))
        self.both[who].release(self.wallet, hold_id)
        del self.holds[hold_id]

    @rule(who=st.integers(0, 1), cost=st.integers(1, 60), data=st.data())
    def use(self, who: int, cost: int, data: st.DataObject) -> None:
        hold_id, key = data.draw(st.sampled_from([*sorted(self.holds), "one that has ended"])), uuid.uuid4().hex
        self.both[who].use(self.wallet, hold_id, key, cost)
        self.usage[key] = cost
        if hold_id in self.holds:
            self.holds[hold_id] = max(0, self.holds[hold_id] - cost)

    @precondition(lambda self: self.usage)
    @rule(data=st.data())
    def burn(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.usage)))
        self.balance -= self.usage.pop(key)
        self.burned.add(key)

    @rule(who=st.integers(0, 1), amount=st.integers(1, 50))
    def grant(self, who: int, amount: int) -> None:
        self.balance += amount
        self.both[who].forget_balance(self.wallet)

    @rule(who=st.integers(0, 1), asked=st.booleans())
    def begin_reading(self, who: int, asked: bool) -> None:
        state: dict[str, Any] = {"who": who, "reading": self.both[who].begin(self.wallet)}
        if asked:
            state.update(burned=self.burned & set(state["reading"].unburned), balance=self.balance)
        self.readings.append(state)

    @precondition(lambda self: self.readings)
    @rule(data=st.data())
    def go_on_reading(self, data: st.DataObject) -> None:
        state = data.draw(st.sampled_from(self.readings))
        if "burned" not in state:
            state["burned"] = self.burned & set(state["reading"].unburned)
        elif "balance" not in state:
            state["balance"] = self.balance
        else:
            self.readings.remove(state)
            self.both[state["who"]].observe(self.wallet, state["reading"], state["balance"], state["burned"])

    @rule(who=st.integers(0, 1))
    def read_and_take_all(self, who: int) -> None:
        store = self.both[who]
        reading = store.begin(self.wallet)
        assert store.observe(self.wallet, reading, self.balance, self.burned & set(reading.unburned))
        free = self.free()
        hold_id = uuid.uuid4().hex
        assert not store.hold(self.wallet, hold_id, max(free, 0) + 1, 60, 60).held
        if free > 0:
            assert store.hold(self.wallet, hold_id, free, 60, 60).held
            store.release(self.wallet, hold_id)


def test_no_order_of_events_overspends(stores: Stores) -> None:
    machine = type("WalletOfStore", (Wallet,), {"stores": staticmethod(stores)})
    quick = settings(
        max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(machine, settings=quick)


@pytest.mark.parametrize(
    "url",
    [
        "mysql://user:secret-word@host/none",
        "redis://:secret-word@127.0.0.1:not-a-port/0",
        "redis://:secret-word@127.0.0.1:1/0",
        "postgresql://user:secret-word@127.0.0.1:1/none",
        "postgresql://user:secret-word@[::1/none",
        # Written wrongly: none of them is the name of a file, or raises what is not ours.
        "redis://:secret-word@127.0.0.1:1/0?no_such_option=1",
        "rediss://:secret-word@127.0.0.1:1/0?ssl_cert_reqs=unknown",
        "postgresql:/user:secret-word@host/none",
        "POSTGRESQL://user:secret-word@host/none",
        " redis://:secret-word@host/0",
        "user:secret-word@host:5432/none",
        "//user:secret-word@host/none",
        "host=host user=user password=secret-word",
        "secret-word\0",
    ],
)
def test_the_password_of_a_store_is_in_no_text_and_in_no_frame(url: str) -> None:
    pytest.importorskip("psycopg")
    pytest.importorskip("redis")
    with pytest.raises(OpenApiException) as caught:
        open_holds(url).hold("wallet", "a", 1, 60, 10)
    assert "secret-word" not in str(caught.value)
    assert frames_that_show("secret-word", caught.value) == []


@pytest.mark.parametrize(
    ("module", "url", "extra"), [("psycopg", "postgresql://h/d", "postgres"), ("redis", "redis://h", "redis")]
)
def test_a_missing_library_is_named_with_its_extra(
    monkeypatch: pytest.MonkeyPatch, module: str, url: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'openmonetize\[{extra}\]'"):
        open_holds(url)
