"""Whatever happens while the list is read, only what is lost is taken for lost, and all of it is found in the end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize.metering.billing import Page
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.ledger import Entry, Sheet
from openmonetize.metering.verification import scan
from openmonetize.metering.verification.scan import Candidate, Scan


class Accepted(NamedTuple):
    """An event in the platform's queue: the second of its timestamp, whether it is ours, and what becomes of it."""

    second: int
    ours: bool
    lost: bool
    retried: bool  # it was sent before, so that it proves nothing


EVENTS = st.lists(st.builds(Accepted, st.integers(0, 12), st.booleans(), st.booleans(), st.booleans()), max_size=40)


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scan, "PAGE_SIZE", 3)
        patch.setattr(scan, "_NEAR_ROWS", 6)
        yield


class Platform:
    """Bills strictly in order, some events whenever a page was read."""

    def __init__(self, queue: list[Accepted], pace: list[int]) -> None:
        self.queue = queue
        self.pace = pace
        self.done = 0
        self.pages = 0

    def work(self, count: int) -> None:
        self.done = min(len(self.queue), self.done + count)

    def page(self, offset: int) -> Page:
        stored = [(one.second, number) for number, one in enumerate(self.queue[: self.done]) if not one.lost]
        rows = sorted(stored, reverse=True)[offset : offset + 3]
        self.pages += 1
        self.work(self.pace[self.pages % len(self.pace)])
        last = f"{rows[-1][0]:02}" if rows else ""
        return Page({str(number) for _, number in rows}, last, len(rows) == 3, total=len(stored))


def entry(number: int, event: Accepted) -> Entry:
    """Return an event as the ledger has it: events of one number were brought by one request."""
    request = number // 2 * 10.0
    made = Entry(None if event.retried else request + 1.0, request + 2.0)
    made.event_id, made.second = str(number), f"{event.second:02}"
    return made


def read(platform: Platform, wanted: dict[int, Entry], last_billed: float) -> tuple[set[int], set[int]]:
    """Read the list once. Return the numbers of the events that were found, and of those that are missing."""
    sheet = Sheet(Account("", ""))
    one = Scan([Candidate(sheet, number, its) for number, its in wanted.items()], last_billed)
    found: set[int] = set()
    while one.offset is not None:
        found |= {candidate.number for candidate in one.take(platform.page(one.offset))}
        assert platform.pages < 1000
    return found, {candidate.number for candidate in one.missing}


@given(queue=EVENTS, begun=st.integers(0, 40), pace=st.lists(st.integers(0, 3), min_size=1, max_size=5))
@settings(deadline=None, max_examples=400)
def test_only_the_lost_are_missing_and_all_are_told_that_can_be(
    queue: list[Accepted], begun: int, pace: list[int]
) -> None:
    platform = Platform(queue, pace)
    platform.work(begun)
    wanted = {number: entry(number, event) for number, event in enumerate(queue) if event.ours}
    last_billed, lost = 0.0, set()
    for look in range(4):
        if look == 2:
            platform.work(len(queue))
        found, missing = read(platform, wanted, last_billed)
        assert all(not queue[number].lost for number in found)
        assert all(queue[number].lost and number < platform.done for number in missing)
        last_billed = max([last_billed, *(wanted[number].sent or 0.0 for number in found)])
        lost |= missing
        wanted = {number: its for number, its in wanted.items() if number not in found | missing}
    expected = {
        number
        for number, event in enumerate(queue)
        if event.ours and event.lost and entry(number, event).answered < last_billed
    }
    assert lost == expected
    assert set(wanted) == {number for number, event in enumerate(queue) if event.ours and event.lost} - expected
