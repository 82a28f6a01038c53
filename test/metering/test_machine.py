"""Over any sequence of events, faults, flushes, crashes, forks and clock jumps, counts and ledger are right."""

from __future__ import annotations

import json
import os
import sqlite3
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openmonetize import ApiClient, Configuration
from openmonetize.metering import BufferFull, Incident, Recorder
from openmonetize.metering.buffers import outbox

from .conftest import QUICK, adds_up, new_event
from .fault_server import TRANSIENT, FaultServer

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("OPENMONETIZE_SOAK") or 20)

_SETTINGS = settings(
    max_examples=RUNS, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class _JumpingTime:
    """The monotonic clock of a machine that was suspended or restarted."""

    offset = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.offset


class RecorderMachine(RuleBasedStateMachine):
    """A recorder with its buffer in memory."""

    options: ClassVar[dict[str, Any]] = {"max_events": 40}

    def __init__(self) -> None:
        super().__init__()
        self.server = FaultServer()
        self.server.hang = 0.15
        self.folder = tempfile.TemporaryDirectory()
        self.client = ApiClient(Configuration(self.server.url, access_token="om_live_a"))
        self.recorded: set[str] = set()
        self.left: set[str] = set()  # lost with the memory, unless a request under way still arrives
        self.recorder = self.make()

    def make(self) -> Recorder:
        return Recorder(self.client, retry=QUICK, request_timeout=0.1, flush_interval=3600, **self.options)

    @rule(count=st.integers(1, 15))
    def track(self, count: int) -> None:
        for _ in range(count):
            event = new_event()
            try:
                self.recorder.record(event)
            except BufferFull:
                assert self.recorder.stats().pending + self.recorder.stats().dead == 40
                return
            self.recorded.add(str(event.event_id))

    @rule()
    def track_a_bad_one(self) -> None:
        event = new_event()
        self.server.bad.add(str(event.event_id))
        try:
            self.recorder.record(event)
        except BufferFull:
            return
        self.recorded.add(str(event.event_id))

    @rule(faults=st.lists(st.sampled_from([*TRANSIENT, "402", "413"]), min_size=1, max_size=4))
    def fail(self, faults: list[str]) -> None:
        self.server.faults.extend(faults)

    @rule()
    def recover(self) -> None:
        self.server.faults.clear()

    @rule(names=st.booleans())
    def name_bad_events_or_not(self, names: bool) -> None:
        self.server.names_bad = names

    @rule(timeout=st.sampled_from([0.0, 0.05, 1.0]))
    def flush(self, timeout: float) -> None:
        result = self.recorder.flush(timeout)
        assert result.complete == (result.left == 0)

    @rule()
    def correct_and_replay(self) -> None:
        self.server.bad.clear()
        with self.recorder._delivery._one_at_a_time:  # no request is under way that may still be refused
            dead = self.recorder.stats().dead
            assert self.recorder.replay_dead_letters() == dead

    @precondition(lambda self: hasattr(os, "fork"))
    @rule(count=st.integers(1, 5))
    def fork(self, count: int) -> None:
        events = [new_event() for _ in range(count)]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the test is about forks beside threads
            pid = os.fork()
        if not pid:
            code = 1
            try:
                for event in events:
                    self.recorder.record(event)
                self.server.faults.clear()
                self.recorder.close(20.0)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == 0
        self.record_in_child(events)

    def record_in_child(self, events: list[Any]) -> None:
        """Note the child's events: those that it could not deliver are lost with it."""
        self.left.update(str(event.event_id) for event in events)

    @rule()
    def close_and_go_on(self) -> None:
        left = self.recorder.close(0.2).left
        stats = self.recorder.stats()
        assert left == stats.pending
        self.lose_memory()
        self.recorder = self.make()

    def lose_memory(self) -> None:
        """Note that undelivered events in memory are lost, which `close` reports."""
        self.left |= self.recorded
        self.recorded = set()

    @invariant()
    def the_counts_add_up(self) -> None:
        stats = self.recorder.stats()
        assert adds_up(stats)
        assert stats.tracked == len(self.recorded)

    @invariant()
    def nothing_is_billed_twice_or_invented(self) -> None:
        assert self.server.billed_once()
        assert set(self.server.ledger) <= self.recorded | self.left

    def teardown(self) -> None:
        try:
            self.server.faults.clear()
            for _ in range(5):
                if self.recorder.flush(10):
                    break
            stats = self.recorder.stats()
            assert stats.pending == 0
            dead = {letter.event["event_id"] for letter in self.recorder.dead_letters()}
            billed = set(self.server.ledger) - self.left
            assert billed | dead == self.recorded
            assert not billed & dead
            assert stats.accepted + stats.duplicate == len(billed)
        finally:
            self.recorder.close(0.0)
            self.client.close()
            self.server.close()
            self.folder.cleanup()


class OutboxMachine(RecorderMachine):
    """A recorder with an outbox, whose process may also crash, and whose clock may jump."""

    def __init__(self) -> None:
        self.clock = _JumpingTime()
        self.incidents: list[Incident] = []
        outbox.time = self.clock  # type: ignore[assignment]
        super().__init__()

    def make(self) -> Recorder:
        return Recorder(
            self.client,
            retry=QUICK,
            request_timeout=0.1,
            flush_interval=3600,
            outbox=Path(self.folder.name) / "usage.db",
            on_error=self.incidents.append,
        )

    def record_in_child(self, events: list[Any]) -> None:
        """Note the child's events: the parent delivers those that the child could not."""
        self.recorded.update(str(event.event_id) for event in events)

    def lose_memory(self) -> None:
        """Do nothing: the outbox keeps the events."""

    @invariant()
    def the_file_never_fails(self) -> None:
        reported = [incident.message for incident in self.incidents if incident.kind == "outbox"]
        assert all("deleted or replaced" in message for message in reported)

    @rule()
    def delete_the_file(self) -> None:
        self.recorder.stats()  # it is open
        for name in Path(self.folder.name).glob("usage.db*"):
            name.unlink()
        self.recorder._outboxes[0].follow_file()

    @rule(count=st.integers(0, 20), arrived=st.booleans())
    def crash(self, count: int, arrived: bool) -> None:
        """End the process while it sends, before or after the platform had the events."""
        self.recorder._sender.stop(10.0)
        batch = self.recorder._buffer.lease(count, 1_000_000) if count else None
        if batch is not None and arrived:
            events = [event for event in map(json.loads, batch.wires) if event["event_id"] not in self.server.bad]
            self.server.process(events, "cust-a")
        with sqlite3.connect(str(Path(self.folder.name) / "usage.db")) as connection:
            connection.execute("UPDATE owner SET identity = 'another-boot|x|1|1'")
        connection.close()
        self.recorder._closed = True  # it has ended; only its connections are let go of
        self.recorder._buffer.before_fork()
        self.recorder._buffer.after_fork(in_child=True)
        self.recorder = self.make()

    @rule(seconds=st.sampled_from([-1e7, -60.0, 60.0, 1e7]))
    def clock_jump(self, seconds: float) -> None:
        self.clock.offset += seconds

    def teardown(self) -> None:
        self.clock.offset += 200.0  # so that a lease prolonged by a jump runs out
        try:
            super().teardown()
        finally:
            outbox.time = time  # type: ignore[assignment]


TestRecorderMachine = RecorderMachine.TestCase
TestRecorderMachine.settings = _SETTINGS
TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = _SETTINGS
