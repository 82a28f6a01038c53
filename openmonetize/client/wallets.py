"""Which users are known to have a wallet, and which to have none: usage of the latter is paid by nobody."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from openmonetize.compat.era_rules import MAX_PATH_PARAMETER_LENGTH
from openmonetize.exceptions import ApiException, NotFoundException, OpenApiException

if TYPE_CHECKING:
    from openmonetize.client.apis import Apis

_MAX_USERS = 10_000  # remembered, of each kind
MAX_LOOKUPS = 10  # users whose wallet one `look` asks for


class Wallets:
    """What is known of users' wallets: from checks, balances, grants and purchases, and from a look at some.

    Its sets are changed by single operations only, so that it needs no lock.
    """

    def __init__(self) -> None:
        self._existing: set[str] = set()
        self._missing: set[str] = set()
        self._unknown: dict[str, None] = {}  # users of recorded usage, in that order

    def recorded(self, user_id: str) -> None:
        """Take note that usage of a user was recorded, the first time."""
        if user_id not in self._existing and user_id not in self._missing and len(self._unknown) < _MAX_USERS:
            self._unknown[user_id] = None

    def seen(self, user_id: str, exists: bool) -> bool:
        """Take note of whether a user has a wallet. Return whether usage was recorded before that was known."""
        was_recorded = user_id in self._unknown
        self._unknown.pop(user_id, None)
        known, other = (self._existing, self._missing) if exists else (self._missing, self._existing)
        other.discard(user_id)
        if len(known) < _MAX_USERS:
            known.add(user_id)
        return was_recorded

    def is_missing(self, user_id: str) -> bool:
        """Return whether a user is known to have no wallet."""
        return user_id in self._missing

    def look(self, apis: Apis, deadline: float) -> None:
        """Ask for the wallets of users who had none, and of the first recorded ones of whom nothing is known.

        Args:
            apis: the platform.
            deadline: monotonic time by which to end.
        """
        for user_id in [*list(self._missing), *list(self._unknown)][:MAX_LOOKUPS]:
            left = deadline - time.monotonic()
            if left <= 0.0:
                return
            if len(user_id) > MAX_PATH_PARAMETER_LENGTH:
                self._unknown.pop(user_id, None)
                continue
            try:
                apis.credits.user_balance(user_id, _request_timeout=left)
            except NotFoundException:
                pass  # `seen` was called
            except ApiException:
                return
            except OpenApiException:  # it cannot be asked for
                self._unknown.pop(user_id, None)
