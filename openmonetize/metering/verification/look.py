"""Looks for accepted events, one look at a time, and notes which are billed, and which are lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openmonetize.exceptions import ApiException
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.billing import Page, event_id_in, page_of_events, second_in
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.ledger import BILLED, LOST, STORED, UNPAID, Ledger
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.verification.repeating import Repeater
from openmonetize.metering.verification.scan import Candidate, Scan, by_sheet, numbers_of

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

MAX_REPEATS = 1  # how often a lost event is sent again without being asked: one that can never be stored is lost again
MAX_LOOKED_FOR = 100_000  # events of one look, the oldest
_PAGE_TIMEOUT = 10.0  # seconds


class Look:
    """A look at the platform's list, which may be gone on with later, and the next one after it.

    Args:
        client: sends the requests.
        ledger: has the accepted events, and what is known of them.
        accounts: whose events the client's key delivers.
        incidents: reports losses to the user.
        rate_limiter: the rate limit.
        repeater: sends the lost again.

    Attributes:
        lock: of whoever looks: the thread that delivers, or a caller.
        held_by_others: whether another process looked when the last look was to begin.
    """

    def __init__(
        self,
        client: ApiClient,
        ledger: Ledger,
        accounts: Accounts,
        incidents: Incidents,
        rate_limiter: RateLimiter,
        repeater: Repeater,
    ) -> None:
        self._client = client
        self._ledger = ledger
        self._accounts = accounts
        self._incidents = incidents
        self._rate_limiter = rate_limiter
        self._repeater = repeater
        self.after_fork()

    def after_fork(self) -> None:
        """Start anew, in a child process."""
        self.lock = threading.RLock()
        self.held_by_others = False
        self._scan: Scan | None = None
        self._scanned: Account | None = None
        self._unpaid = 0  # events that this look has found

    def go_on(
        self,
        may_go_on: Callable[[], bool],
        *,
        repeats: int,
        again: bool = False,
        urgent: bool = False,
    ) -> bool:
        """Read the platform's list as far as necessary, and send again what it has lost.

        Args:
            may_go_on: whether to begin another request.
            repeats: send what is lost again, unless it was sent again so often before.
            again: look also for those that were lost again before.
            urgent: a caller waits: use the application's part of the rate limit as well.

        Returns:
            Whether the look was finished. If not, the next call goes on with it.

        Raises:
            ApiException: the list cannot be read, or events cannot be sent, now or later.
            OutboxError: what is kept cannot be read.
        """
        with self.lock:
            if self._scan is None or self._scanned != self._accounts.present():
                self.end()
                if not self._begin(again):
                    return self._scan is None and not self.held_by_others
            try:
                return self._read(may_go_on, repeats, urgent)
            except BaseException:
                self.end()
                raise

    def end(self) -> None:
        """End the present look, and tell what nobody pays for: no sending repairs that."""
        with self.lock:
            count, self._unpaid = self._unpaid, 0
            if count:
                text = (
                    f"{count} usage events are stored with 0 credits, although they cost something: nobody pays for "
                    "them, and sending them again changes nothing; verify() names them"
                )
                self._incidents.report(Incident("unpaid", text, events=count))
            if self._scan is not None:
                self._scan = None
                self._ledger.release()

    def _begin(self, again: bool) -> bool:
        """Begin a look, if there is anything to look for."""
        self.held_by_others = not self._ledger.hold(self._accounts.served())
        if self.held_by_others:
            return False
        try:
            candidates = self.wanted(again)
            if candidates:
                self._scanned = self._accounts.present()
                sheets = self._ledger.sheets(self._accounts.served())
                self._scan = Scan(candidates, max(sheet.last_billed() for sheet in sheets))
        finally:
            if self._scan is None:
                self._ledger.release()
        return self._scan is not None

    def wanted(self, again: bool = False) -> list[Candidate]:
        """Return what has to be looked for."""
        found: list[Candidate] = []
        for sheet in self._ledger.sheets(self._accounts.served()):
            if len(found) >= MAX_LOOKED_FOR:
                break
            open_entries = {
                number: entry
                for number, entry in list(sheet.entries.items())
                if entry.state not in STORED and (again or entry.state != LOST or entry.repeats < MAX_REPEATS)
            }
            if any(entry.event_id is None for entry in open_entries.values()):
                wires = sheet.wires()
                for number, entry in open_entries.items():
                    wire = wires.get(number, b"")
                    entry.event_id, entry.second = event_id_in(wire) or "", second_in(wire) or ""
            found += [Candidate(sheet, number, entry) for number, entry in open_entries.items() if entry.event_id]
        return found[:MAX_LOOKED_FOR]

    def _read(self, may_go_on: Callable[[], bool], repeats: int, urgent: bool) -> bool:
        scan = self._scan
        assert scan is not None
        while scan.offset is not None:
            if not may_go_on() or not self._rate_limiter.reserve(urgent):
                return False
            if not self._ledger.hold(self._accounts.served()):  # it took so long that another process has begun
                self.end()
                return False
            page = self._page(scan.offset)
            self._note_stored(scan.take(page), page)
        if scan.missing:
            self._note_lost(scan.missing)
            unsent = [one for one in scan.missing if one.entry.state == LOST and one.entry.repeats < repeats]
            while unsent:
                if not may_go_on() or not self._rate_limiter.reserve(urgent):
                    return False
                sent = self._repeater.send(unsent)
                if not sent:
                    break
                unsent = unsent[sent:]
        self.end()
        return True

    def _page(self, offset: int) -> Page:
        deadline = time.monotonic() + _PAGE_TIMEOUT
        try:
            key = self._accounts.key_for(self._accounts.present())
            page = page_of_events(self._client, offset, deadline, key, attempts=1)
        except ApiException as error:
            self._rate_limiter.learn(error.headers, counts=False)
            raise
        except BaseException:
            self._rate_limiter.learn({}, counts=False)
            raise
        self._rate_limiter.learn(page.headers, counts=False)
        return page

    def _note_stored(self, found: list[Candidate], page: Page) -> None:
        unpaid = [one for one in found if one.event_id in page.zero]
        for sheet, candidates in by_sheet(one for one in found if one.event_id not in page.zero):
            # Ascending: that is the order of the numbers in a record.
            burned = [page.credits.get(one.event_id, 0) for one in candidates]
            sheet.note({BILLED: numbers_of(candidates), "credits": burned})
        for sheet, candidates in by_sheet(unpaid):
            sheet.note({UNPAID: numbers_of(candidates)})
        self._unpaid += len(unpaid)

    def _note_lost(self, missing: list[Candidate]) -> None:
        new = [one for one in missing if one.entry.state != LOST]
        again = sum(one.entry.repeats >= MAX_REPEATS for one in new)
        for sheet, candidates in by_sheet(new):
            sheet.note({LOST: numbers_of(candidates)})
        if new:
            quota = self._rate_limiter.quota
            text = f"the platform has lost {len(new)} accepted usage events: later ones are billed, and they are not"
            if again:
                text += f"; {again} of them were sent again before, and are lost again: verify() names them"
            if quota is not None:
                text += f"; each that is sent again counts for the monthly quota, which takes {quota} more"
            self._incidents.report(Incident("lost", text, events=len(new)))
