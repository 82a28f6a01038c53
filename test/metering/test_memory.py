from __future__ import annotations

import threading
from typing import Any

import pytest

from openmonetize.metering import BufferFull
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.memory import MAX_DEAD_IN_MEMORY, MemoryBuffer

from .conftest import adds_up

A, B = Account("http://127.0.0.1:1", "key-a"), Account("http://127.0.0.1:1", "key-b")


def wires(count: int, size: int = 4) -> list[bytes]:
    return [str(number).rjust(size).encode() for number in range(count)]


def empty(**options: Any) -> MemoryBuffer:
    buffer = MemoryBuffer(**options)
    buffer.serve([A])
    return buffer


def filled(count: int, **options: Any) -> MemoryBuffer:
    buffer = empty(**options)
    for wire in wires(count):
        buffer.put(wire, A)
    return buffer


def test_events_leave_in_the_order_in_which_they_came() -> None:
    buffer = filled(5)
    first, second = buffer.lease(3, 1000), buffer.lease(3, 1000)
    assert first is not None
    assert second is not None
    assert list(first.wires) + list(second.wires) == wires(5)
    assert buffer.lease(3, 1000) is None


def test_a_lease_is_bounded_by_bytes_and_holds_at_least_one_event() -> None:
    buffer = filled(5)
    assert [len(buffer.lease(10, size) or ()) for size in (10, 14, 1)] == [2, 2, 1]


def test_returned_events_are_sent_before_new_ones_and_count_as_retrying() -> None:
    buffer = filled(4)
    batch = buffer.lease(2, 1000)
    assert batch is not None
    buffer.nack(batch)
    assert buffer.stats()[3:5] == (2, 2)
    again = buffer.lease(1, 1000)
    assert again is not None
    assert again.wires == [b"   0"]
    rest = buffer.lease(10, 1000)
    assert rest is not None
    assert rest.wires == [b"   1"]


def test_a_delayed_event_lets_others_pass() -> None:
    buffer = filled(3)
    batch = buffer.lease(1, 1000)
    assert batch is not None
    buffer.nack(batch, delay=3600.0)
    rest = buffer.lease(10, 1000)
    assert rest is not None
    assert len(rest) == 2
    assert buffer.lease(10, 1000) is None
    assert buffer.stats().retrying == 3
    buffer.clear_delays()
    assert len(buffer.lease(10, 1000) or ()) == 1


def test_every_event_is_in_exactly_one_count() -> None:
    buffer = filled(10)
    batch = buffer.lease(6, 1000)
    assert batch is not None
    buffer.ack(batch.slice(0, 3), duplicates=1)
    buffer.dead_letter(batch.pick([3]), 400, "bad")
    buffer.nack(batch.slice(4, 5))
    stats = buffer.stats()
    assert (stats.accepted, stats.duplicate, stats.dead, stats.retrying, stats.queued) == (2, 1, 1, 2, 4)
    assert adds_up(stats)
    assert stats.tracked == 10


def test_a_full_buffer_waits_for_room() -> None:
    buffer = filled(2, max_events=2, full_timeout=30)
    batch = buffer.lease(1, 1000)
    assert batch is not None
    threading.Timer(0.05, buffer.ack, [batch]).start()
    buffer.put(b"3", A)
    assert buffer.stats().queued == 2


@pytest.mark.parametrize("bounds", [{"max_events": 2}, {"max_bytes": 9}])
def test_a_full_buffer_raises_in_the_end_and_the_event_is_not_counted(bounds: dict[str, int]) -> None:
    buffer = filled(2, **bounds)
    with pytest.raises(BufferFull, match="was not recorded"):
        buffer.put(b"   3", A)
    assert buffer.stats().tracked == 2


def test_dropping_is_counted_and_returned() -> None:
    buffer = empty(max_events=1, drop_newest=True)
    assert buffer.put(b"1", A) == 1
    assert buffer.put(b"2", A) == -1
    assert buffer.stats().dropped == 1
    assert adds_up(buffer.stats())


def test_dead_letters_are_bounded_and_the_oldest_are_dropped_and_counted() -> None:
    buffer = filled(MAX_DEAD_IN_MEMORY + 5)
    batch = buffer.lease(20_000, 10_000_000)
    assert batch is not None
    buffer.dead_letter(batch, 400, "bad")
    assert len(buffer.dead_letters()) == MAX_DEAD_IN_MEMORY
    assert buffer.stats().dropped == 5
    assert adds_up(buffer.stats())


def test_dead_letters_can_be_replayed_or_discarded() -> None:
    buffer = filled(4)
    batch = buffer.lease(4, 1000)
    assert batch is not None
    buffer.dead_letter(batch.slice(0, 2), 400, "bad")
    assert buffer.replay_dead_letters() == 2
    buffer.dead_letter(batch.slice(2, 4), 400, "bad")
    assert buffer.discard_dead_letters() == 2
    stats = buffer.stats()
    assert (stats.queued, stats.dropped, stats.dead, stats.tracked) == (2, 2, 0, 4)
    assert adds_up(stats)


def test_a_watermark_is_past_when_all_events_before_it_have_an_outcome() -> None:
    buffer = filled(3)
    watermark = buffer.watermark()
    buffer.put(b"later", A)
    batch = buffer.lease(3, 1000)
    assert batch is not None
    assert not buffer.is_past(watermark)
    buffer.nack(batch.slice(0, 1), delay=0.001)
    buffer.ack(batch.slice(1, 3))
    assert not buffer.is_past(watermark)
    buffer.ack(batch.slice(0, 1))
    assert buffer.stats().queued == 1
    while not buffer.is_past(watermark):
        again = buffer.lease(1, 1000)
        if again is not None:
            buffer.ack(again)
    assert buffer.is_past(watermark)


def test_a_child_owns_nothing_of_its_parent() -> None:
    buffer = filled(3)
    buffer.after_fork()
    assert buffer.stats() == (0, 0, 0, 0, 0, 0, 0)


def test_many_threads_lose_nothing() -> None:
    buffer = empty()
    threads = [threading.Thread(target=lambda: [buffer.put(b"x", A) for _ in range(500)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    taken = 0
    while taken < 4000:
        batch = buffer.lease(100, 10_000)
        if batch is not None:
            buffer.ack(batch)
            taken += len(batch)
    for thread in threads:
        thread.join()
    assert buffer.stats().accepted == buffer.stats().tracked == 4000


# Accounts


def lease(buffer: MemoryBuffer) -> list[bytes]:
    batch = buffer.lease(1000, 1_000_000)
    return [] if batch is None else list(batch.wires)


def test_events_of_several_accounts_are_leased_apart_and_keep_their_order() -> None:
    buffer = empty()
    for number, account in enumerate([A, A, B, A, B]):
        buffer.put(b"%d" % number, account)
    buffer.serve([A, B])
    batches = [buffer.lease(1000, 1000) for _ in range(4)]
    assert [(batch.account, list(batch.wires)) for batch in batches if batch is not None] == [
        (A, [b"0", b"1"]),
        (B, [b"2"]),
        (A, [b"3"]),
        (B, [b"4"]),
    ]


def return_one_and_refuse_one(buffer: MemoryBuffer) -> None:
    returned, refused = buffer.lease(1, 1000), buffer.lease(1, 1000)
    assert returned is not None
    assert refused is not None
    buffer.nack(returned)
    buffer.dead_letter(refused, 400, "bad")


def test_an_account_that_is_not_served_waits_whatever_became_of_its_events() -> None:
    buffer = empty()
    for number in range(4):
        buffer.put(b"%d" % number, A)
    return_one_and_refuse_one(buffer)
    buffer.serve([B])
    buffer.put(b"of b", B)
    assert lease(buffer) == [b"of b"]
    assert lease(buffer) == []
    assert buffer.others() == [(*A, None, 4)]
    assert buffer.stats().tracked == 5
    assert adds_up(buffer.stats())
    buffer.serve([A])
    assert lease(buffer) == [b"0"]
    assert lease(buffer) == [b"2", b"3"]


def test_a_watermark_does_not_wait_for_an_account_that_is_not_served() -> None:
    buffer = filled(3)
    batch = buffer.lease(1, 1000)
    assert batch is not None
    buffer.nack(batch)
    watermark = buffer.watermark()
    assert not buffer.is_past(watermark)
    buffer.serve([B])
    assert buffer.is_past(watermark)
    assert buffer.new_count() == 0


def test_adopted_events_are_the_other_accounts() -> None:
    buffer = filled(4)
    return_one_and_refuse_one(buffer)
    buffer.serve([B])
    assert buffer.adopt(A, B) == 4
    assert buffer.others() == []
    assert lease(buffer) == wires(4)[:1]
    assert lease(buffer) == wires(4)[2:]
    assert buffer.replay_dead_letters() == 1
    assert lease(buffer) == wires(4)[1:2]


def test_dead_letters_are_replayed_under_their_own_account() -> None:
    buffer = filled(1)
    refused = buffer.lease(1, 1000)
    assert refused is not None
    buffer.dead_letter(refused, 400, "bad")
    buffer.serve([B])
    buffer.put(b"of b", B)
    assert buffer.replay_dead_letters() == 1
    assert lease(buffer) == [b"of b"]
    assert lease(buffer) == []
    buffer.serve([A])
    assert lease(buffer) == wires(1)
