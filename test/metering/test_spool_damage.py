"""Damage to the spool's files, while it is used and between runs: what is lost is what was destroyed, and is told."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Callable

import pytest

from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.base import Batch

from .spool_tools import ALICE, ANOTHER, DAMAGE, JumpingTime, Process, dead, files, folders, pending, wire_of

# What of it is known: that a file which nobody has open was there, or went on, no other file says.
UNTOLD = {
    "removed",
    "moved",
    "replaced by nothing",
    "replaced by another",
    "cut in the middle",
    "cut at the end",
    "a directory",
}
# That a process which does not read its own file again does not see.
IN_PLACE = {"zeroed", "zeroed in part", "flipped", "overwritten"}


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> JumpingTime:
    clock = JumpingTime()
    clock.install(monkeypatch)
    return clock


class Scene:
    """A spool with something of everything in it.

    Attributes:
        alive: a process that records. Of its events some were delivered, and some of those that a process has left.
        living: its segment.
        left: the segment of a process that was killed.
    """

    def __init__(self, path: Path, clock: JumpingTime) -> None:
        self.path = path
        finished = Process(path)
        finished.put(*map(wire_of, range(5)))
        finished.drain()
        finished.close()
        self.alive = Process(path)
        self.alive.put(*map(wire_of, range(200, 230)))
        (self.living,) = files(path, ".events")
        self._ack(self._lease(self.alive, 5))
        killed = Process(path)
        killed.put(*map(wire_of, range(100, 130)))
        batch = self._lease(killed, 10)
        self._ack(batch.slice(0, 6))
        batch.slice(6, 10).source.dead_letter(batch.slice(6, 10), 400, "refused")
        killed.crash()
        (self.left,) = {*files(path, ".events")} - {self.living}
        clock.offset += 3.0
        self._ack(self._lease(self.alive, 5))
        self.alive.batches.clear()
        self.alive.spool.pace(ALICE).update(lambda pace, now: pace._replace(sent_at=now))

    @staticmethod
    def _lease(process: Process, count: int) -> Batch:
        batch = process.lease(count)
        assert batch is not None
        return batch

    @staticmethod
    def _ack(batch: Batch) -> None:
        batch.source.ack(batch)

    def file(self, which: str) -> Path:
        (folder,) = folders(self.path)
        return {
            "the living segment": self.living,
            "the segment that was left": self.left,
            "the living positions": self.living.with_suffix(".pos"),
            "the positions that were left": self.left.with_suffix(".pos"),
            "the dead letters": files(self.path, ".dead")[0],
            "the counts": folder / "counts",
            "the account": folder / "account",
            "the pace": folder / "pace",
        }[which]


FILES = [
    "the living segment", "the segment that was left", "the living positions", "the positions that were left",
    "the dead letters", "the counts", "the account", "the pace",
]  # fmt: skip


def calmly(action: object) -> None:
    try:
        action()  # type: ignore[operator]
    except OutboxError:
        pass


@pytest.mark.parametrize("which", FILES)
@pytest.mark.parametrize("kind", DAMAGE)
def test_only_what_was_destroyed_is_lost_and_told(tmp_path: Path, clock: JumpingTime, kind: str, which: str) -> None:
    for end in ("goes on", "closes", "is killed at once", "is killed later", "is killed before"):
        path = tmp_path / end
        scene = Scene(path, clock)
        told = scene.alive.told
        scene.alive.spool.maintain()
        before = {*pending(path), *dead(path)}
        assert len(before) == 25 + 15 + 4
        delivered: list[bytes] = []
        if end == "is killed before":
            scene.alive.crash()
        DAMAGE[kind](scene.file(which))
        destroyed = before - {*pending(path), *dead(path)}
        expected = before - destroyed
        if kind == "replaced by another":
            expected |= {*pending(path)} & {*ANOTHER}
        if end != "is killed before":
            if end != "is killed at once":
                for step in range(4):
                    more = [wire_of(number) for number in range(300 + 10 * step, 310 + 10 * step)]
                    for wire in more:
                        try:
                            scene.alive.put(wire)
                        except OutboxError:  # memory has it then
                            continue
                        expected.add(wire)
                    clock.offset += 3.0
                    calmly(scene.alive.spool.maintain)
                    calmly(scene.alive.spool.stats)
            if end == "goes on":
                delivered += scene.alive.drain(failures=20)
                calmly(scene.alive.spool.maintain)
                delivered += scene.alive.drain(failures=20)
            if end in ("goes on", "closes"):
                calmly(scene.alive.close)
            else:
                scene.alive.crash()
        clock.offset += 10.0
        last = Process(path)
        calmly(last.spool.stats)
        delivered += last.drain(failures=20)
        letters: set[bytes] = set()
        try:
            letters = {letter.wire for letter in last.spool.dead_letters()}
        except OutboxError:
            assert (kind, which) in {("a directory", "the dead letters"), ("a directory", "the counts")}
            letters = {*dead(path)}
        calmly(last.spool.maintain)
        clock.offset += 10.0
        delivered += last.drain(failures=20)
        lost = expected - set(delivered) - letters
        assert not lost, (end, len(lost), sorted(lost)[:3])
        gone = destroyed - set(delivered) - letters
        told += last.told
        if gone and kind not in UNTOLD and (kind, which) != ("cut to nothing", "the dead letters"):
            assert told, (end, len(gone))
        if which == "the living segment" and (end == "goes on" or (end == "closes" and kind not in IN_PLACE)):
            assert not gone, (end, "memory or the open file has it")
        assert sum(events for _, events in told) <= len(before) + 40


def _remove(path: Path) -> None:
    shutil.rmtree(path)


def _move(path: Path) -> None:
    path.rename(path.with_name(f"{path.name}-old"))


def _file(path: Path) -> None:
    shutil.rmtree(path)
    path.touch()


@pytest.mark.parametrize("which", ["the outbox", "the account"])
@pytest.mark.parametrize("act", [_remove, _move, _file], ids=lambda act: act.__name__)
def test_a_directory_that_goes_while_it_is_used_costs_nothing_that_a_process_is_at(
    tmp_path: Path, clock: JumpingTime, act: Callable[[Path], None], which: str
) -> None:
    path = tmp_path / "spool"
    scene = Scene(path, clock)
    alive = scene.alive
    expected = set(pending(path))
    gone = path if which == "the outbox" else folders(path)[0]
    act(gone)
    delivered: list[bytes] = []
    for step in range(6):
        if step == 3 and gone.is_file():
            gone.unlink()
        for number in range(300 + 10 * step, 310 + 10 * step):
            try:
                alive.put(wire_of(number))
                expected.add(wire_of(number))
            except OutboxError:  # memory has it then
                assert gone.is_file()
        clock.offset += 1.5
        calmly(alive.spool.maintain)
        calmly(alive.spool.stats)
    assert not gone.is_file()
    assert {*pending(path)} == expected
    delivered += alive.drain()
    assert set(delivered) == expected
    assert alive.told
    alive.close()
    assert not files(path, ".events")


def test_the_largest_event_is_kept_when_it_is_refused_whatever_the_reason(tmp_path: Path) -> None:
    process = Process(tmp_path / "spool")
    wires = [wire_of(number, 960 * 1024 - 13) for number in range(6)]
    process.put(*wires)
    for _ in wires:
        batch = process.lease(1)
        assert batch is not None
        batch.source.dead_letter(batch, 400, "\U0001f600\n\t" * 500_000)
    process.crash()
    assert len(files(tmp_path / "spool", ".dead")) == 2  # neither is too large to be sent again
    last = Process(tmp_path / "spool")
    letters = last.spool.dead_letters()
    assert [letter.wire for letter in letters] == wires
    assert all(letter.reason.startswith("\U0001f600\n\t") for letter in letters)
    assert last.spool.replay_dead_letters() == 6
    assert sorted(last.drain()) == wires


def test_a_spool_that_is_deleted_and_made_again_while_it_is_looked_at_loses_nothing(
    tmp_path: Path, clock: JumpingTime
) -> None:
    path = tmp_path / "spool"
    process = Process(path)
    process.put(*map(wire_of, range(10)))
    (reader,) = process.spool._held.values()
    is_named = reader.file.is_named

    def interrupted() -> bool:
        named = is_named()
        if named:  # a recording call comes between this look and what follows from it
            shutil.rmtree(path)
            clock.offset += 2.0
            process.put(wire_of(10))
        return named

    reader.file.is_named = interrupted  # type: ignore[method-assign]
    for _ in range(3):
        calmly(process.spool.maintain)
    assert {*pending(path)} == {*map(wire_of, range(11))}
    assert process.told
    assert {*process.drain()} == {*map(wire_of, range(11))}
