"""The account behind the client's key, which decides what an outbox may deliver."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from openmonetize.exceptions import OpenApiException
from openmonetize.metering.errors import KeyChanged, OutboxError
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.results import OtherAccount

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.metering.buffers.outbox import Outbox

_IDENTIFY_INTERVAL = 10.0  # seconds between questions to the platform whose key this is
_IDENTIFY_TIMEOUT = 3.0  # seconds


class Account:
    """Watches a client's host and key, and finds out which customer the key belongs to.

    Args:
        client: the client.
        outboxes: the files whose rows must be sent under the right key only.
        incidents: reports rows that wait for another key.
    """

    def __init__(self, client: ApiClient, outboxes: Sequence[Outbox], incidents: Incidents) -> None:
        self._client = client
        self._outboxes = outboxes
        self._incidents = incidents
        self._asked_at = float("-inf")
        self._reported = False

    def fingerprint(self) -> str:
        """Return the digest of the present key; empty without a key."""
        try:
            return self._client.configuration.account_fingerprint()
        except OpenApiException:
            return ""

    def follow(self) -> None:
        """Make the outboxes record and deliver for the client's present key and host."""
        host, fingerprint = self._client.configuration.host, self.fingerprint()
        for outbox in self._outboxes:
            if fingerprint and (outbox.fingerprint != fingerprint or outbox.base_url != host):
                outbox.use(host, fingerprint)
                self._asked_at = float("-inf")
                self._reported = False

    def key_for(self, account: tuple[str, str] | None) -> str | None:
        """Return the key that may deliver an account's events; None leaves the choice to the client.

        Raises:
            KeyChanged: the client has another key now.
        """
        if account is None:
            return None
        settings = self._client.configuration
        key = settings.key()
        if (settings.host, settings.account_fingerprint()) != account or settings.key() != key:
            raise KeyChanged("the API key was changed")
        return key

    def identify(self) -> None:
        """Ask the platform, once per key, which customer it is: a rotated key then takes over the old one's rows."""
        self.follow()
        now = time.monotonic()
        if now - self._asked_at < _IDENTIFY_INTERVAL:
            return
        self._asked_at = now
        fingerprint = self.fingerprint()
        unknown = [outbox for outbox in self._outboxes if self._is_unknown(outbox)]
        customer_id = self._ask_customer_id() if unknown else None
        if self.fingerprint() != fingerprint:
            return
        if customer_id:
            for outbox in unknown:
                outbox.identify(customer_id, fingerprint)
        if not self._reported:
            self._reported = True
            self._report_others(known=bool(customer_id) or not unknown)

    @staticmethod
    def _is_unknown(outbox: Outbox) -> bool:
        try:
            return outbox.customer_id() is None
        except OutboxError:  # the buffer reports it when it uses the file; events in memory are delivered all the same
            return False

    def _ask_customer_id(self) -> str | None:
        try:
            response = self._client.call_api("GET", "/v1/customers/me", _request_timeout=_IDENTIFY_TIMEOUT)
            customer_id = json.loads(response.data)["data"]["id"]
        except (OpenApiException, ValueError, KeyError, TypeError, RecursionError):
            return None  # the rows stay under the key's digest
        return customer_id if isinstance(customer_id, str) and customer_id else None

    def _report_others(self, known: bool) -> None:
        others = self.others()
        if not others:
            return
        count = sum(other.events for other in others)
        doubt = "" if known else ", or until the platform has said that this key is of the same customer"
        self._incidents.report(
            Incident(
                "other_key",
                f"{count} usage events in the outbox were recorded under {len(others)} other keys or servers, and wait "
                f"for those{doubt}. See usage_of_other_keys(); adopt_usage() bills them to the present key's customer",
                events=count,
            )
        )

    # Events of other keys

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events in the outboxes that the present key does not deliver."""
        found: list[OtherAccount] = []
        for outbox in self._outboxes:
            try:
                found += outbox.others()
            except OutboxError:
                pass  # the buffer reports it when it uses the file
        return found

    def adopt(self, account: OtherAccount) -> int:
        """Take over another account's events, and return how many there were."""
        self.follow()
        return sum(outbox.adopt(account) for outbox in self._outboxes)
