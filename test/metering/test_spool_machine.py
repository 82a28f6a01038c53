"""Over any sequence of what processes do with a spool and what becomes of its files, every event is accounted for."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.spool import counts
from openmonetize.metering.results import Stats

from .programs import fork
from .spool_tools import ALICE, BOB, DAMAGE, JumpingTime, Process, dead, files, pending, wire_of

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")]

RUNS = int(os.environ.get("OPENMONETIZE_SOAK") or 30)
_SETTINGS = settings(
    max_examples=RUNS, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck), database=None
)


class SpoolMachine(RuleBasedStateMachine):
    """Up to three processes with one spool, and a model of what it has to hold.

    Attributes:
        put: the events that were put, and under which account they are.
        outcomes: of those that have one: "acked" or "dropped".
        leased: the events that are being sent.
        damaged: whether any file was damaged. Counts are not known then, and calls may say so.
        at_risk: what was destroyed. It may still be delivered from memory or open files, or be lost.
        noticed_at: when processes have noticed that the file which they write to was removed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.path = self.folder / "spool"
        self.clock = JumpingTime()
        self.patch = pytest.MonkeyPatch()
        self.clock.install(self.patch)
        self.patch.setattr(counts, "_MAX_BYTES", 400)  # so that they are summed up all the time
        self.number = 0
        self.put: dict[bytes, Account] = {}
        self.outcomes: dict[bytes, str] = {}
        self.leased: set[bytes] = set()
        self.damaged = False
        self.noticed_at = 0.0
        self.at_risk: set[bytes] = set()
        self.told: list[tuple[str, int]] = []
        self.processes = [self.new_process(ALICE)]

    def new_process(self, account: Account, **options: Any) -> Process:
        process = Process(self.path, account, max_bytes=2**16, **options)  # segments have a sixteenth of that
        process.told = self.told
        return process

    def process(self, number: int) -> Process:
        return self.processes[number % len(self.processes)]

    def unsettled(self) -> set[bytes]:
        return self.put.keys() - self.outcomes.keys()

    def may_come_again(self) -> set[bytes]:
        """Return what has an outcome, and is sent again because what said so was destroyed."""
        return set(self.outcomes) if self.damaged else set()

    def calm(self) -> AbstractContextManager[None]:
        """Return a block in which the spool may say that it cannot be used, if it was damaged."""
        return suppress(OutboxError) if self.damaged else nullcontext()

    # What processes do

    @rule(who=st.integers(0, 2), count=st.integers(1, 12), size=st.sampled_from([0, 0, 300, 1500, 5000]))
    def put_events(self, who: int, count: int, size: int) -> None:
        process = self.process(who)
        for _ in range(count):
            self.number += 1
            wire = wire_of(self.number, size)
            try:
                process.put(wire)
            except OutboxError:  # it is full
                return
            self.put[wire] = process.account
            if self.clock.monotonic() < self.noticed_at:
                self.at_risk.add(wire)

    @rule(who=st.integers(0, 2), most=st.integers(1, 20))
    def lease(self, who: int, most: int) -> None:
        process = self.process(who)
        batch = None
        with self.calm():
            batch = process.lease(most)
        if batch is None:
            return
        assert 0 < len(batch) <= most
        assert batch.account == process.account
        wires = set(batch.wires)
        assert len(wires) == len(batch)
        assert wires <= self.put.keys(), "invented"
        if not self.damaged:
            assert not wires & self.leased, "leased twice at the same time"
            assert wires <= self.unsettled(), "leased after its outcome"
            assert {self.put[wire] for wire in wires} == {process.account}
        self.leased |= wires

    @rule(who=st.integers(0, 2), which=st.integers(0, 5), data=st.data())
    def settle(self, who: int, which: int, data: st.DataObject) -> None:
        """Give the events of a batch their outcomes, as the answer to a request does: different ones."""
        process = self.process(who)
        if not process.batches:
            return
        batch = process.batches.pop(which % len(process.batches))
        cuts = sorted(data.draw(st.lists(st.integers(0, len(batch)), max_size=3), label="cuts"))
        for start, stop in zip([0, *cuts], [*cuts, len(batch)]):
            if start < stop:
                outcome = data.draw(st.sampled_from(["ack", "ack", "nack", "delay", "dead"]), label="outcome")
                self.settle_part(batch.slice(start, stop), outcome, data)
        self.leased.difference_update(batch.wires)

    def settle_part(self, part: Batch, outcome: str, data: st.DataObject) -> None:
        if outcome == "ack":
            part.source.ack(part, data.draw(st.integers(0, len(part)), label="duplicates"))
            self.outcomes.update((wire, "acked") for wire in part.wires)
        elif outcome == "dead":
            try:
                part.source.dead_letter(part, 400, "refused")
            except OutboxError:
                assert self.damaged
                part.source.nack(part)
        else:
            part.source.nack(part, 30.0 if outcome == "delay" else 0.0)

    @rule(who=st.integers(0, 2))
    def replay(self, who: int) -> None:
        spool = self.process(who).spool
        with self.calm():
            letters = spool.dead_letters()
            assert spool.replay_dead_letters() == len(letters)
            assert not spool.dead_letters()

    @rule(who=st.integers(0, 2))
    def discard(self, who: int) -> None:
        spool = self.process(who).spool
        with self.calm():
            letters = spool.dead_letters()
            if self.damaged:
                self.at_risk.update(letter.wire for letter in letters)
            assert spool.discard_dead_letters() == len(letters)
            self.outcomes.update((letter.wire, "dropped") for letter in letters)

    @rule(who=st.integers(0, 2))
    def maintain(self, who: int) -> None:
        with self.calm():
            self.process(who).spool.maintain()

    @rule(who=st.integers(0, 2))
    def flush(self, who: int) -> None:
        spool = self.process(who).spool
        with self.calm():
            done = spool.is_past(spool.watermark())
            if done and len(self.processes) == 1 and not self.damaged:  # others deliver what they write themselves
                assert not self.unsettled().intersection(pending(self.path, self.process(who).account))

    @rule(seconds=st.sampled_from([0.5, 1.5, 5.0, 70.0]))
    def wait(self, seconds: float) -> None:
        self.clock.offset += seconds

    # Processes come and go

    @precondition(lambda self: len(self.processes) < 3)
    @rule(account=st.sampled_from([ALICE, ALICE, BOB]), keep=st.sampled_from([0.0, 30.0]))
    def start_process(self, account: Account, keep: float) -> None:
        self.processes.append(self.new_process(account, keep_seconds=keep))

    @rule(who=st.integers(0, 2))
    def close(self, who: int) -> None:
        process = self.process(who)
        self.forget_leases(process)
        with self.calm():
            process.close()
        self.end(process)

    @rule(who=st.integers(0, 2))
    def crash(self, who: int) -> None:
        process = self.process(who)
        self.forget_leases(process)
        process.crash()
        self.end(process)

    def forget_leases(self, process: Process) -> None:
        for batch in process.batches:
            self.leased.difference_update(batch.wires)

    def end(self, process: Process) -> None:
        self.processes.remove(process)
        if not self.processes:
            self.processes.append(self.new_process(process.account))

    @rule(who=st.integers(0, 2))
    def change_key(self, who: int) -> None:
        process = self.process(who)
        process.account = BOB if process.account is ALICE else ALICE
        process.spool.serve((process.account,))

    @rule(who=st.integers(0, 2))
    def adopt(self, who: int) -> None:
        account = self.process(who).account
        before = {*pending(self.path, account), *dead(self.path, account)}
        moved = 0
        with self.calm():
            moved = self.process(who).spool.adopt(BOB if account is ALICE else ALICE, account)
        adopted = {*pending(self.path, account), *dead(self.path, account)} - before
        assert moved == len(adopted) or self.damaged
        self.put.update((wire, account) for wire in adopted)

    @rule(who=st.integers(0, 2), count=st.integers(1, 8), end=st.sampled_from(["crash", "close"]))
    def fork(self, who: int, count: int, end: str) -> None:
        """Record in a child, whose parent keeps its segments."""
        process = self.process(who)
        wires = [wire_of(self.number + number) for number in range(1, count + 1)]
        self.number += count
        pid = fork()
        if not pid:
            code = 1
            try:
                code = 100 + self.record_in_child(process, wires, end)
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert code >= 100
        self.put.update((wire, process.account) for wire in wires[: code - 100])

    def record_in_child(self, process: Process, wires: list[bytes], end: str) -> int:
        for one in self.processes:
            one.crash()
        recorded = 0
        with suppress(OutboxError):  # it is full
            for wire in wires:
                process.put(wire)
                recorded += 1
        if end == "close":
            process.close()
        return recorded

    # What has to hold

    @invariant()
    def a_crash_of_all_would_lose_nothing(self) -> None:
        assert self.unsettled() - self.at_risk <= {*pending(self.path), *dead(self.path)}

    @invariant()
    def the_counts_add_up(self) -> None:
        every: dict[Account, Stats] = {}
        for process in self.processes:
            stats = Stats()
            with self.calm():
                stats = process.spool.stats()
            assert stats.tracked == sum(stats[1:])
            assert min(stats) >= 0
            every[process.account] = stats
        if self.damaged:
            return
        for account, stats in every.items():
            mine = {wire for wire in self.unsettled() if self.put[wire] == account}
            assert stats.pending + stats.dead == len(mine)
            assert stats.dead == len(mine.intersection(dead(self.path)).difference(pending(self.path)))
        if len(every) == 2:
            acked = sum(outcome == "acked" for outcome in self.outcomes.values())
            assert sum(stats.accepted + stats.duplicate for stats in every.values()) == acked
            assert sum(stats.dropped for stats in every.values()) == len(self.outcomes) - acked
            assert sum(stats.tracked for stats in every.values()) == len(self.put)

    @invariant()
    def nothing_is_told_that_did_not_happen(self) -> None:
        assert self.damaged or not self.told

    def teardown(self) -> None:
        try:
            for number, process in enumerate(self.processes):
                if number % 2:
                    with self.calm():
                        process.close()
                else:
                    process.crash()
            self.deliver_the_rest()
        finally:
            self.patch.undo()
            shutil.rmtree(self.folder)

    def deliver_the_rest(self) -> None:
        self.clock.offset += 100.0
        delivered: set[bytes] = set()
        last = self.new_process(ALICE)
        last.spool.serve((ALICE, BOB))
        for _ in range(3):
            with self.calm():
                last.spool.maintain()
            self.clock.offset += 10.0
            delivered |= set(last.drain(failures=50 if self.damaged else 0))
        letters: set[bytes] = set(dead(self.path))
        with self.calm():
            letters = {letter.wire for letter in last.spool.dead_letters()}
        assert delivered | letters <= self.put.keys()
        assert self.unsettled() - self.at_risk <= delivered | letters
        if not self.damaged:
            assert delivered | letters == self.unsettled()
            assert not delivered & letters
            assert last.spool.stats().pending == 0
            assert not [file for ending in (".events", ".pos", ".new") for file in files(self.path, ending)]
        with self.calm():
            last.close()


class DamagedSpoolMachine(SpoolMachine):
    """A spool whose files are also removed, cut, overwritten and replaced."""

    @rule(kind=st.sampled_from(sorted({*DAMAGE} - {"replaced by another"})), which=st.integers(0, 100))
    def damage(self, kind: str, which: int) -> None:
        found = files(self.path)
        if found:
            self.damaged, self.noticed_at = True, self.clock.monotonic() + 1.1
            before = {*pending(self.path), *dead(self.path)}
            DAMAGE[kind](found[which % len(found)])
            self.at_risk |= before - {*pending(self.path), *dead(self.path)}

    @rule()
    def remove_the_directory(self) -> None:
        self.damaged, self.noticed_at = True, self.clock.monotonic() + 1.1
        self.at_risk |= self.unsettled()
        shutil.rmtree(self.path, ignore_errors=True)


TestSpoolMachine = SpoolMachine.TestCase
TestSpoolMachine.settings = _SETTINGS
TestDamagedSpoolMachine = DamagedSpoolMachine.TestCase
TestDamagedSpoolMachine.settings = _SETTINGS
