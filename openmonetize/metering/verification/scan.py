"""One look at the platform's list of events: which of the events that are looked for it has, and which are lost.

The platform bills strictly in the order in which it has accepted (measured). So an event is lost if it is not in the
list although an event that was accepted later is. Both have to be seen in that order: first the later one, and then,
in pages that are read with or after it, that the other is missing.

The list is sorted by the events' own timestamps, the latest first, and grows while it is read. What is added moves the
rows to higher offsets only, so that no row is skipped.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from itertools import count

from openmonetize.metering.billing import PAGE_SIZE, Page
from openmonetize.metering.buffers.ledger import Entry, Ranges, Sheet, ranges_of

# Rows that are read one page after the other, where the next event that is looked for may be far behind.
_NEAR_ROWS = 5 * PAGE_SIZE


class Candidate:
    """An accepted event that is looked for.

    Attributes:
        sheet: where it is kept.
        number: its number there.
        entry: what is known of it.
        found: whether the list has it.
        passed: whether an event that was accepted later had been seen before this one's place in the list was read.
    """

    __slots__ = ("entry", "found", "number", "passed", "sheet")

    def __init__(self, sheet: Sheet, number: int, entry: Entry) -> None:
        self.sheet = sheet
        self.number = number
        self.entry = entry
        self.found = self.passed = False

    @property
    def event_id(self) -> str:
        """The event's id."""
        return self.entry.event_id or ""

    @property
    def second(self) -> str:
        """The second of the event's timestamp."""
        return self.entry.second or ""


class Scan:
    """Reads the list as far as the events that are looked for.

    Args:
        candidates: what is looked for.
        last_billed: the latest time at which an event came into the queue that is known to be stored.

    Attributes:
        offset: the row from which the next page is to be read; None when the reading is done.
        missing: the events that are lost.
    """

    def __init__(self, candidates: Iterable[Candidate], last_billed: float) -> None:
        self._by_id: dict[str, list[Candidate]] = {}
        for candidate in candidates:
            self._by_id.setdefault(candidate.event_id, []).append(candidate)
        # An event that is kept twice, because a process was killed between, may have come into the queue twice.
        self._answered = {event_id: max(one.entry.answered for one in same) for event_id, same in self._by_id.items()}
        first = [same[0] for same in self._by_id.values()]
        self._unread = sorted(first, key=lambda one: one.second)  # the last is the next
        self._reading: list[Candidate] = []
        self._last_billed = last_billed
        self.missing: list[Candidate] = []
        self._pages = self._read()
        self.offset: int | None = next(self._pages, None)

    def take(self, page: Page) -> list[Candidate]:
        """Take the page that begins at `offset`. Return the events that were found on it."""
        found = []
        for event_id in self._by_id.keys() & page.ids:
            for candidate in self._by_id[event_id]:
                if not candidate.found:
                    candidate.found = True
                    found.append(candidate)
                    self._last_billed = max(self._last_billed, candidate.entry.sent or 0.0)
        try:
            self.offset = self._pages.send(page)
        except StopIteration:
            self.offset = None
        return found

    def _read(self) -> Generator[int, Page, None]:
        """Yield rows, and take the pages that begin there."""
        offset = 0
        while self._unread or self._reading:
            page = yield offset
            self._judge(page)
            if not page.full:
                return
            offset += PAGE_SIZE
            far = (page.total or 0) - offset > _NEAR_ROWS and not self._reading
            if far and self._unread and page.last_second > self._unread[-1].second:
                offset = yield from self._next_place(offset, page.total or 0)

    def _judge(self, page: Page) -> None:
        """Give up the events whose place in the list was read, and that are not there."""
        last = page.last_second if page.full else ""
        if page.full and not last:
            return  # the time of its last row cannot be read
        while self._unread and self._unread[-1].second >= last:
            candidate = self._unread.pop()
            candidate.passed = self._answered[candidate.event_id] < self._last_billed
            self._reading.append(candidate)
        reading, self._reading = self._reading, []
        for candidate in reading:
            if candidate.found:
                continue
            if page.full and candidate.second <= last:
                self._reading.append(candidate)
            elif candidate.passed:
                self.missing.append(candidate)

    def _next_place(self, low: int, total: int) -> Generator[int, Page, int]:
        """Return a row before the next event that is looked for: all before ``low`` are later."""
        target, high = self._unread[-1].second, total
        for doubling in count():
            probe = low + (_NEAR_ROWS << doubling)
            if probe >= high:
                break
            page = yield probe
            if page.full and page.last_second > target:
                low = probe + PAGE_SIZE
            else:
                high = probe
        while high - low > _NEAR_ROWS:
            middle = (low + high) // 2
            page = yield middle
            if page.full and page.last_second > target:
                low = middle + PAGE_SIZE
            else:
                high = middle
        return low


def by_sheet(candidates: Iterable[Candidate]) -> list[tuple[Sheet, list[Candidate]]]:
    """Return candidates by where they are kept, in ascending order."""
    found: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        found.setdefault(id(candidate.sheet), []).append(candidate)
    return [(same[0].sheet, sorted(same, key=lambda one: one.number)) for same in found.values()]


def numbers_of(candidates: Iterable[Candidate]) -> Ranges:
    """Return the numbers of candidates of one sheet that are in ascending order, as ranges."""
    return ranges_of(candidate.number for candidate in candidates)
