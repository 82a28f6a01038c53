"""The outbox in PostgreSQL under any order of what may happen to it, beside a model of what it has to hold."""

from __future__ import annotations

from collections import Counter
from typing import Any

import engines
import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from openmonetize._http.redaction import Secret
from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.postgres.outbox import PostgresOutbox

psycopg = pytest.importorskip("psycopg")

ACCOUNTS = [Account("http://platform", "one"), Account("http://platform", "other")]
PROCESSES = st.integers(0, 2)


class PostgresMachine(RuleBasedStateMachine):
    """Three processes, of which the last serves another account.

    The model has each event once: where it is, and how it may end.
    """

    server = ""

    def __init__(self) -> None:
        super().__init__()
        self.url = engines.database(self.server)
        self.events: dict[bytes, str] = {}  # waiting, dead, accepted, duplicate, dropped
        self.accounts: dict[bytes, int] = {}
        self.leased: list[list[Batch]] = [[], [], []]
        self.processes = [self.start(index) for index in range(3)]
        self.connection = psycopg.connect(self.url)

    def start(self, index: int) -> PostgresOutbox:
        outbox = PostgresOutbox(Secret(self.url))
        outbox.open()
        outbox.serve([ACCOUNTS[index // 2]])
        return outbox

    @rule(index=PROCESSES, count=st.integers(1, 5), how=st.sampled_from(["put", "commit", "roll back"]))
    def record(self, index: int, count: int, how: str) -> None:
        for _ in range(count):
            wire = b"event-%d" % len(self.accounts)
            self.accounts[wire] = index // 2
            if how == "put":
                self.processes[index].put(wire, ACCOUNTS[index // 2])
            else:
                self.processes[index].put_in(self.connection, wire, ACCOUNTS[index // 2])
            if how != "roll back":
                self.events[wire] = "waiting"
        self.connection.commit() if how == "commit" else self.connection.rollback()

    @rule(index=PROCESSES, most=st.integers(1, 6), size=st.integers(1, 60))
    def lease(self, index: int, most: int, size: int) -> None:
        batch = self.processes[index].lease(most, size)
        if batch is not None:
            assert len(batch) <= most and all(self.accounts[wire] == index // 2 for wire in batch.wires)
            held = [wire for batches in self.leased for other in batches for wire in other.wires]
            assert not set(held) & set(batch.wires), "two have leased it"
            self.leased[index].append(batch)
        else:
            held = [wire for batches in self.leased for other in batches for wire in other.wires]
            waiting = {wire for wire, state in self.events.items() if state == "waiting"}
            assert not {wire for wire in waiting - set(held) if self.accounts[wire] == index // 2}, "it was left out"

    def taken(self, index: int, data: Any) -> Batch | None:
        """Take a part of a batch that a process holds; the rest stays with it."""
        if not self.leased[index]:
            return None
        batch = self.leased[index].pop()
        count = data.draw(st.integers(1, len(batch)))
        if count < len(batch):
            self.leased[index].append(batch.slice(count, len(batch)))
        return batch.slice(0, count)

    @rule(index=PROCESSES, data=st.data())
    def deliver(self, index: int, data: Any) -> None:
        batch = self.taken(index, data)
        if batch is not None:
            duplicates = data.draw(st.integers(0, len(batch)))
            batch.source.ack(batch, duplicates)
            for place, wire in enumerate(batch.wires):
                self.events[wire] = "duplicate" if place < duplicates else "accepted"

    @rule(index=PROCESSES, data=st.data())
    def refuse(self, index: int, data: Any) -> None:
        batch = self.taken(index, data)
        if batch is not None:
            batch.source.dead_letter(batch, 400, "no good")
            self.events.update(dict.fromkeys(batch.wires, "dead"))

    @rule(index=PROCESSES, data=st.data(), sent=st.booleans())
    def put_back(self, index: int, data: Any, sent: bool) -> None:
        batch = self.taken(index, data)
        if batch is not None:
            if sent:
                batch.is_about_to_be_sent()
            batch.source.nack(batch)

    @rule(index=PROCESSES)
    def kill(self, index: int) -> None:
        """End a process without a word. Its leases end at once here."""
        self.processes[index].close()
        ids = [key for batch in self.leased[index] for key in batch.keys]
        self.leased[index] = []
        with psycopg.connect(self.url, autocommit=True) as server:
            server.execute("UPDATE openmonetize.events SET due = now() WHERE id = ANY(%s)", (ids,))
        self.processes[index] = self.start(index)

    @rule(index=PROCESSES)
    def replay(self, index: int) -> None:
        dead = [wire for wire, state in self.events.items() if state == "dead" and self.accounts[wire] == index // 2]
        assert self.processes[index].replay_dead_letters() == len(dead)
        self.events.update(dict.fromkeys(dead, "waiting"))

    @rule(index=PROCESSES)
    def discard(self, index: int) -> None:
        dead = [wire for wire, state in self.events.items() if state == "dead" and self.accounts[wire] == index // 2]
        assert self.processes[index].discard_dead_letters() == len(dead)
        self.events.update(dict.fromkeys(dead, "dropped"))

    @invariant()
    def counts_are_those_of_the_model(self) -> None:
        for account, outbox in enumerate((self.processes[0], self.processes[2])):
            found = Counter(state for wire, state in self.events.items() if self.accounts[wire] == account)
            stats = outbox.stats()
            assert (stats.accepted, stats.duplicate) == (found["accepted"], found["duplicate"])
            assert (stats.pending, stats.dead, stats.dropped) == (found["waiting"], found["dead"], found["dropped"])
            assert stats.tracked == sum(found.values())

    def teardown(self) -> None:
        self.connection.close()
        for outbox in self.processes:
            outbox.close()
        with psycopg.connect(self.server, autocommit=True) as server:
            server.execute(f"DROP DATABASE {self.url.split('/')[3].split('?')[0]} WITH (FORCE)".encode())


def test_nothing_is_lost_and_nothing_doubled_in_any_order(postgres_url: str) -> None:
    machine = type("MachineOfServer", (PostgresMachine,), {"server": postgres_url})
    quick = settings(
        max_examples=25, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck), database=None
    )
    run_state_machine_as_test(machine, settings=quick)
