"""Keeps an outbox's idea of the account in step with the client's."""

from __future__ import annotations

import json
import logging
import time
from typing import TYPE_CHECKING, Optional, Sequence, Tuple

from openmonetize.exceptions import OpenApiException
from openmonetize.metering.errors import KeyChanged

if TYPE_CHECKING:
    from openmonetize.api_client import ApiClient
    from openmonetize.metering.outbox import Outbox

_LOG = logging.getLogger("openmonetize.metering")
_ASK_AGAIN_SECONDS, _ASK_TIMEOUT = 10.0, 3.0


class Account:
    """Watches a client's host and key, and finds out whose key it is.

    Args:
        client: the client.
        outboxes: the files whose rows must go out under the right key only.
    """

    def __init__(self, client: ApiClient, outboxes: Sequence[Outbox]) -> None:
        self._client = client
        self._outboxes = outboxes
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
        unknown = [outbox for outbox in self._outboxes if outbox.customer_id() is None]
        fingerprint = self.fingerprint()
        customer = self._ask() if unknown else None
        if customer and self.fingerprint() == fingerprint:
            for outbox in unknown:
                outbox.identify(customer, fingerprint)
        if not self._told and (customer or not unknown):
            self._told = True
            self._tell_of_others()

    def _ask(self) -> Optional[str]:
        try:
            answer = self._client.call_api("GET", "/v1/customers/me", _request_timeout=_ASK_TIMEOUT)
            customer = json.loads(answer.data)["data"]["id"]
        except (OpenApiException, ValueError, KeyError, TypeError, RecursionError):
            return None  # the events go under the key's digest, as before
        return customer if isinstance(customer, str) and customer else None

    def _tell_of_others(self) -> None:
        for outbox in self._outboxes:
            for left in outbox.others():
                _LOG.warning(
                    "outbox %r holds %d usage events of another account (key %s, %s), which wait for its own key",
                    outbox.path,
                    left.events,
                    left.fingerprint,
                    left.base_url,
                )
