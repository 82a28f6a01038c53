from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiValueError
from openmonetize.metering import OutboxError
from openmonetize.metering.buffers import lease_owner
from openmonetize.metering.buffers.outbox import LEASE_SECONDS, Outbox
from openmonetize.metering.buffers.outbox_file import network_filesystem

from .conftest import adds_up

BASE = "http://127.0.0.1:1"


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "usage.db")


@pytest.fixture
def opened(path: str) -> Iterator[Any]:
    outboxes: list[Outbox] = []

    def make(fingerprint: str = "key-a", **options: Any) -> Outbox:
        outboxes.append(Outbox(path, base_url=options.pop("base_url", BASE), fingerprint=fingerprint, **options))
        outboxes[-1].open()
        return outboxes[-1]

    yield make
    for outbox in outboxes:
        try:
            outbox.close()
        except OutboxError:
            pass


def rows(path: str) -> list[bytes]:
    connection = sqlite3.connect(path)
    try:
        return [row[0] for row in connection.execute("SELECT wire FROM event ORDER BY id")]
    finally:
        connection.close()


def lease(outbox: Outbox, count: int = 1000) -> list[bytes]:
    batch = outbox.lease(count, 1_000_000)
    return [] if batch is None else list(batch.wires)


# Keeping


@pytest.mark.parametrize("durability", ["process", "power"])
def test_an_event_is_on_disk_when_put_returns(opened: Any, path: str, durability: str) -> None:
    outbox = opened(durability=durability)
    for number in range(5):
        outbox.put(b"%d" % number)
        assert rows(path)[-1] == b"%d" % number


def test_the_file_is_private(opened: Any, path: str) -> None:
    Path(path).touch(mode=0o644)
    opened().put(b"1")
    for name in (path, path + "-wal", path + "-shm"):
        assert stat.S_IMODE(os.stat(name).st_mode) == 0o600


def test_a_restart_goes_on_where_the_last_run_ended(opened: Any) -> None:
    first = opened()
    for number in range(5):
        first.put(b"%d" % number)
    taken = first.lease(2, 1000)
    first.ack(taken.slice(0, 1))
    first.close()
    again = opened()
    assert lease(again) == [b"1", b"2", b"3", b"4"]
    assert again.stats().accepted == 1
    assert adds_up(again.stats())


def test_reading_after_close_leaves_nothing_open(opened: Any) -> None:
    outbox = opened()
    outbox.put(b"1")
    outbox.close()
    assert outbox.stats().queued == 1
    assert outbox._side is None


def test_every_event_is_in_exactly_one_count(opened: Any) -> None:
    outbox = opened()
    for number in range(10):
        outbox.put(b"%d" % number)
    batch = outbox.lease(6, 1000)
    outbox.ack(batch.slice(0, 3), duplicates=1)
    outbox.dead_letter(batch.pick([3]), 400, "bad")
    outbox.nack(batch.slice(4, 5))
    assert outbox.stats() == (10, 2, 1, 4, 2, 1, 0)
    assert outbox.dead_letters()[0][:3] == (b"3", 400, "bad")
    assert outbox.replay_dead_letters() == 1
    outbox.dead_letter(outbox.lease(1, 1000), 413, "large")
    assert outbox.discard_dead_letters() == 1
    assert outbox.stats() == (10, 2, 1, 5, 1, 0, 1)


def test_an_event_set_aside_lets_others_pass(opened: Any) -> None:
    outbox = opened()
    outbox.put(b"1")
    outbox.put(b"2")
    outbox.nack(outbox.lease(1, 1000), delay=30.0)
    assert lease(outbox) == [b"2"]
    assert outbox.stats().pending == 2
    outbox.clear_delays()
    assert lease(outbox) == [b"1"]


def test_a_watermark_is_past_when_all_events_before_it_have_an_outcome(opened: Any) -> None:
    outbox = opened()
    outbox.put(b"1")
    watermark = outbox.watermark()
    outbox.put(b"2")
    batch = outbox.lease(1, 1000)
    assert not outbox.is_past(watermark)
    outbox.ack(batch)
    assert outbox.is_past(watermark)


def test_concurrent_threads_share_a_flush_and_lose_nothing(opened: Any, path: str) -> None:
    outbox = opened(durability="power")
    threads = [
        threading.Thread(target=lambda name=name: [outbox.put(b"%d-%d" % (name, number)) for number in range(40)])
        for name in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(rows(path))) == 320


def test_an_unknown_durability_is_refused(path: str) -> None:
    with pytest.raises(ApiValueError, match="durability"):
        Outbox(path, base_url=BASE, fingerprint="k", durability="hope")


# Sharing


def test_two_outboxes_never_hold_the_same_events(opened: Any) -> None:
    first, second = opened(), opened()
    for number in range(10):
        first.put(b"%d" % number)
    taken = [lease(first, 4), lease(second, 4), lease(first, 4), lease(second, 4)]
    assert sorted(wire for wires in taken for wire in wires) == [b"%d" % number for number in range(10)]


def test_a_lease_that_ran_out_is_taken_over_and_its_late_owner_counts_nothing(opened: Any, path: str) -> None:
    slow, quick = opened(), opened()
    slow.put(b"1")
    late = slow.lease(1, 1000)
    assert quick.lease(1, 1000) is None
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE event SET until = until - ?", (LEASE_SECONDS + 1,))
    connection.close()
    taken = quick.lease(1, 1000)
    assert not slow.renew(late)
    assert slow.ack(late) == 0
    slow.nack(late)
    slow.dead_letter(late, 400, "late")
    assert quick.renew(taken)
    assert quick.ack(taken) == 1
    assert quick.stats() == (1, 1, 0, 0, 0, 0, 0)


def test_a_lease_ends_with_a_restart_of_the_machine(opened: Any, path: str) -> None:
    outbox = opened()
    outbox.put(b"1")
    assert lease(outbox) == [b"1"]
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("UPDATE event SET until = until + 1e6")
    connection.close()
    assert lease(opened()) == [b"1"]


def test_what_a_killed_process_held_is_free_at_once(opened: Any, path: str) -> None:
    opened().put(b"1")
    code = (
        "import sys, time\n"
        "from openmonetize.metering.buffers.outbox import Outbox\n"
        f"outbox = Outbox(sys.argv[1], base_url={BASE!r}, fingerprint='key-a')\n"
        "print(len(outbox.lease(10, 1000)), flush=True)\n"
        "time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code, path], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"1\n"
    assert opened().lease(10, 1000) is None
    process.kill()
    process.wait()
    process.stdout.close()
    assert lease(opened()) == [b"1"]


def test_an_outbox_that_opens_while_another_creates_the_file_waits(opened: Any, path: str) -> None:
    """The workers of a server start all at once."""
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.2, other.execute, ["COMMIT"])
    done.start()
    opened().put(b"1")
    done.join()
    other.close()
    assert rows(path) == [b"1"]


def test_opening_a_file_twice_keeps_the_locks_on_it(opened: Any, path: str) -> None:
    """A process that closes the last connection it knows of must not delete the log that another process writes."""
    opened().put(b"1")
    again = opened()
    again.put(b"2")
    code = (
        "import sys\n"
        "from openmonetize.metering.buffers.outbox import Outbox\n"
        f"outbox = Outbox(sys.argv[1], base_url={BASE!r}, fingerprint='key-a')\n"
        "outbox.put(b'3')\n"
        "outbox.close()\n"
    )
    subprocess.run([sys.executable, "-c", code, path], check=True, timeout=60)
    again.put(b"4")
    assert rows(path) == [b"1", b"2", b"3", b"4"]
    again.close()
    assert rows(path) == [b"1", b"2", b"3", b"4"]


def test_a_process_that_has_ended_is_gone() -> None:
    me = lease_owner.identity()
    boot, namespace, pid, start = me.split("|")
    assert not lease_owner.is_gone(me)
    assert lease_owner.is_gone("|".join((boot, namespace, pid, "1")))
    assert lease_owner.is_gone("|".join(("another-boot", namespace, pid, start)))
    assert not lease_owner.is_gone("|".join((boot, "pid:[1]", "999999", start)))
    assert not lease_owner.is_gone("nonsense")


# Accounts


def test_another_customers_key_leaves_the_events_alone(opened: Any) -> None:
    opened("key-a").put(b"of a")
    other = opened("key-b")
    other.put(b"of b")
    assert lease(other) == [b"of b"]
    assert other.stats().tracked == 1
    assert other.others()[0][1:] == ("key-a", None, 1)


def test_another_server_gets_nothing(opened: Any) -> None:
    opened("key-a").put(b"1")
    assert lease(opened("key-a", base_url="http://127.0.0.1:2")) == []


def test_a_rotated_key_of_the_same_customer_goes_on(opened: Any) -> None:
    old = opened("key-a")
    old.identify("cust-a")
    old.put(b"1")
    new = opened("key-a2")
    assert lease(new) == []
    new.identify("cust-a")
    assert lease(new) == [b"1"]
    assert new.others() == []
    stranger = opened("key-b")
    stranger.identify("cust-b")
    assert lease(stranger) == []


def test_an_operator_can_hand_events_over(opened: Any) -> None:
    opened("typing-error").put(b"1")
    right = opened("key-a")
    assert right.adopt(right.others()[0]) == 1
    assert lease(right) == [b"1"]


def test_a_key_change_while_running_separates_the_events(opened: Any) -> None:
    outbox = opened("key-a")
    outbox.put(b"of a")
    outbox.use(BASE, "key-b")
    outbox.put(b"of b")
    assert lease(outbox) == [b"of b"]


# Trouble with the file


@pytest.mark.parametrize(
    ("content", "words", "misuse"),
    [
        (bytes(8192), "damaged", False),
        (b"SQLite format 3\0" + b"\xff" * 8192, "damaged", False),
        (b"a list of things to do\n" * 100, "something else", True),
        (b"short\n", "something else", True),
    ],
)
def test_a_file_that_cannot_be_read_is_reported_and_left_as_it_is(
    path: str, content: bytes, words: str, misuse: bool
) -> None:
    Path(path).write_bytes(content)
    with pytest.raises(OutboxError, match=words) as caught:
        Outbox(path, base_url=BASE, fingerprint="k").open()
    assert caught.value.misuse == misuse
    assert Path(path).read_bytes() == content


def test_a_file_that_is_damaged_while_open_is_reported(opened: Any, path: str) -> None:
    outbox = opened()
    for number in range(200):
        outbox.put(b"%d" % number * 100)
    outbox.close()
    with open(path, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 4096 * 4)
    again = opened()
    with pytest.raises(OutboxError, match="damaged"):
        lease(again)


def test_a_full_file_is_reported_and_still_drains(opened: Any) -> None:
    outbox = opened(max_bytes=200_000)
    with pytest.raises(OutboxError, match="no room left"):  # noqa: PT012  # one of these
        for _ in range(1000):
            outbox.put(b"x" * 1000)
    kept = outbox.stats().queued
    assert 50 < kept < 200
    while True:
        batch = outbox.lease(50, 1_000_000)
        if batch is None:
            break
        outbox.ack(batch)
    assert outbox.stats().accepted == kept
    outbox.put(b"there is room again")


def test_a_lease_in_a_file_that_was_deleted_has_ended(opened: Any, path: str) -> None:
    """Even though ids start again in the file that its events were moved to."""
    first, second = opened(), opened()
    for number in range(4):
        second.put(b"%d" % number)
    taken = first.lease(2, 1000)
    for name in Path(path).parent.glob("usage.db*"):
        name.unlink()
    second.follow_file()
    first.follow_file()
    with pytest.raises(OutboxError, match="deleted or replaced; the 4 usage events"):
        second.lease(2, 1000)
    again = second.lease(2, 1000)
    assert not first.renew(taken)
    assert first.ack(taken) == 0
    first.nack(taken)
    first.dead_letter(taken, 400, "late")
    assert second.ack(again) == 2
    assert second.stats() == (4, 2, 0, 2, 0, 0, 0)
    with pytest.raises(OutboxError, match="deleted or replaced; the 0 usage events"):
        first.close()


def test_a_file_that_grew_in_an_outage_shrinks_when_it_has_drained(opened: Any, path: str) -> None:
    outbox = opened()
    for _ in range(60):
        outbox.put(b"x" * 500_000)
    outbox.maintain()
    grown = os.path.getsize(path)
    assert grown > 30_000_000
    while outbox.stats().queued:
        outbox.ack(outbox.lease(10, 1_000_000_000))
    outbox.put(b"kept")
    outbox.maintain()
    outbox.put(b"kept too")  # the log starts anew
    outbox.maintain()
    assert os.path.getsize(path) < grown / 100
    assert os.path.getsize(path + "-wal") <= 8 * 1024 * 1024
    assert outbox.stats() == (62, 60, 0, 2, 0, 0, 0)
    assert lease(opened()) == [b"kept", b"kept too"]


def test_a_full_disk_is_reported(opened: Any, path: str) -> None:
    outbox = opened()
    outbox.put(b"1")
    code = (
        "import resource, signal, sys\n"
        "from openmonetize.metering.buffers.outbox import Outbox\n"
        "from openmonetize.metering import OutboxError\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"outbox = Outbox(sys.argv[1], base_url={BASE!r}, fingerprint='key-a')\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "put = 0\n"
        "try:\n"
        "    for _ in range(1000):\n"
        "        outbox.put(b'x' * 1000)\n"
        "        put += 1\n"
        "except OutboxError as error:\n"
        "    print(put, error)\n"
    )
    answer = subprocess.run([sys.executable, "-c", code, path], capture_output=True, text=True, timeout=60, check=True)
    put = int(answer.stdout.split()[0])
    assert 5 < put < 100
    assert outbox.stats().queued == put + 1


@pytest.mark.parametrize(
    ("statement", "words"),
    [("CREATE TABLE mine(x)", "something else"), ("PRAGMA application_id = 7", "something else")],
)
def test_a_database_of_another_program_is_not_changed(path: str, statement: str, words: str) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement)
    connection.close()
    with pytest.raises(OutboxError, match=words) as caught:
        Outbox(path, base_url=BASE, fingerprint="k").open()
    assert caught.value.misuse


def test_a_layout_of_a_later_release_is_not_touched(opened: Any, path: str) -> None:
    opened().put(b"1")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(OutboxError, match="layout 99"):
        opened()


def test_a_wrong_path_is_reported(tmp_path: Path) -> None:
    with pytest.raises(OutboxError, match="does not exist"):
        Outbox(str(tmp_path / "no" / "usage.db"), base_url=BASE, fingerprint="k").open()
    with pytest.raises(OutboxError, match="folder"):
        Outbox(str(tmp_path), base_url=BASE, fingerprint="k").open()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_reported(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(OutboxError, match="permission") as caught:
        Outbox(str(tmp_path / "usage.db"), base_url=BASE, fingerprint="k").open()
    assert caught.value.misuse


@pytest.mark.parametrize(
    ("kind", "remote"),
    [("nfs4", True), ("cifs", True), ("fuse.sshfs", True), ("9p", True), ("ext4", False), ("overlay", False)],
)
def test_network_file_systems_are_recognised(tmp_path: Path, kind: str, remote: bool) -> None:
    table = tmp_path / "mountinfo"
    table.write_text(
        "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
        f"33 22 0:40 / /mnt/my\\040data rw shared:2 master:1 - {kind} server:/share rw\n"
        "a line of another kind\n"
    )
    assert network_filesystem("/mnt/my data/usage.db", str(table)) == (kind if remote else None)
    assert network_filesystem("/mnt/my data2/usage.db", str(table)) is None
    assert network_filesystem("/home/usage.db", str(tmp_path / "none")) is None


# Power loss


def test_power_loss_at_any_point_loses_nothing_that_was_confirmed(opened: Any, path: str, tmp_path: Path) -> None:
    """However much of the log reached the device after the last confirmed event, all confirmed ones are in the file."""
    outbox = opened(durability="power")
    confirmed_at: list[int] = []  # bytes of log that were flushed when event n was confirmed
    for number in range(12):
        outbox.put(json.dumps({"n": number, "text": "x" * (700 * number)}).encode())
        confirmed_at.append(os.path.getsize(path + "-wal"))
    log = Path(path + "-wal").read_bytes()
    page = struct.unpack(">I", log[8:12])[0]
    frames = range(32, len(log) + 1, page + 24)
    assert len(frames) > 12
    for cut in [*frames, *(end - 100 for end in frames if end > 100)]:
        copy = str(tmp_path / f"copy-{cut}.db")
        shutil.copy(path, copy)
        Path(copy + "-wal").write_bytes(log[:cut])
        survivor = Outbox(copy, base_url=BASE, fingerprint="key-a")
        found = [json.loads(wire)["n"] for wire in lease(survivor)]
        survivor.close()
        assert found == list(range(len(found)))
        assert len(found) >= sum(end <= cut for end in confirmed_at)


def test_process_durability_leaves_a_consistent_file_after_power_loss(opened: Any, path: str, tmp_path: Path) -> None:
    outbox = opened()
    for number in range(20):
        outbox.put(b"%d" % number)
    log = Path(path + "-wal").read_bytes()
    for cut in range(0, len(log), 1777):
        copy = str(tmp_path / f"copy-{cut}.db")
        shutil.copy(path, copy)
        Path(copy + "-wal").write_bytes(log[:cut])
        survivor = Outbox(copy, base_url=BASE, fingerprint="key-a")
        found = lease(survivor)
        survivor.close()
        assert found == [b"%d" % number for number in range(len(found))]
