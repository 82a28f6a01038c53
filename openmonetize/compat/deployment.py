"""The server behind a client, as far as the client has learned about it from earlier calls."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from openmonetize._http.configuration import fingerprint_of
from openmonetize._http.decoding import required
from openmonetize._http.operation import RequestOptions
from openmonetize._http.redaction import Secret
from openmonetize.events.key_owners import note_owner
from openmonetize.exceptions import ApiKeyError

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient
    from openmonetize.compat.host_locks import HostLocks

_LOG = logging.getLogger("openmonetize")
_MAX_CUSTOMERS = 1000


class Deployment:
    """Era and customer of the server behind a client.

    Safe to use from several threads and over forks: two threads that learn the same fact at once learn the same value.

    Args:
        client: asked for the customer of a key.
        customer_id: the customer of the client's own key, if the user has named it.

    Attributes:
        host_locks: keep other processes of the host from changing a wallet meanwhile, if they share an outbox.
        on_wallet_changed: called with the user id after a grant or purchase; None for the customer's own wallet.
        on_wallet_seen: called with the user id and whether the user has a wallet, when an answer says so.
    """

    def __init__(self, client: ApiClient, customer_id: str | None = None) -> None:
        self.host_locks: HostLocks | None = None
        self.on_wallet_changed: Callable[[str | None], object] = lambda user_id: None
        self.on_wallet_seen: Callable[[str | None, bool], object] = lambda user_id, exists: None
        self._client = client
        self._named_customer = customer_id
        self._host = client.configuration.host
        self._seed_era = False
        self._customers: dict[str, str] = {}  # by digest of the key
        self._warned: set[str] = set()

    @property
    def host(self) -> str:
        """The base URL."""
        return self._client.configuration.host

    @property
    def seed_era(self) -> bool:
        """Whether the server is known to have the first release's paths and rules."""
        if self._host != self._client.configuration.host:
            self._host, self._seed_era = self._client.configuration.host, False
        return self._seed_era

    @seed_era.setter
    def seed_era(self, value: bool) -> None:
        self._seed_era = value

    def known_customer_id(self, options: RequestOptions) -> str | None:
        """Return the customer of the key that a call uses, if it is known without asking."""
        if self._named_customer is not None and options.get("_request_auth") is None:
            return self._named_customer
        return self._customers.get(self._digest(options))

    def customer_id(self, options: RequestOptions, deadline: float | None = None) -> str:
        """Return the customer of the key that a call uses. The platform is asked once for each key.

        Raises:
            ApiException: the platform does not say.
        """
        known = self.known_customer_id(options)
        if known is not None:
            return known
        from openmonetize.api.customers_api import V1_CUSTOMERS_ME_GET

        asked: RequestOptions = {}
        if "_request_auth" in options:
            asked["_request_auth"] = options["_request_auth"]
        answer = self._client.call(V1_CUSTOMERS_ME_GET, {}, None, asked, deadline=deadline)
        found: str = required(answer, "data.id")
        if len(self._customers) >= _MAX_CUSTOMERS:
            self._customers.clear()
        self._customers[self._digest(options)] = found
        self._note(options, found)
        return found

    def _note(self, options: RequestOptions, customer_id: str) -> None:
        settings = self._client.configuration
        try:
            note_owner(settings.host, fingerprint_of(options.get("_request_auth") or settings.secret()), customer_id)
        except ApiKeyError:
            pass

    def warn_once(self, text: str, *arguments: Any) -> None:
        """Log a warning about this deployment, the first time only."""
        if text not in self._warned:
            self._warned.add(text)
            _LOG.warning(text, *arguments)

    def _digest(self, options: RequestOptions) -> str:
        import hashlib

        settings = self._client.configuration
        try:
            key = Secret(options.get("_request_auth") or settings.secret())
        except ApiKeyError:
            key = Secret("")
        return hashlib.sha256(f"{settings.host} {key.value}".encode()).hexdigest()
