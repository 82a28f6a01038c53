"""The outbox as a buffer: what it keeps, who delivers it, and where it may be."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Callable

import pytest

from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.buffers.spool import segment as segment_module
from openmonetize.metering.buffers.spool.place import shared_filesystem
from openmonetize.metering.buffers.spool.records import encode
from openmonetize.metering.buffers.spool.spool import MAX_SEGMENT_BYTES, Spool

from .conftest import adds_up
from .programs import environment

A, B = Account("http://127.0.0.1:1", "key-a"), Account("http://127.0.0.1:1", "key-b")

Open = Callable[..., Spool]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage-outbox"


@pytest.fixture
def opened(path: Path) -> Iterator[Open]:
    spools: list[Spool] = []

    def make(*served: Account, **options: Any) -> Spool:
        spools.append(Spool(str(options.pop("path", path)), **options))
        spools[-1].open()
        spools[-1].serve(served or (A,))
        return spools[-1]

    yield make
    for spool in spools:
        try:
            spool.close()
        except OutboxError:
            pass


def put(spool: Spool, *wires: bytes, account: Account = A) -> None:
    for wire in wires:
        spool.put(wire, account)


def lease(spool: Spool, count: int = 1000) -> Batch:
    batch = spool.lease(count, 1_000_000)
    assert batch is not None
    return batch


def wires(spool: Spool, count: int = 1000) -> list[bytes]:
    """Lease everything, and return it."""
    batches = []
    while (batch := spool.lease(count, 1_000_000)) is not None:
        batches.append(batch)
    return [wire for batch in batches for wire in batch.wires]


def deliver(spool: Spool) -> list[bytes]:
    """Settle everything, and return it."""
    delivered: list[bytes] = []
    while (batch := spool.lease(1000, 1_000_000)) is not None:
        delivered += batch.wires
        batch.source.ack(batch)
    return delivered


def numbers(*of: int) -> list[bytes]:
    return [b"%d" % number for number in range(*of)]


def files(path: Path, pattern: str = "*") -> list[Path]:
    return sorted(file for file in path.rglob(pattern) if file.is_file())


def segment(path: Path) -> Path:
    """Return the only segment there is."""
    (found,) = files(path, "*.events")
    return found


def in_child(text: str, path: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program that has a spool in a process of its own."""
    return subprocess.run(
        [sys.executable, "-c", CHILD + text, str(path)],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=True,
        **options,
    )


CHILD = f"""
import sys, time
from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.spool import Spool
A = Account(*{tuple(A)!r})
spool = Spool(sys.argv[1])
spool.serve([A])
"""


# Keeping


@pytest.mark.parametrize("durability", ["process", "power"])
def test_an_event_is_on_disk_when_put_returns(opened: Open, path: Path, durability: str) -> None:
    spool = opened(durability=durability)
    for number in range(5):
        put(spool, b"event %d" % number)
        assert segment(path).read_bytes().endswith(b"event %d" % number)


def test_nobody_else_may_read_it(opened: Open, path: Path) -> None:
    path.mkdir(mode=0o755)
    before = os.umask(0)
    try:
        spool = opened(keep_seconds=3600.0)
        put(spool, *numbers(3))
        batch = lease(spool)
        batch.source.dead_letter(batch.pick([0]), 400, "bad")
        batch.source.ack(batch.slice(1, 3))
        spool.note_customer(A, "cust-a")
        spool.close()
        put(spool, b"4")
        batch = lease(spool)
        batch.source.nack(batch)
        spool.close()
    finally:
        os.umask(before)
    kinds = {file.suffix or file.name for file in files(path)}
    assert kinds >= {".events", ".pos", ".kept", ".dead", "account", "counts"}
    modes = {file: stat.S_IMODE(file.stat().st_mode) for file in [path, *path.rglob("*")]}
    assert all(mode == (0o700 if file.is_dir() else 0o600) for file, mode in modes.items())


def test_a_restart_goes_on_where_the_last_run_ended(opened: Open) -> None:
    first = opened()
    put(first, *numbers(5))
    taken = lease(first, 2)
    taken.source.ack(taken.slice(0, 1))
    taken.source.nack(taken.slice(1, 2))
    first.close()
    again = opened()
    assert again.stats() == (5, 1, 0, 3, 1, 0, 0)
    assert wires(again) == numbers(1, 5)


def test_a_closed_spool_can_be_read_and_holds_nothing(opened: Open) -> None:
    spool = opened()
    put(spool, b"1")
    spool.close()
    assert spool.stats().queued == 1
    assert spool.has_pending()
    assert deliver(opened()) == [b"1"]


def test_a_closed_spool_opens_again_for_another_event(opened: Open) -> None:
    """Events may still be recorded after the flush at the end of a process."""
    spool = opened()
    put(spool, b"1")
    spool.close()
    put(spool, b"2")
    spool.close()
    assert sorted(deliver(opened())) == [b"1", b"2"]


def test_every_event_is_in_exactly_one_count(opened: Open) -> None:
    spool = opened()
    put(spool, *numbers(10))
    batch = lease(spool, 6)
    batch.source.ack(batch.slice(0, 3), duplicates=1)
    batch.source.dead_letter(batch.pick([3]), 400, "bad")
    batch.source.nack(batch.slice(4, 5))
    assert spool.stats() == (10, 2, 1, 4, 2, 1, 0)
    batch.source.ack(batch.slice(5, 6))
    assert spool.dead_letters()[0][:3] == (b"3", 400, "bad")
    assert spool.replay_dead_letters() == 1
    assert spool.stats() == (10, 3, 1, 5, 1, 0, 0)
    for again in iter(lambda: spool.lease(1000, 1000), None):
        refused = [index for index, wire in enumerate(again.wires) if wire == b"3"]
        again.source.dead_letter(again.pick(refused), 413, "large")
        again.source.ack(again.pick([index for index in range(len(again)) if index not in refused]))
    assert spool.stats() == (10, 8, 1, 0, 0, 1, 0)
    assert spool.discard_dead_letters() == 1
    assert spool.stats() == (10, 8, 1, 0, 0, 0, 1)
    assert opened().stats() == (10, 8, 1, 0, 0, 0, 1)


@pytest.mark.parametrize("bound", [1, 3, 100])
def test_events_beyond_what_memory_holds_are_counted_and_delivered_once(
    opened: Open, bound: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segment_module, "MAX_OWN_EVENTS", bound)
    spool = opened()
    put(spool, *numbers(10))
    assert spool.stats() == (10, 0, 0, 10, 0, 0, 0)
    batch = lease(spool, 2)
    assert spool.stats() == (10, 0, 0, 8, 2, 0, 0)
    batch.source.nack(batch)
    spool.serve([A])
    spool.maintain()
    assert spool.stats().tracked == 10
    spool.serve([B])  # it is complete now
    spool.serve([A])
    spool.maintain()
    assert spool.stats().tracked == 10
    assert sorted(deliver(spool)) == numbers(10)
    assert spool.stats() == (10, 10, 0, 0, 0, 0, 0)


@pytest.mark.parametrize("size", [1, 2, 18, 20, 25])
def test_a_record_that_was_not_written_to_its_end_is_not_counted(opened: Open, path: Path, size: int) -> None:
    """As when the process is killed while it writes."""
    in_child("spool.put(b'1', A)\nspool.put(b'2', A)\nimport os\nos._exit(0)", path)
    with segment(path).open("ab") as file:
        file.write(encode(b"of six", 2)[:size])
    spool = opened()
    assert spool.stats() == (2, 0, 0, 2, 0, 0, 0)
    assert deliver(spool) == [b"1", b"2"]
    assert spool.stats() == (2, 2, 0, 0, 0, 0, 0)


def test_dead_letters_outlive_their_process(opened: Open) -> None:
    spool = opened()
    put(spool, *numbers(4))
    batch = lease(spool)
    batch.source.dead_letter(batch.slice(0, 2), 400, "bad")
    batch.source.dead_letter(batch.slice(2, 4), None, "worse")
    spool.close()
    again = opened()
    letters = again.dead_letters()
    assert [(letter.wire, letter.status, letter.reason) for letter in letters] == [
        (b"0", 400, "bad"),
        (b"1", 400, "bad"),
        (b"2", None, "worse"),
        (b"3", None, "worse"),
    ]
    assert letters[0].at <= letters[3].at
    assert again.stats() == (4, 0, 0, 0, 0, 4, 0)
    assert again.replay_dead_letters() == 4
    assert again.dead_letters() == []
    assert deliver(again) == numbers(4)
    assert again.stats() == (4, 4, 0, 0, 0, 0, 0)


def test_an_event_set_aside_lets_others_pass(opened: Open) -> None:
    spool = opened()
    put(spool, b"1", b"2")
    batch = lease(spool, 1)
    batch.source.nack(batch, 30.0)
    assert wires(spool) == [b"2"]
    assert spool.stats().pending == 2
    spool.clear_delays()
    assert wires(spool) == [b"1"]


def test_events_with_an_outcome_are_not_put_back_with_the_others(opened: Open) -> None:
    spool = opened()
    put(spool, *numbers(3))
    batch = lease(spool)
    batch.source.dead_letter(batch.slice(0, 1), 400, "bad")
    batch.source.nack(batch)
    assert spool.stats() == (3, 0, 0, 0, 2, 1, 0)
    assert deliver(spool) == [b"1", b"2"]
    assert spool.stats() == (3, 2, 0, 0, 0, 1, 0)


def test_a_lease_is_bounded_by_bytes_and_holds_at_least_one_event(opened: Open) -> None:
    spool = opened()
    put(spool, *[b"%4d" % number for number in range(5)])
    assert [len(spool.lease(10, size) or ()) for size in (10, 14, 1)] == [2, 2, 1]


def test_a_watermark_is_past_when_all_events_before_it_have_an_outcome(opened: Open) -> None:
    spool = opened()
    put(spool, b"1")
    watermark = spool.watermark()
    put(spool, b"2")
    batch = lease(spool, 1)
    assert not spool.is_past(watermark)
    batch.source.nack(batch)
    assert not spool.is_past(watermark)
    batch = lease(spool, 1)
    batch.source.ack(batch)
    assert spool.is_past(watermark)
    assert not spool.is_past(spool.watermark())


def test_a_watermark_lies_behind_what_ended_processes_left(opened: Open) -> None:
    first = opened()
    put(first, *numbers(3))
    first.close()
    spool = opened()
    watermark = spool.watermark()
    assert not spool.is_past(watermark)
    deliver(spool)
    assert spool.is_past(watermark)


def test_many_threads_lose_nothing(opened: Open) -> None:
    spool = opened()
    threads = [threading.Thread(target=lambda: put(spool, *[b"x"] * 500)) for _ in range(8)]
    for thread in threads:
        thread.start()
    taken = 0
    while taken < 4000:
        batch = spool.lease(100, 10_000)
        if batch is not None:
            batch.source.ack(batch)
            taken += len(batch)
    for thread in threads:
        thread.join()
    assert spool.lease(1, 1) is None
    assert spool.stats() == (4000, 4000, 0, 0, 0, 0, 0)


# Sharing


def test_two_spools_never_hold_the_same_events(opened: Open) -> None:
    first, second = opened(), opened()
    put(first, *numbers(5))
    put(second, *numbers(5, 10))
    taken = [wires(first), wires(second)]
    assert sorted(taken[0] + taken[1]) == numbers(10)
    assert wires(opened()) == []


def test_every_spool_counts_what_all_have(opened: Open) -> None:
    first, second = opened(), opened()
    put(first, *numbers(5))
    put(second, *numbers(5, 10))
    batch = lease(first, 3)
    batch.source.ack(batch.slice(0, 2))
    batch.source.dead_letter(batch.slice(2, 3), 400, "bad")
    for spool in (first, second, opened()):
        stats = spool.stats()
        assert (stats.tracked, stats.accepted, stats.dead) == (10, 2, 1)
        assert adds_up(stats)


def test_what_one_has_written_and_closed_another_delivers(opened: Open) -> None:
    first, second = opened(), opened()
    put(first, *numbers(5))
    second.clear_delays()
    assert wires(second) == []
    first.close()
    second.clear_delays()  # it looks again
    assert deliver(second) == numbers(5)


@pytest.mark.parametrize("count", [3, 3000])
def test_what_a_killed_process_held_is_free_at_once(opened: Open, path: Path, count: int) -> None:
    text = f"""
for number in range({count}):
    spool.put(b"%d" % number, A)
print(len(spool.lease(2, 1000)), flush=True)
time.sleep(60)
"""
    command = [sys.executable, "-c", CHILD + text, str(path)]
    process = subprocess.Popen(command, env=environment(), stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"2\n"
    assert wires(opened()) == []
    process.kill()
    process.wait()
    process.stdout.close()
    assert deliver(opened()) == numbers(count)
    assert opened().stats() == (count, count, 0, 0, 0, 0, 0)


def test_processes_that_start_at_once_share_a_new_spool(opened: Open, path: Path) -> None:
    """The workers of a server start all at once."""
    text = "spool.open()\nsys.stdin.read()\nspool.put(sys.argv[2].encode(), A)\n"
    command = [sys.executable, "-c", CHILD + text, str(path)]
    children = [
        subprocess.Popen([*command, str(number)], env=environment(), stdin=subprocess.PIPE) for number in range(6)
    ]
    for child in children:
        child.communicate(timeout=60)
    assert [child.returncode for child in children] == [0] * 6
    assert sorted(deliver(opened())) == numbers(6)


def test_a_spool_that_is_opened_twice_keeps_its_locks(opened: Open, path: Path) -> None:
    """A file that is closed must not free the lock that the same process has on it elsewhere, as fcntl's does."""
    first = opened()
    put(first, b"1")
    again = opened()
    again.stats()
    assert wires(again) == []
    again.close()
    in_child("spool.put(b'2', A)\nassert spool.lease(9, 99).wires == [b'2']\nspool.close()", path)
    put(first, b"3")
    first.clear_delays()
    assert sorted(wires(first)) == [b"1", b"2", b"3"]


# Accounts


def test_another_customers_key_leaves_the_events_alone(opened: Open) -> None:
    put(opened(), b"of a")
    other = opened(B)
    put(other, b"of b", account=B)
    assert wires(other) == [b"of b"]
    assert other.stats().tracked == 1
    assert other.others() == [(*A, None, 1)]


def test_another_server_gets_nothing(opened: Open) -> None:
    put(opened(), b"1")
    assert wires(opened(Account("http://127.0.0.1:2", A.fingerprint))) == []


def test_whose_an_account_is_is_noted_for_all(opened: Open) -> None:
    first = opened()
    put(first, b"1")
    first.note_customer(A, "cust-a")
    second = opened(B)
    assert second.customers() == {A: "cust-a"}
    assert second.others() == [(*A, "cust-a", 1)]


def test_several_accounts_are_delivered_and_counted_together(opened: Open) -> None:
    """As the keys of one customer are."""
    old = opened(A)
    put(old, b"1")
    old.close()
    new = opened(B, A)
    put(new, b"2", account=B)
    batches = [lease(new), lease(new)]
    assert sorted((batch.account, *batch.wires) for batch in batches) == [(A, b"1"), (B, b"2")]
    assert new.stats().tracked == 2
    assert new.others() == []


def test_an_operator_can_hand_events_and_dead_letters_over(opened: Open) -> None:
    first = opened()
    put(first, *numbers(5))
    batch = lease(first, 3)
    batch.source.dead_letter(batch.slice(0, 1), 400, "bad")
    batch.source.ack(batch.slice(1, 2))
    batch.source.nack(batch.slice(2, 3))
    first.close()
    right = opened(B)
    assert right.adopt(A, B) == 4
    assert deliver(right) == numbers(2, 5)
    assert [letter.wire for letter in right.dead_letters()] == [b"0"]
    assert right.others() == []
    assert right.stats() == (4, 3, 0, 0, 0, 1, 0)
    assert opened(A).stats() == (1, 1, 0, 0, 0, 0, 0)


def test_events_that_another_process_is_at_are_not_handed_over(opened: Open) -> None:
    first, right = opened(), opened(B)
    put(first, b"1")
    batch = lease(first)
    assert right.adopt(A, B) == 0
    batch.source.ack(batch)
    assert wires(right) == []


def test_a_change_of_the_account_separates_the_events(opened: Open) -> None:
    spool = opened()
    put(spool, b"of a")
    spool.serve([B])
    put(spool, b"of b", account=B)
    assert wires(spool) == [b"of b"]
    spool.serve([A])
    assert wires(spool) == [b"of a"]


# The place


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"SQLite format 3\0" + bytes(8192), "a SQLite database, the outbox of an earlier version"),
        (b"SQLite", "this is a file"),
        (b"a list of things to do\n" * 100, "this is a file"),
        (b"", "this is a file"),
    ],
)
def test_a_file_is_refused_and_left_as_it_is(path: Path, content: bytes, words: str) -> None:
    path.write_bytes(content)
    with pytest.raises(OutboxError, match=words) as caught:
        Spool(str(path)).open()
    assert caught.value.misuse
    assert path.read_bytes() == content


def test_a_directory_of_something_else_is_refused_and_left_as_it_is(path: Path) -> None:
    path.mkdir(mode=0o755)
    (path / "letter.txt").touch()
    with pytest.raises(OutboxError, match="directory of something else") as caught:
        Spool(str(path)).open()
    assert caught.value.misuse
    assert os.listdir(path) == ["letter.txt"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o755


def test_an_empty_directory_is_taken(opened: Open, path: Path) -> None:
    (path / "lost+found").mkdir(parents=True)  # the root of a volume
    put(opened(), b"1")
    assert deliver(opened()) == []
    assert opened().stats().tracked == 1


def test_an_outbox_of_a_later_release_is_not_touched(opened: Open, path: Path) -> None:
    spool = opened()
    put(spool, b"1")
    spool.close()
    (facts,) = files(path, "account")
    facts.write_text(json.dumps({**json.loads(facts.read_text()), "format": 99}))
    before = {file: file.read_bytes() for file in files(path)}
    with pytest.raises(OutboxError, match="format 99") as caught:
        opened()
    assert caught.value.misuse
    assert {file: file.read_bytes() for file in files(path)} == before


def test_a_wrong_path_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="does not exist; create it first") as caught:
        Spool(str(tmp_path / "no" / "usage-outbox")).open()
    assert caught.value.misuse


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that other users can get at."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)
        os.chmod(folder, 0o755)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="permissions are others there")
@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("foreign", "another user owns this directory"),
        ("read-only", "no permission to write"),
        ("closed", "no permission to write"),
    ],
)
def test_a_directory_without_permission_is_reported(public: Path, case: str, words: str) -> None:
    """Root may write anywhere, so another user tries."""
    path = public / "usage-outbox"
    if case == "foreign":
        if os.geteuid() != 0:
            pytest.skip("needs a directory of another user")
        path.mkdir()
        path.chmod(0o777)
    else:
        public.chmod(0o555 if case == "read-only" else 0)
    text = """
import os
if os.geteuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
try:
    spool.open()
except OutboxError as error:
    print(error.misuse, error)
"""
    done = in_child(text, path)
    assert done.stdout.startswith("True")
    assert words in done.stdout


@pytest.mark.parametrize(
    ("kind", "shared"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "virtiofs", "ceph", "lustre", "vboxsf")),
        *((kind, True) for kind in ("fuse.sshfs", "fuse.s3fs", "fuse.grpcfuse", "fuse.osxfs", "fakeowner", "prl_fs")),
        *((kind, True) for kind in ("fuse.vmhgfs-fuse", "fuse.juicefs", "fuse.virtiofs", "fuse.mountpoint-s3")),
        *((kind, False) for kind in ("ext4", "xfs", "btrfs", "zfs", "overlay", "tmpfs", "fuse.ntfs-3g", "fuseblk")),
    ],
)
def test_file_systems_of_several_machines_are_recognised(tmp_path: Path, kind: str, shared: bool) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"33 22 0:40 / /mnt/my\\040data rw shared:2 master:1 - {kind} server:/share rw\n"
        "a line of another kind\n"
    )
    assert shared_filesystem("/mnt/my data/usage-outbox", str(table)) == (kind if shared else None)
    assert shared_filesystem("/mnt/my data2/usage-outbox", str(table)) is None
    assert shared_filesystem("/home/usage-outbox", str(tmp_path / "none")) is None


# Bounds


def test_a_full_spool_is_reported_and_still_drains(opened: Open, path: Path) -> None:
    spool = opened(max_bytes=200_000)
    with pytest.raises(OutboxError, match=r"it is full, at 200000 bytes \(outbox_max_bytes\)"):  # noqa: PT012
        for _ in range(1000):
            put(spool, b"x" * 1000)
    kept = spool.stats().queued
    assert 50 < kept < 200
    assert sum(file.stat().st_size for file in files(path)) < 210_000
    assert len(deliver(spool)) == kept
    assert spool.stats().accepted == kept
    put(spool, b"there is room again")
    assert deliver(spool) == [b"there is room again"]


def test_room_that_an_outage_has_taken_is_given_back(opened: Open, path: Path) -> None:
    spool = opened()
    put(spool, *[b"x" * 500_000] * 60)
    assert sum(file.stat().st_size for file in files(path)) > 30_000_000
    assert len(deliver(spool)) == 60
    put(spool, b"kept")
    spool.close()
    assert sum(file.stat().st_size for file in files(path)) < MAX_SEGMENT_BYTES + 1_000_000
    spool = opened()
    assert spool.stats() == (61, 60, 0, 1, 0, 0, 0)
    assert deliver(spool) == [b"kept"]
    spool.close()
    assert sum(file.stat().st_size for file in files(path)) < 10_000


def test_what_is_left_to_others_on_the_disk_is_not_used(opened: Open, path: Path) -> None:
    spool = opened(min_free_bytes=2**60)
    with pytest.raises(OutboxError, match="left to others"):
        put(spool, b"1")
    assert not files(path, "*.events")
    assert spool.stats() == (0, 0, 0, 0, 0, 0, 0)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs a limit on the size of files")
def test_a_disk_that_becomes_full_is_reported_and_what_was_written_before_is_kept(opened: Open, path: Path) -> None:
    text = """
import resource, signal, sys
sys.dont_write_bytecode = True  # Python would keep modules that are cut off
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
put = 0
try:
    for _ in range(1000):
        spool.put(b"%d" % put + b"x" * 1000, A)
        put += 1
except OutboxError as error:
    print(put, error)
batch = spool.lease(10, 1_000_000)
batch.source.ack(batch)
"""
    done = in_child(text, path)
    kept = int(done.stdout.split()[0])
    assert 5 < kept < 100
    assert "usage-outbox" in done.stdout
    spool = opened()
    assert deliver(spool) == [b"%d" % number + b"x" * 1000 for number in range(10, kept)]
    assert spool.stats() == (kept, kept, 0, 0, 0, 0, 0)


# Deleted


@pytest.mark.parametrize(
    ("outcome", "stats"),
    [("ack", (4, 4, 0, 0, 0, 0, 0)), ("nack", (4, 4, 0, 0, 0, 0, 0)), ("dead_letter", (4, 2, 0, 0, 0, 2, 0))],
)
def test_events_under_way_when_the_directory_was_deleted_are_counted_once(
    opened: Open, path: Path, outcome: str, stats: tuple[int, ...]
) -> None:
    spool = opened()
    put(spool, *numbers(4))
    batch = lease(spool, 2)
    arguments = (400, "bad") if outcome == "dead_letter" else ()
    shutil.rmtree(path)
    spool.maintain()
    getattr(batch.source, outcome)(batch.slice(0, 1), *arguments)
    spool.maintain()
    spool.maintain()
    getattr(batch.source, outcome)(batch.slice(1, 2), *arguments)
    spool.maintain()
    assert sorted(deliver(spool)) == (numbers(4) if outcome == "nack" else numbers(2, 4))
    assert spool.stats() == stats
    spool.close()
    assert opened().stats() == stats


# Power loss


def cut_copies(path: Path, folder: Path, sizes: list[int]) -> Iterator[tuple[int, Spool]]:
    """Yield copies of a spool of which only so many bytes of the only segment have reached the device."""
    name = segment(path).relative_to(path)
    for size in sizes:
        copy = folder / f"copy-{size}"
        shutil.copytree(path, copy)
        os.truncate(copy / name, size)
        survivor = Spool(str(copy))
        survivor.serve([A])
        yield size, survivor
        survivor.close()


def test_power_loss_at_any_point_loses_nothing_that_was_confirmed(
    opened: Open, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much of the file reached the device after the last confirmed event, all confirmed ones are in it."""
    flush, flushed = os.fdatasync, [0]

    def flush_and_note(fd: int) -> None:
        size = os.fstat(fd).st_size  # what comes while it flushes may be left out
        flush(fd)
        flushed.append(size)

    monkeypatch.setattr(os, "fdatasync", flush_and_note)
    spool = opened(durability="power")
    on_device_at: list[int] = []  # bytes of the file that were flushed when event n was confirmed
    for number in range(12):
        put(spool, json.dumps({"n": number, "text": "x" * (70 * number)}).encode())
        on_device_at.append(flushed[-1])
        assert flushed[-1] == segment(path).stat().st_size
    size = segment(path).stat().st_size
    for cut, survivor in cut_copies(path, tmp_path, [*on_device_at, *range(0, size, 97)]):
        found = [json.loads(wire)["n"] for wire in wires(survivor)]
        assert found == list(range(len(found)))
        assert len(found) >= sum(end <= cut for end in on_device_at)


def test_the_name_of_a_segment_is_on_the_device_with_its_first_event(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, flushed = os.fsync, set()

    def flush_and_note(fd: int) -> None:
        flush(fd)
        flushed.update(os.listdir(fd))

    monkeypatch.setattr(os, "fsync", flush_and_note)
    put(opened(durability="power"), b"1")
    assert segment(path).name in flushed
    assert segment(path).parent.name in flushed
    assert path.name in flushed


def test_threads_that_wait_for_the_device_share_a_flush_and_lose_nothing(
    opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flush, flushed = os.fdatasync, []

    def flush_and_note(fd: int) -> None:
        found = os.fstat(fd)
        flush(fd)
        flushed.append((found.st_ino, found.st_size))

    monkeypatch.setattr(os, "fdatasync", flush_and_note)
    spool = opened(durability="power")
    early: list[bytes] = []

    def work(name: int) -> None:
        for number in range(40):
            wire = b"<%d-%d>" % (name, number)
            put(spool, wire)
            (file,) = [file for file in files(path, "*.events") if wire in file.read_bytes()]
            end = file.read_bytes().index(wire) + len(wire)
            if not any(inode == file.stat().st_ino and size >= end for inode, size in list(flushed)):
                early.append(wire)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not early
    assert len(set(wires(spool))) == 320
    assert len(flushed) <= 320


def test_process_durability_leaves_whole_events_after_power_loss(opened: Open, path: Path, tmp_path: Path) -> None:
    spool = opened()
    put(spool, *numbers(20))
    for _, survivor in cut_copies(path, tmp_path, list(range(0, segment(path).stat().st_size, 17))):
        found = wires(survivor)
        assert found == numbers(len(found))
