"""Keeps an outbox's idea of the account in step with the client's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, List, Optional, Sequence, Tuple

from openmonetize.exceptions import OpenApiException
from openmonetize.metering.buffers.base import OtherAccount
from openmonetize.metering.errors import KeyChanged, OutboxError
from openmonetize.metering.incidents import Incident, Incidents

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.metering.buffers.outbox import Outbox

_ASK_AGAIN_SECONDS, _ASK_TIMEOUT = 10.0, 3.0


class Account:
    """Watches a client's host and key, and finds out whose key it is.

    Args:
        client: the client.
        outboxes: the files whose rows must go out under the right key only.
        incidents: whom to tell of rows that wait for another key.
    """

    def __init__(self, client: ApiClient, outboxes: Sequence[Outbox], incidents: Incidents) -> None:
        self._client = client
        self._outboxes = outboxes
        self._incidents = incidents
        self._asked_at = float("-inf")
        self._told = False

    def fingerprint(self) -> str:
        """Digest of the present key; empty without a key."""
        try:
            return self._client.configuration.account_fingerprint()
        except OpenApiException:
            return ""

    def follow(self) -> None:
        """Let the outboxes record and deliver for the client's present key and host."""
        host, fingerprint = self._client.configuration.host, self.fingerprint()
        for outbox in self._outboxes:
            if fingerprint and (outbox.fingerprint != fingerprint or outbox.base_url != host):
                outbox.use(host, fingerprint)
                self._asked_at = float("-inf")
                self._told = False

    def key_for(self, account: Optional[Tuple[str, str]]) -> Optional[str]:
        """The key that may deliver an account's events; None leaves the choice to the client.

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
        if now - self._asked_at < _ASK_AGAIN_SECONDS:
            return
        self._asked_at = now
        fingerprint = self.fingerprint()
        unknown = [outbox for outbox in self._outboxes if self._is_unknown(outbox)]
        customer = self._ask() if unknown else None
        if self.fingerprint() != fingerprint:
            return
        if customer:
            for outbox in unknown:
                outbox.identify(customer, fingerprint)
        if not self._told:
            self._told = True
            self._tell_of_others(known=bool(customer) or not unknown)

    @staticmethod
    def _is_unknown(outbox: Outbox) -> bool:
        try:
            return outbox.customer_id() is None
        except OutboxError:  # reported by whoever uses the file; events in memory are delivered all the same
            return False

    def _ask(self) -> Optional[str]:
        try:
            answer = self._client.call_api("GET", "/v1/customers/me", _request_timeout=_ASK_TIMEOUT)
            customer = json.loads(answer.data)["data"]["id"]
        except (OpenApiException, ValueError, KeyError, TypeError, RecursionError):
            return None  # the events go under the key's digest, as before
        return customer if isinstance(customer, str) and customer else None

    def _tell_of_others(self, known: bool) -> None:
        others = self.others()
        if not others:
            return
        count = sum(other.events for other in others)
        doubt = "" if known else ", or until the platform has said that this key is of the same customer"
        self._incidents.tell(
            Incident(
                "other_key",
                f"{count} usage events in the outbox were recorded under {len(others)} other keys or servers, and wait "
                f"for those{doubt}. See usage_of_other_keys(); adopt_usage() bills them to the present key's customer",
                events=count,
            )
        )

    # Events of other keys

    def others(self) -> List[OtherAccount]:
        """Accounts with events in the outboxes that the present key does not deliver."""
        found: List[OtherAccount] = []
        for outbox in self._outboxes:
            try:
                found += outbox.others()
            except OutboxError:
                pass  # as above
        return found

    def adopt(self, account: OtherAccount) -> int:
        """Take another account's events over. Returns how many."""
        self.follow()
        return sum(outbox.adopt(account) for outbox in self._outboxes)
