"""Sends events again that the platform has lost."""

from __future__ import annotations

import logging
from collections.abc import Callable
from itertools import takewhile
from typing import TYPE_CHECKING

from openmonetize.events.ingest import MAX_EVENTS
from openmonetize.exceptions import ApiException
from openmonetize.metering.accounts import Accounts
from openmonetize.metering.buffers.base import count_fitting
from openmonetize.metering.buffers.ledger import LOST, REPEATED
from openmonetize.metering.delivery import MAX_BATCH_BYTES
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.request import send_batch
from openmonetize.metering.verification.scan import Candidate, by_sheet, numbers_of

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_LOG = logging.getLogger("openmonetize.metering")
# Seconds for which a request whose answer did not come may still be under way.
MAX_REQUEST_SECONDS = 60.0


class Repeater:
    """Sends lost events again.

    Args:
        client: sends the requests.
        accounts: has the keys.
        rate_limiter: has taken a request's share before each call.
        request_timeout: seconds that a request may take.
        now: returns the time, in seconds since 1970.
        on_sent: called after events were sent.
    """

    def __init__(
        self,
        client: ApiClient,
        accounts: Accounts,
        rate_limiter: RateLimiter,
        request_timeout: float,
        now: Callable[[], float],
        on_sent: Callable[[], None],
    ) -> None:
        self._client = client
        self._accounts = accounts
        self._rate_limiter = rate_limiter
        self._request_timeout = request_timeout
        self._now = now
        self._on_sent = on_sent

    def send(self, lost: list[Candidate]) -> int:
        """Send the first of the lost events again, in one request. Return how many.

        It is noted before: if the process is killed, the events may be in the queue, and count as sent.

        Raises:
            ApiException: they cannot be sent, now or later.
            OutboxError: they cannot be read, or noted.
        """
        account, quota = lost[0].sheet.account, self._rate_limiter.quota
        most = MAX_EVENTS if quota is None else min(MAX_EVENTS, quota)
        batch = list(takewhile(lambda one: one.sheet.account == account, lost[:most]))
        if not batch:
            self._rate_limiter.learn({}, counts=False)
            _LOG.error("%d lost usage events are not sent again: the monthly quota is used up", len(lost))
            return 0
        read = {id(sheet): sheet.wires() for sheet, _ in by_sheet(batch)}
        wires = [read[id(one.sheet)].get(one.number, b"") for one in batch]
        size = count_fitting(wires, MAX_EVENTS, MAX_BATCH_BYTES)
        batch, wires = batch[:size], wires[:size]
        _note(batch, self._now() + MAX_REQUEST_SECONDS, certain=False)
        try:
            key = self._accounts.key_for(account)
            answer = send_batch(self._client, wires, deadline=self._request_timeout, key=key)
        except ApiException as error:
            self._rate_limiter.learn(error.headers)
            if error.status in (400, 413, 422):  # these events are refused, and were taken before
                _note(batch, self._now(), certain=True)
            if 400 <= (error.status or 0) < 500 and error.status != 408:  # nothing was taken
                for sheet, candidates in by_sheet(batch):
                    sheet.note({LOST: numbers_of(candidates)})
            raise
        except BaseException:
            self._rate_limiter.learn({}, counts=False)
            raise
        self._rate_limiter.learn(answer.headers)
        stored = (answer.data.duplicates or 0) >= len(batch)
        _note(batch, self._now(), certain=True, stored=stored)
        _LOG.warning(
            "%d lost usage events were sent again: the platform took %s, and had %s",
            len(batch),
            answer.data.accepted,
            answer.data.duplicates,
        )
        self._on_sent()
        return len(batch)


def _note(batch: list[Candidate], answered: float, certain: bool, stored: bool = False) -> None:
    for sheet, candidates in by_sheet(batch):
        numbers = numbers_of(candidates)
        sheet.note({REPEATED: numbers, "answered": answered, "certain": certain, "stored": stored})
