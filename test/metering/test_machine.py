"""Counts and ledger are right over any sequence of events, faults, keys, flushes, crashes, forks and deletions."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from openmonetize import ApiClient, Configuration
from openmonetize.metering import BufferFull, Incident, Recorder
from openmonetize.metering.buffers.spool import reader, records, segment, spool

from .conftest import QUICK, adds_up, new_event
from .fault_server import TRANSIENT, FaultServer
from .programs import fork

pytestmark = pytest.mark.slow

RUNS = int(os.environ.get("OPENMONETIZE_SOAK") or 20)

_SETTINGS = settings(
    max_examples=RUNS, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck), database=None
)

# What may be deleted of an outbox: all of it, a directory, files.
KINDS_OF_FILES = ["", "*", "*/*.events", "*/*.pos", "*/*.dead", "*/counts", "*/account", "*/pace"]

needs_fork = precondition(lambda self: hasattr(os, "fork"))


class _JumpingTime:
    """The clocks of a machine that was suspended, and whose time was set."""

    def __init__(self) -> None:
        self.suspended = self.set = 0.0  # seconds

    def monotonic(self) -> float:
        return time.monotonic() + self.suspended

    def time(self) -> float:
        return time.time() + self.set

    def time_ns(self) -> int:
        return time.time_ns() + int(self.set * 1e9)


class RecorderMachine(RuleBasedStateMachine):
    """A recorder with its buffer in memory.

    Attributes:
        recorded: ids of events that have to be billed, or dead letters.
        of_b: the same, of another customer.
        left: ids of events that may be billed, or lost.
    """

    options: ClassVar[dict[str, Any]] = {"max_events": 40}

    def __init__(self) -> None:
        super().__init__()
        self.server = FaultServer()
        self.server.hang = 0.15
        self.folder = tempfile.TemporaryDirectory()
        self.client = ApiClient(Configuration(self.server.url, access_token="om_live_a"))
        self.recorded: set[str] = set()
        self.of_b: set[str] = set()
        self.left: set[str] = set()
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

    @rule(count=st.integers(1, 5), timeout=st.sampled_from([None, 0.0, 1.0]))
    def track_under_another_customers_key(self, count: int, timeout: float | None) -> None:
        self.use("om_live_b")
        for _ in range(count):
            event = new_event()
            try:
                self.recorder.record(event)
            except BufferFull:
                break
            self.of_b.add(str(event.event_id))
        if timeout is not None:
            self.recorder.flush(timeout)
        self.use("om_live_a")

    def use(self, key: str) -> None:
        """Change the key while no request is under way, so that this is deterministic."""
        with self.recorder._pipeline.delivery._one_at_a_time:
            self.client.configuration.access_token = key

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
        with self.recorder._pipeline.delivery._one_at_a_time:  # no request is under way that may still be refused
            dead = self.recorder.stats().dead
            assert self.recorder.replay_dead_letters() == dead

    @needs_fork
    @rule(count=st.integers(1, 5), killed=st.booleans())
    def fork(self, count: int, killed: bool) -> None:
        events = [new_event() for _ in range(count)]
        pid = fork()
        if not pid:
            code = 1
            try:
                for event in events:
                    self.recorder.record(event)
                if killed:
                    self.recorder.flush(0.05)
                    os.kill(os.getpid(), signal.SIGKILL)
                self.server.faults.clear()
                self.recorder.close(20.0)
                code = 0
            finally:
                os._exit(code)
        assert os.waitpid(pid, 0)[1] == (signal.SIGKILL if killed else 0)
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
        self.left |= self.recorded | self.of_b
        self.recorded, self.of_b = set(), set()

    @invariant()
    def the_counts_add_up(self) -> None:
        stats = self.recorder.stats()
        assert adds_up(stats)
        self.check_tracked(stats.tracked)

    def check_tracked(self, tracked: int) -> None:
        """Check how many events the recorder says that there were: in memory, those of all keys."""
        assert tracked == len(self.recorded) + len(self.of_b)

    @invariant()
    def nothing_is_billed_twice_or_invented_or_to_another_customer(self) -> None:
        assert self.server.billed_once()
        assert set(self.server.ledger) <= self.recorded | self.of_b | self.left
        billed = dict(self.server.customers)
        assert all(billed[event_id] == "cust-b" for event_id in self.of_b & billed.keys())
        assert all(billed[event_id] == "cust-a" for event_id in self.recorded & billed.keys())

    def teardown(self) -> None:
        try:
            self.server.faults.clear()
            self.server.names_bad = True  # without a name, an event that is refused and is the only one stays
            self.deliver("om_live_b", self.of_b)
            self.deliver("om_live_a", self.recorded)
            stats = self.recorder.stats()
            assert stats.pending == 0
            self.check_settled(stats)
        finally:
            self.recorder.close(0.0)
            self.client.close()
            self.server.close()
            self.folder.cleanup()

    def deliver(self, key: str, recorded: set[str]) -> None:
        """Deliver what was recorded under a key, and check that nothing is missing."""
        self.use(key)
        for _ in range(5):
            if self.recorder.flush(10):
                break
        dead = {letter.event["event_id"] for letter in self.recorder.dead_letters()}
        billed = set(self.server.ledger)
        assert recorded <= billed | dead
        assert not billed & dead

    def check_settled(self, stats: Any) -> None:
        """Check how many events the recorder says that were billed."""
        assert stats.accepted + stats.duplicate == len(set(self.server.ledger) & (self.recorded | self.of_b))


class OutboxMachine(RecorderMachine):
    """A recorder with an outbox, whose process may crash, whose files may be deleted, and whose clocks may jump."""

    def __init__(self) -> None:
        self.clock = _JumpingTime()
        self.incidents: list[Incident] = []
        self.deleted = False  # a file that the sender was about to use may be missing
        self.exact = True  # the counts are complete: nothing was deleted that they depend on
        for module in (spool, reader, segment):
            module.time = self.clock  # type: ignore[attr-defined]
        super().__init__()

    @property
    def path(self) -> Path:
        return Path(self.folder.name) / "usage-outbox"

    @property
    def spool(self) -> spool.Spool:
        found = self.recorder._durable[0]
        assert isinstance(found, spool.Spool)
        return found

    def make(self) -> Recorder:
        return Recorder(
            self.client,
            retry=QUICK,
            request_timeout=0.1,
            flush_interval=3600,
            outbox=self.path,
            on_error=self.incidents.append,
        )

    @initialize(segment_bytes=st.sampled_from([1500, 2**22]), own_events=st.sampled_from([1, 5, 20_000]))
    def bound(self, segment_bytes: int, own_events: int) -> None:
        """Have small segments, which are sealed all the time, and small memories, so that files are read."""
        spool.MAX_SEGMENT_BYTES = self.spool._segment_bytes = segment_bytes
        spool.MAX_OWN_EVENTS = segment.MAX_OWN_EVENTS = own_events

    def record_in_child(self, events: list[Any]) -> None:
        """Note the child's events: the parent delivers those that the child could not."""
        self.recorded.update(str(event.event_id) for event in events)

    def lose_memory(self) -> None:
        """Do nothing: the outbox keeps the events."""

    def check_tracked(self, tracked: int) -> None:
        """Check the same of the present key's account: other keys' events are not counted."""
        if self.exact:
            assert tracked == len(self.recorded)
        else:
            assert tracked <= len(self.recorded | self.left)

    def check_settled(self, stats: Any) -> None:
        """Check the same of the present key's account."""
        if self.exact:
            assert stats.accepted + stats.duplicate == len(set(self.server.ledger) & self.recorded)

    @invariant()
    def the_outbox_never_fails(self) -> None:
        told = [incident.message for incident in self.incidents if incident.kind == "outbox"]
        assert not [message for message in told if not (self.deleted and "No such file" in message)]

    @rule(count=st.integers(0, 20), arrived=st.booleans(), torn=st.integers(0, 60))
    def crash(self, count: int, arrived: bool, torn: int) -> None:
        """End the process while it sends, before or after the platform had the events, and while it writes."""
        self.recorder._buffer.close = lambda: None  # type: ignore[method-assign]  # the sender would, at its end
        self.recorder._sender.stop(10.0)
        batch = self.recorder._buffer.lease(count, 1_000_000) if count else None
        if batch is not None and arrived:
            events = [event for event in map(json.loads, batch.wires) if event["event_id"] not in self.server.bad]
            self.server.process(events, "cust-a")
        for held in self.spool._held.values():
            if not held.complete:
                os.write(held.file.fd, records.encode(b"x" * 100, 2**19)[:torn])
            held.abandon()  # the system closes the files, and frees their locks
        self.recorder._pipeline.closed = True  # it has ended
        self.recorder = self.make()

    @rule(kind=st.sampled_from(KINDS_OF_FILES), number=st.integers(0, 9))
    def delete(self, kind: str, number: int) -> None:
        """Remove a file, an account's directory or the whole outbox."""
        # The model has to see the same files that are deleted: nothing is sent or removed meanwhile.
        with self.recorder._pipeline.delivery._one_at_a_time, self.spool._lock:
            found = sorted(self.path.glob(kind)) if kind else [self.path]
            if not found:
                return
            path = found[number % len(found)]
            self.deleted = True
            held = {reader.file.path for reader in self.spool._held.values()}
            for file in [path] if path.is_file() else path.rglob("*.*"):
                if file.suffix not in (".events", ".dead"):
                    continue
                ids = set(re.findall(r'"event_id":"([0-9a-f-]{36})"', file.read_text(errors="replace")))
                if str(file) not in held:  # who has the file writes the events again
                    self.left |= ids
                    self.exact = False
            self.exact &= kind not in ("", "*", "*/counts", "*/*.pos")
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
            self.recorded -= self.left
            self.of_b -= self.left
            for _ in range(2):
                self.spool.maintain()

    @rule(suspended=st.sampled_from([0.0, 60.0, 1e7]), was_set=st.sampled_from([-1e7, -60.0, 0.0, 1e7]))
    def clock_jump(self, suspended: float, was_set: float) -> None:
        self.clock.suspended += suspended
        self.clock.set += was_set

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            for module in (spool, reader, segment):
                module.time = time  # type: ignore[attr-defined]
            spool.MAX_SEGMENT_BYTES = 2**22
            spool.MAX_OWN_EVENTS = segment.MAX_OWN_EVENTS = 20_000


TestRecorderMachine = RecorderMachine.TestCase
TestRecorderMachine.settings = _SETTINGS
TestOutboxMachine = OutboxMachine.TestCase
TestOutboxMachine.settings = _SETTINGS
