"""The accounts that events are recorded under: which one is present, and whose events its key may deliver."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from openmonetize._http.configuration import fingerprint_of
from openmonetize._http.redaction import Secret
from openmonetize.events.key_owners import find_owner, note_owner
from openmonetize.exceptions import OpenApiException
from openmonetize.metering.buffers.base import Account, Buffer
from openmonetize.metering.errors import KeyChanged, MeteringError, OutboxError
from openmonetize.metering.incidents import Incident, Incidents
from openmonetize.metering.results import OtherAccount

if TYPE_CHECKING:
    from openmonetize._http.client import ApiClient

_IDENTIFY_INTERVAL = 10.0  # seconds between questions to the platform whose key this is
_IDENTIFY_TIMEOUT = 3.0  # seconds


class _View(NamedTuple):
    """What was found at one moment; replaced as a whole, since threads read it without a lock.

    Attributes:
        mark: of the client's host and key.
        present: the account that they are.
        served: the accounts whose events its key may deliver.
    """

    mark: object
    present: Account
    served: tuple[Account, ...]


class Accounts:
    """Watches a client's host and key, and finds out which customer the key belongs to.

    An event goes out under the account that it was recorded under, or under another key of the same customer.

    Args:
        client: the client.
        buffer: has the events, and notes which accounts are whose.
        incidents: reports events that wait for another key.
        durable: the buffer outlives the process, and may hold events of other accounts.
        many_customers: it is meant to hold those of other customers, who deliver them.
    """

    def __init__(
        self, client: ApiClient, buffer: Buffer, incidents: Incidents, durable: bool, many_customers: bool = False
    ) -> None:
        self._client = client
        self._buffer = buffer
        self._incidents = incidents
        self._durable = durable
        self._many_customers = many_customers
        self._lock = threading.RLock()  # reentrant: a signal handler may record while its thread follows a new key
        self._customers: dict[Account, str] = {}
        self._view = _View(None, Account("", ""), ())
        self._first: Account | None = None  # the first with a key
        self._asked_at = float("-inf")
        self._reported = False
        self.follow()

    def after_fork(self) -> None:
        """Go on in a forked child, where the lock may have been held by a thread of the parent."""
        self._lock = threading.RLock()

    def present(self) -> Account:
        """Return the account of events that are recorded now, the same object for as long as it stays the same."""
        if self._client.configuration.account_mark() != self._view.mark:
            self.follow()
        return self._view.present

    def fingerprint(self) -> str:
        """Return the digest of the present key; empty without a key."""
        try:
            return self._client.configuration.account_fingerprint()
        except OpenApiException:
            return ""

    def follow(self) -> None:
        """Take up the client's host and key."""
        settings = self._client.configuration
        with self._lock:
            mark = settings.account_mark()  # before the key: if it changes in between, the mark tells
            present, view = Account(settings.host, self.fingerprint()), self._view
            if present == view.present or (view.present.fingerprint and not present.fingerprint):
                self._view = view._replace(mark=mark)
                return
            self._asked_at = float("-inf")
            self._reported = False
            self._serve(mark, present)

    def _serve(self, mark: object, present: Account) -> None:
        """Have the buffer lease the events of the present account, and of others of its customer."""
        try:
            self._customers.update(self._buffer.customers())
        except OutboxError as error:
            self._incidents.outbox_failed(error)
        for known, owner in list(self._customers.items()):
            note_owner(known.base_url, known.fingerprint, owner)
        customer_id = self._customers.get(present)
        same = [
            account
            for account, its in self._customers.items()
            if its == customer_id and account.base_url == present.base_url and account != present
        ]
        # Events that were recorded before there was a key belong to the first that comes.
        if self._first is None or not self._first.fingerprint:
            self._first = present
        without_key = [Account(present.base_url, "")] if self._first in (present, *same) else []
        self._view = _View(mark, present, (present, *same, *without_key))
        self._buffer.serve(self._view.served)

    def served(self) -> tuple[Account, ...]:
        """Return the accounts whose events the present key may deliver."""
        self.present()
        return self._view.served

    def key_for(self, account: Account) -> Secret:
        """Return the key that may deliver an account's events.

        Raises:
            ApiKeyError: there is none.
            KeyChanged: the client has another key now.
        """
        settings = self._client.configuration
        key = settings.secret()
        self.present()
        view = self._view
        # The key that is sent is compared, not the present one: they may differ already.
        if account not in view.served or Account(settings.host, fingerprint_of(key)) != view.present:
            raise KeyChanged("the API key was changed")
        return key

    def owner(self) -> str | None:
        """Return the present key's customer, if that is known."""
        return self._customers.get(self.present())

    def require_owner(self) -> str | None:
        """Return the present key's customer; ask the platform if it is not known. None if it never says.

        Raises:
            ApiException: it gives no answer now.
        """
        present = self.present()
        known = self._customers.get(present)
        if known is not None:
            return known
        customer_id = find_owner(self._client, {"_request_timeout": _IDENTIFY_TIMEOUT}, attempts=1).customer_id
        if customer_id is not None:
            self._note(present, customer_id)
        return customer_id

    def decided(self) -> bool:
        """Return whether it is known whose events the present key delivers, as far as the platform has said it."""
        return self._reported or not self._view.present.fingerprint or not self.others()

    def identify(self, attempted: bool = False) -> None:
        """Ask the platform, once per key, which customer it is: a rotated key then takes over the old one's events.

        Args:
            attempted: events were just sent under this key. Before that, it is not asked for the sake of events in
                memory: the first of them need not wait for it.
        """
        self.follow()  # also a key in the environment, which is not looked at for each event
        present = self._view.present
        known = present in self._customers
        if (known and self._reported) or time.monotonic() - self._asked_at < _IDENTIFY_INTERVAL:
            return
        if not present.fingerprint or not (self._durable or attempted or self.others()):
            return
        self._asked_at = time.monotonic()
        customer_id = None if known else self._ask_customer_id(present)
        if customer_id:
            self._note(present, customer_id)
        if self._view.present == present and not self._reported:
            self._reported = True
            self._report_others(known=known or bool(customer_id))

    def _note(self, account: Account, customer_id: str) -> None:
        with self._lock:
            self._customers[account] = customer_id
            try:
                self._buffer.note_customer(account, customer_id)
            except OutboxError as error:
                self._incidents.outbox_failed(error)
            self._serve(self._view.mark, self._view.present)

    def _ask_customer_id(self, account: Account) -> str | None:
        """Return whose an account is, or None if that cannot be said: its events stay under the key's digest."""
        settings = self._client.configuration
        try:
            key = settings.secret()
            if fingerprint_of(key) != account.fingerprint:
                return None  # it was changed
            options = {"_request_timeout": _IDENTIFY_TIMEOUT, "_request_auth": key}
            owner = find_owner(self._client, options, attempts=1)
        except OpenApiException:
            return None
        return owner.customer_id if settings.host == account.base_url else None

    def _report_others(self, known: bool) -> None:
        others = [one for one in self.others() if one.customer_id is None or not self._many_customers]
        if not others:
            return
        count = sum(other.events for other in others)
        doubt = "" if known else ", or until the platform has said that this key is of the same customer"
        self._incidents.report(
            Incident(
                "other_key",
                f"{count} usage events were recorded under {len(others)} other keys or servers, and wait "
                f"for those{doubt}. See usage_of_other_keys(); adopt_usage() bills them to the present key's customer",
                events=count,
            )
        )

    # Events of other keys

    def others(self) -> list[OtherAccount]:
        """Return the accounts with events that the present key does not deliver."""
        try:
            found = self._buffer.others()
        except OutboxError as error:
            self._incidents.outbox_failed(error)
            return []
        others: dict[Account, OtherAccount] = {}
        for other in found:  # an account may have events on disk and in memory
            account = Account(other.base_url, other.fingerprint)
            events = other.events + (others[account].events if account in others else 0)
            others[account] = OtherAccount(*account, self._customers.get(account, other.customer_id), events)
        return list(others.values())

    def adopt(self, other: OtherAccount) -> int:
        """Take over another account's events, and return how many there were.

        Raises:
            MeteringError: they are known to be another customer's.
        """
        present = self.present()
        theirs = self._customers.get(Account(other.base_url, other.fingerprint), other.customer_id)
        if theirs is not None and other.base_url == present.base_url and theirs != self._customers.get(present):
            raise MeteringError(
                f"the platform says that these events are of customer {theirs!r}: this customer is never billed for "
                "them. If this key is of the same customer, it takes them over by itself as soon as the platform has "
                "said so"
            )
        return self._buffer.adopt(Account(other.base_url, other.fingerprint), present)
