"""One pace for all processes of a host: no more requests than the platform takes, and no file that can stop them."""

from __future__ import annotations

import heapq
import math
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, strategies as st

from openmonetize.metering.buffers.spool.pace_file import PaceFile
from openmonetize.metering.pace import WINDOW, Pace
from openmonetize.metering.rate_limiter import RateLimiter

from .conftest import Clock, limit_headers as headers
from .fault_server import FaultServer
from .programs import finish, program, start

BOOT = 1_000.0  # the monotonic clock is not the wall clock
NOW = 1_800_000_000.0


class Clocks:
    """A host's two clocks."""

    def __init__(self) -> None:
        self.wall, self.monotonic = Clock(NOW), Clock(BOOT)

    def wait(self, seconds: float) -> None:
        self.wall.now += seconds
        self.monotonic.now += seconds

    def limiter(self, path: Path, share: float = 1.0) -> RateLimiter:
        """Return the limiter of one more process."""
        return RateLimiter(share, self.monotonic, PaceFile(str(path), self.wall))


class Platform:
    """Counts requests in windows of a minute, which begin with the first request."""

    def __init__(self, limit: int, clock: Clock) -> None:
        self.limit = limit
        self.clock = clock
        self.ends = 0.0
        self.windows: list[int] = []

    def answer(self) -> dict[str, str]:
        if self.clock.now >= self.ends:
            self.ends = self.clock.now + 60.0
            self.windows.append(0)
        self.windows[-1] += 1
        return headers(max(0, self.limit - self.windows[-1]), math.ceil(self.ends - self.clock.now), self.limit)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "pace"


# Shared


def test_what_one_process_learns_the_others_know(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn({**headers(0, reset=30), "x-monthly-quota-remaining": "12"})
    assert not other.reserve()
    assert other.next_at() == pytest.approx(BOOT + 31)
    assert other.quota == 12
    clocks.wait(31)
    assert other.reserve()


def test_two_processes_do_not_both_send_the_last_request(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn(headers(1))
    assert [one.reserve(urgent=True), other.reserve(urgent=True)] == [True, False]


def test_the_requests_of_all_processes_are_spread_together(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path, 0.5), clocks.limiter(path, 0.5)
    one.learn(headers(61, reset=30))
    clocks.wait(3)
    assert one.reserve()
    assert not other.reserve()
    assert other.next_at() == pytest.approx(BOOT + 3 + 28 / 10)


def test_the_first_requests_of_a_new_window_share_its_limit(clocks: Clocks, path: Path) -> None:
    processes = [clocks.limiter(path) for _ in range(5)]
    processes[0].learn(headers(2, limit=3))
    clocks.wait(61)
    assert [process.reserve() for process in processes] == [True, True, True, False, False]
    clocks.wait(1)
    processes[0].learn(headers(2, limit=3))
    assert [process.reserve() for process in processes[3:]] == [False, False], "the platform will count two more"


def test_an_answer_does_not_make_others_requests_forgotten(clocks: Clocks, path: Path) -> None:
    one, other, third = (clocks.limiter(path) for _ in range(3))
    one.learn(headers(2, limit=3))
    assert [one.reserve(urgent=True), other.reserve(urgent=True)] == [True, True]
    one.learn(headers(1, limit=3))
    assert not third.reserve(urgent=True), "the platform has still to count the other's"


def test_requests_under_way_at_the_end_of_a_window_count_in_the_next(clocks: Clocks, path: Path) -> None:
    one, other, third = (clocks.limiter(path) for _ in range(3))
    one.learn(headers(2, reset=10, limit=3))
    clocks.wait(10.5)  # the platform's window ended, as will be seen
    assert [one.reserve(urgent=True), other.reserve(urgent=True)] == [True, True]
    one.learn(headers(2, limit=3))
    assert [one.reserve(urgent=True), third.reserve(urgent=True)] == [True, False]


def test_a_process_that_was_killed_holds_nothing_for_longer_than_a_window(clocks: Clocks, path: Path) -> None:
    clocks.limiter(path).learn(headers(0, reset=1, limit=1))
    clocks.wait(2)
    assert clocks.limiter(path).reserve()  # and no word from it any more
    heir = clocks.limiter(path)
    assert not heir.reserve()
    clocks.wait(WINDOW + 1)
    assert heir.next_at() <= clocks.monotonic()
    assert heir.reserve()


def test_a_process_waits_but_briefly_for_the_answers_of_others(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn(headers(0, reset=1, limit=1))
    clocks.wait(2)
    assert one.reserve()
    assert not other.reserve()
    assert clocks.monotonic() < other.next_at() <= clocks.monotonic() + 1
    one.learn(headers(9, limit=10))
    clocks.wait(1)
    assert other.reserve()


@given(
    st.integers(0, 2**32),
    st.integers(1, 6),
    st.integers(1, 20),
    st.sampled_from([0.05, 0.3, 0.5, 1.0]),
    st.booleans(),
)
def test_no_interleaving_sends_more_than_the_platform_takes(
    seed: int, processes: int, limit: int, share: float, urgent: bool
) -> None:
    draw = random.Random(seed)
    patience = draw.choice([0.1, 1.0, 8.0])  # the most seconds between two steps
    with tempfile.TemporaryDirectory() as folder:
        clocks, path = Clocks(), Path(folder) / "pace"
        platform = Platform(limit, clocks.wall)
        first = clocks.limiter(path, share)
        assert first.reserve()
        first.learn(platform.answer())  # from here on the limit is known
        limiters = [clocks.limiter(path, share) for _ in range(processes)]
        sent: dict[int, float] = {}  # when the requests under way were sent
        answers: dict[int, tuple[float, dict[str, str]]] = {}  # how long they took to the platform, what it said
        lost = 0

        def step(index: int, event: str) -> None:
            nonlocal lost
            limiter = limiters[index]
            if index in answers:
                seconds, answer = answers.pop(index)
                # An answer that nobody gets says nothing of its request, which the next answer does. The request of a
                # process that was killed is remembered from when it was sent.
                lost += event == "lose" or (event == "kill" and seconds > 1.0)
                if event != "kill":
                    limiter.learn(answer if event != "lose" else {})
                del sent[index]
            elif index in sent:
                if event != "kill":
                    answers[index] = clocks.wall() - sent[index], platform.answer()
            elif limiter.next_at(urgent) <= clocks.monotonic() and limiter.reserve(urgent):
                sent[index] = clocks.wall()
            if event == "kill":
                sent.pop(index, None)
                limiters[index] = clocks.limiter(path, share)

        allowed = limit if urgent else max(1, int(limit * share))
        for _ in range(300):
            step(draw.randrange(processes), draw.choices(["go on", "lose", "kill"], [95, 1, 4])[0])
            assert max(platform.windows) <= allowed + lost
            if draw.random() < 0.3:
                clocks.wait(draw.uniform(0.0, patience))
                for index, since in list(sent.items()):
                    while index in sent and clocks.wall() - since > 10.0:
                        step(index, "go on")

        clocks.wait(2 * WINDOW)
        assert limiters[0].reserve(), "nothing is held"


def test_forty_processes_use_nine_tenths_of_the_limit_without_a_refusal(clocks: Clocks, path: Path) -> None:
    draw = random.Random(5)
    platform = Platform(100, clocks.monotonic)
    limiters = [clocks.limiter(path) for _ in range(40)]
    events: list[tuple[float, int, str]] = [(BOOT + draw.random(), index, "ask") for index in range(40)]
    heapq.heapify(events)
    answers: dict[int, dict[str, str]] = {}
    while events[0][0] < BOOT + 600:
        at, index, event = heapq.heappop(events)
        clocks.wait(at - clocks.monotonic())
        after, then = draw.uniform(0.02, 0.5), "ask"
        if event == "arrive":
            answers[index], then = platform.answer(), "answer"
        elif event == "answer":
            limiters[index].learn(answers.pop(index))
            after = 0.0
        elif limiters[index].next_at() > at:
            after = limiters[index].next_at() - at
        elif limiters[index].reserve():
            then = "arrive"
        heapq.heappush(events, (at + after + 1e-6, index, then))
    assert max(platform.windows) <= 100
    assert min(platform.windows[:-1]) >= 90
    assert len(platform.windows) >= 9


# Real processes

WORK = """
from openmonetize.exceptions import ApiException
from openmonetize.metering.buffers.spool.pace_file import PaceFile
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.request import send_batch

urgent, end = sys.argv[3] == "urgent", sys.argv[4]
limiter = RateLimiter(store=PaceFile(outbox))
print("ready", flush=True)
sys.stdin.readline()
while not os.path.exists(end):
    if limiter.next_at(urgent) > time.monotonic() or not limiter.reserve(urgent):
        if urgent and limiter.next_at(urgent) > time.monotonic() + 5:
            break  # the window's limit is used up
        time.sleep(0.01)
        continue
    try:
        limiter.learn(send_batch(client, [new_event().to_wire()]).headers)
    except ApiException as error:
        limiter.learn(error.headers)
"""


def start_together(folder: Path, url: str, path: Path, how: str, count: int = 8) -> list[subprocess.Popen[str]]:
    """Start processes that send at the same time, until a file named "end" is there."""
    work = program(folder, WORK)
    arguments = [how, str(folder / "end")]
    processes = [start(work, url, str(path), *arguments, stdin=subprocess.PIPE) for _ in range(count)]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", finish(process)
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    return processes


def wait_until(condition: Callable[[], bool], seconds: float = 60.0) -> None:
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        time.sleep(0.02)
    pytest.fail("it did not happen")


def test_eight_processes_in_a_hurry_use_the_limit_up_and_no_more(
    server: FaultServer, tmp_path: Path, path: Path
) -> None:
    server.limit = server.remaining = 40
    for process in start_together(tmp_path, server.url, path, "urgent"):
        finish(process)
    assert (server.windows, server.limited) == ([40], 0)


@pytest.mark.slow
def test_eight_processes_leave_the_application_its_share_in_every_window(
    server: FaultServer, tmp_path: Path, path: Path
) -> None:
    server.limit = server.remaining = 20
    server.window = 6.0
    processes = start_together(tmp_path, server.url, path, "paced")
    wait_until(lambda: len(server.windows) >= 3)
    (tmp_path / "end").touch()
    for process in processes:
        finish(process)
    assert server.limited == 0
    assert max(server.windows) <= 10


def test_kills_at_any_moment_leave_the_others_their_pace(server: FaultServer, tmp_path: Path, path: Path) -> None:
    server.limit = server.remaining = 300
    processes = start_together(tmp_path, server.url, path, "urgent")
    for count, process in enumerate(processes[:4], 1):
        wait_until(lambda: server.requests >= 30 * count)  # noqa: B023
        process.kill()
        process.communicate(timeout=60)
    for process in processes[4:]:
        finish(process)
    assert server.limited == 0
    assert 300 - 4 <= server.windows[0] <= 300, "a request of each process that was killed may be missing"


HOLDER = """
from openmonetize.metering.buffers.spool.pace_file import PaceFile

def hold(pace, now):
    print("held", flush=True)
    time.sleep(60)

PaceFile(outbox).update(hold)
"""


def test_a_process_that_stands_still_with_the_lock_stops_nobody_and_frees_it_when_it_is_killed(
    tmp_path: Path, path: Path
) -> None:
    holder = start(program(tmp_path, HOLDER), "http://127.0.0.1:1", str(path))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n", finish(holder)
    one, other = (RateLimiter(1.0, store=PaceFile(str(path))) for _ in range(2))
    assert one.reserve()
    one.learn(headers(0))
    assert not one.reserve(), "it goes on with what it knows itself"
    assert other.reserve(), "which the other cannot know"
    holder.kill()
    holder.communicate(timeout=60)
    one.learn(headers(0))
    assert not other.reserve()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this system")
def test_a_fork_at_the_worst_moment_does_not_keep_the_lock(path: Path) -> None:
    reading, writing = os.pipe()

    def fork(pace: Pace, now: float) -> Pace:
        if os.fork() == 0:
            os.close(writing)
            os.read(reading, 1)  # lives until the test ends
            os._exit(0)
        return pace._replace(limit=7, sent_at=now)

    PaceFile(str(path)).update(fork)
    try:
        assert PaceFile(str(path)).update(lambda pace, now: pace).limit == 7
    finally:
        os.close(writing)
        os.close(reading)
        os.wait()


# Files that are not as they should be


def stored(clocks: Clocks, path: Path) -> bytes:
    """Return the contents of a file that says that nothing may be sent."""
    clocks.limiter(path).learn(headers(0))
    data = path.read_bytes()
    path.unlink()
    return data


def test_a_file_that_is_torn_or_damaged_anywhere_means_that_nothing_is_known(clocks: Clocks, path: Path) -> None:
    data = stored(clocks, path)
    damaged = [data[:size] for size in range(len(data) - 1)]
    damaged += [data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :] for at in range(len(data) - 1)]
    for contents in damaged:
        path.write_bytes(contents)
        assert clocks.limiter(path).reserve(), contents


@given(st.binary(max_size=300))
@example(b"00000000 ")
@example(b"-1 \n")
@example(b"\n" * 300)
@example(b"\0" * 100_000)
@example(b"232c80f1 [1, 2]\n")
@example(b"0de1f7c8 []")
def test_whatever_is_in_the_file_the_next_state_takes_its_place(contents: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        clocks, path = Clocks(), Path(folder) / "pace"
        path.write_bytes(contents)
        one, other = clocks.limiter(path), clocks.limiter(path)
        assert one.reserve()
        one.learn(headers(0))
        assert not other.reserve()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        "7",
        "[]",
        "[1, 2, 3, 4, 5, 6, 7]",
        '{"limit": 5}',
        '["a", 2, 3, 4, 5, [6], 7]',
        "[1e999, 1, 1, 1, 1, [], 1]",
        pytest.param("[" * 100_000, id="deep"),
    ],
)
def test_a_state_of_another_kind_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Pace.from_json(text.encode())


def test_a_state_is_stored_as_it_is() -> None:
    pace = Pace(100, 7, NOW + 0.1, NOW + 1 / 3, NOW, (NOW - 0.7, NOW), 12)
    assert Pace.from_json(pace.to_json()) == pace


def test_a_process_restores_a_file_that_was_damaged_or_removed(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn(headers(0))
    for break_it in (lambda: path.write_bytes(b"garbage"), path.unlink):
        break_it()
        assert not one.reserve()
        assert not other.reserve()


def unusable(path: Path, kind: str) -> Path:
    if kind == "directory":
        path.mkdir()
    elif kind == "no folder":
        return path / "pace"
    elif kind == "full disk":
        path.symlink_to("/dev/full")
    elif kind == "unreadable":
        path.touch(0o000)
    elif kind == "pipe":
        os.mkfifo(path)
    return path


KINDS = ["directory", "no folder", "full disk", "unreadable", "pipe"]


@pytest.mark.skipif(sys.platform != "linux", reason="has these kinds of files")
@pytest.mark.parametrize("kind", KINDS)
def test_a_file_that_cannot_be_used_leaves_a_process_its_own_pace(clocks: Clocks, path: Path, kind: str) -> None:
    limiter = clocks.limiter(unusable(path, kind))
    for _ in range(3):
        assert limiter.reserve()
        limiter.learn(headers(1))
        assert limiter.reserve(urgent=True)
        limiter.learn({})
        assert not limiter.reserve(urgent=True)
        assert limiter.next_at() == pytest.approx(clocks.monotonic() + 61)
        clocks.wait(61)


@pytest.mark.skipif(sys.platform != "linux", reason="has these kinds of files")
def test_a_file_that_can_be_used_again_is(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(unusable(path, "directory")), clocks.limiter(path)
    one.learn(headers(0))
    path.rmdir()
    assert not one.reserve()
    one.learn(headers(0))
    assert not other.reserve()


def test_only_its_owner_reads_the_file(clocks: Clocks, path: Path) -> None:
    clocks.limiter(path).learn(headers(0))
    assert os.name != "posix" or path.stat().st_mode & 0o777 == 0o600


def test_the_file_stays_small(clocks: Clocks, path: Path) -> None:
    for _ in range(1000):
        limiter = clocks.limiter(path)  # each is killed after its request
        limiter.reserve()
        limiter.learn(headers(50))
        clocks.limiter(path).reserve()
        clocks.wait(1)
    assert path.stat().st_size < 4096


# Clocks


def test_a_wall_clock_that_is_set_back_does_not_prolong_a_wait(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn(headers(0))
    clocks.wall.now -= 86_400.0
    assert one.next_at() == BOOT + 61
    assert other.reserve(), "the state is of the future"
    other.learn(headers(0))
    assert not one.reserve(), "and has been replaced"
    assert one.next_at() == pytest.approx(BOOT + 61)


def test_a_wall_clock_that_is_set_forward_ends_the_window(clocks: Clocks, path: Path) -> None:
    one, other = clocks.limiter(path), clocks.limiter(path)
    one.learn(headers(0))
    clocks.wall.now += 86_400.0
    assert one.next_at() == BOOT + 61
    assert other.reserve()
    other.learn(headers(0, reset=30))
    assert other.next_at() == pytest.approx(BOOT + 31)


def test_a_clock_that_is_set_during_a_request_is_not_taken_for_its_time(clocks: Clocks, path: Path) -> None:
    limiter = clocks.limiter(path)
    assert limiter.reserve()
    clocks.wall.now += 86_400.0
    limiter.learn(headers(0, reset=30))
    assert not limiter.reserve()
    assert limiter.next_at() == pytest.approx(BOOT + 31)


def test_the_state_of_the_last_boot_is_that_of_long_ago(clocks: Clocks, path: Path) -> None:
    clocks.limiter(path).learn(headers(0))
    clocks.wait(3600)
    clocks.monotonic.now = 5.0
    limiter = clocks.limiter(path)
    assert limiter.reserve()
    assert limiter.next_at() <= 5.0


@pytest.mark.parametrize(
    "pace",
    [
        Pace(100, 100, NOW + 1e9, NOW + 1e9, NOW),
        Pace(100, 100, NOW + 30, NOW + 30, NOW + 5),
        Pace(100, 100, math.inf, math.inf, NOW),
    ],
)
def test_a_state_that_cannot_be_is_ignored(clocks: Clocks, path: Path, pace: Pace) -> None:
    PaceFile(str(path), clocks.wall).update(lambda _, now: pace)
    assert clocks.limiter(path).reserve()


def test_an_epoch_for_a_reset_stops_no_process(clocks: Clocks, path: Path) -> None:
    told: list[Any] = []
    one, other = (RateLimiter(1.0, clocks.monotonic, PaceFile(str(path), clocks.wall), told.append) for _ in range(2))
    one.learn(headers(0, reset=int(NOW) + 60))
    assert not other.reserve()
    clocks.wait(61)
    assert other.reserve()
    assert len(told) == 1
