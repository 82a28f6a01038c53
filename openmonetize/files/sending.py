"""Sends prepared rows, at the pace of the platform's headers, until all have an outcome."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Callable, cast

from openmonetize.exceptions import OpenApiException
from openmonetize.files.queue import Item, RowQueue
from openmonetize.metering.buffers.base import Account, Batch
from openmonetize.metering.delivery import Delivery
from openmonetize.metering.errors import MeteringError
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.pace import PaceStore
from openmonetize.metering.rate_limiter import RateLimiter
from openmonetize.metering.request import send_batch

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_MAX_SLEEP = 0.5  # seconds between two looks at what is due
_REQUEST_TIMEOUT = 30.0  # seconds


class _Incidents(Incidents):
    """Leaves out of the log what the report of the run says, or the error that ends it."""

    def report(self, incident: Incident) -> None:
        """Log an incident that is neither, and call back."""
        if incident.kind not in ("dead", "parked"):
            super().report(incident)


class Sending:
    """Sends rows from the calling thread.

    Attributes:
        requests: how many were sent.
        waiting: why nothing is sent at present; empty if it is.

    Args:
        client: sends the requests, under the key that it has now.
        rate_share: the part of the platform's rate limit to use.
        max_outage: seconds without an answer, or with failures only, after which to give up.
        on_wait: called from time to time while nothing can be sent.
        pace: what is known of the rate limit, by all who share it.
    """

    def __init__(
        self,
        client: ApiClient,
        rate_share: float,
        max_outage: float,
        on_wait: Callable[[], object],
        pace: PaceStore,
    ) -> None:
        self._client = client
        self._key = client.configuration.secret()
        settings = client.configuration
        self._account = Account(settings.host, settings.account_fingerprint())
        self._limiter = RateLimiter(rate_share, store=pace)
        self._max_outage = max_outage
        self._on_wait = on_wait
        self._failure: OpenApiException | None = None
        self._failing_since: float | None = None
        self.requests = 0
        self.waiting = ""

    @property
    def quota(self) -> int | None:
        """Events that this month's quota still takes, if the platform said so."""
        return self._limiter.quota

    def send(
        self,
        rows: Iterator[Item],
        on_taken: Callable[[list[Item], int], object],
        on_refused: Callable[[Item, str], object],
    ) -> None:
        """Send all rows.

        Args:
            rows: rows with an event.
            on_taken: see `RowQueue`.
            on_refused: see `RowQueue`.

        Raises:
            ApiException: the platform refuses the account (its key, its quota), or failed for too long.
        """
        queue = RowQueue(rows, self._account, on_taken, on_refused)
        delivery = Delivery(
            self._attempt,
            cast(Any, queue),
            _Incidents(on_error=self._note),
            rate_limiter=self._limiter,
            fingerprint=lambda: self._account.fingerprint,
        )
        while not queue.ended:
            wait = delivery.next_at() - time.monotonic()
            if wait <= 0.0 and delivery.step():
                self._check(delivery)
            elif not queue.ended:
                self.waiting = self.waiting or "waiting for the rate limit"
                self._on_wait()
                time.sleep(min(max(wait, 0.01), _MAX_SLEEP))

    def _attempt(self, batch: Batch) -> Any:
        self.requests += 1
        try:
            answer = send_batch(self._client, batch.wires, deadline=_REQUEST_TIMEOUT, key=self._key)
        except OpenApiException as error:
            self._failure = error
            if self._failing_since is None:
                self._failing_since = time.monotonic()
            raise
        self._failure, self._failing_since, self.waiting = None, None, ""
        return answer

    def _note(self, incident: Incident) -> None:
        if incident.kind == "retrying":
            self.waiting = incident.message

    def _check(self, delivery: Delivery) -> None:
        """Raise what keeps rows from being sent, if waiting is of no use."""
        if delivery.parked:
            raise self._failure or MeteringError("the platform refuses the requests, and says nothing about the rows")
        since = self._failing_since
        if since is not None and self._failure is not None and time.monotonic() - since > self._max_outage:
            raise self._failure
