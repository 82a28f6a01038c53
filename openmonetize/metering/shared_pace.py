"""One pace for a fleet: the state of an account's rate limit, in a store that all hosts share."""

from __future__ import annotations

import hashlib
import logging
import time

from openmonetize._stores.documents import DocumentStore, StoreBusyError, StoreError, Written
from openmonetize.metering.pace import MAX_WINDOW, Change, Pace

_LOG = logging.getLogger("openmonetize.metering")
_KEPT_SECONDS = 2 * MAX_WINDOW  # for which the state is of use
_RETRY_INTERVAL = 5.0  # seconds for which a store that has failed is not asked again
_BUSY_INTERVAL = 0.5  # seconds for which one is not asked that others have used all the time


class SharedPace:
    """Keeps the state in a document, with the clock of the store.

    Delivery never depends on the store: while it cannot be used, this process goes on with what it knows itself. Where
    others use it all the time, this process waits for a moment.

    Args:
        documents: the store.
        base_url, fingerprint: of the account: the platform's limit is one of the key.
    """

    def __init__(self, documents: DocumentStore, base_url: str, fingerprint: str) -> None:
        self._documents = documents
        self._name = "pace:" + hashlib.sha256(f"{base_url}\n{fingerprint}".encode()).hexdigest()[:32]
        self._known = Pace()  # the last state that this process has seen or made
        self._ahead = 0.0  # seconds by which the store's clock is ahead of the monotonic one
        self._skip_until = 0.0

    def update(self, change: Change) -> Pace:
        """Exchange the state; see `PaceStore.update`."""
        if time.monotonic() >= self._skip_until:
            try:
                self._known = self._documents.change(self._name, lambda text, now: self._apply(change, text, now))
                return self._known
            except StoreBusyError:  # if all went on alone now, they would exceed the limit
                now = time.monotonic() + self._ahead
                full = self._known._replace(limit=1, used=1, ends_after=now, ends_before=now + _BUSY_INTERVAL)
                return change(full, now)
            except StoreError as error:
                _LOG.warning("the pace is not shared with other processes: %s", error)
                self._skip_until = time.monotonic() + _RETRY_INTERVAL
        self._known = change(self._known, time.monotonic() + self._ahead)
        return self._known

    def _apply(self, change: Change, text: str | None, now: float) -> tuple[Pace, Written | None]:
        self._ahead = now - time.monotonic()
        try:
            stored = Pace.from_json(text.encode()) if text is not None else Pace()
        except ValueError:
            stored = Pace()  # of another release
        pace = change(stored, now)
        return pace, Written(pace.to_json().decode(), now + _KEPT_SECONDS) if pace != stored else None
