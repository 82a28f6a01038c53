"""Warnings about usage that may not be billed as the caller means it."""

from __future__ import annotations

import logging
import re
import threading
from contextlib import AbstractContextManager
from typing import Any

from openmonetize._fork import ProcessMark
from openmonetize.client.wallets import Wallets
from openmonetize.compat.era_rules import MAX_PATH_PARAMETER_LENGTH

_LOG = logging.getLogger("openmonetize")
_MAX_LOGGED = 1000
_MAX_CHECKED_USERS = 10_000
# Customers share the platform's user ids; a longer id is unlikely to be another customer's as well.
_SHORT_USER_ID = 16
# "17", "user_42", "demo-1": an id that another customer's numbering is likely to have too.
_PLAIN_NUMBER = re.compile(r"[a-z]{0,10}[-_.: ]?\d{1,12}", re.IGNORECASE).fullmatch

# The last two are counted where events are delivered, see `openmonetize.metering.Recorder.doubtful_ids`.
KINDS = (
    "refused",
    "unmetered",
    "unpriced_model",
    "short_user_id",
    "long_user_id",
    "no_user",
    "no_wallet",
    "foreign_customer_id",
    "unknown_duplicate",
)


class UsageWarnings:
    """Logs the first occurrence of each doubtful thing, and counts all. Safe to use from several threads.

    Args:
        wallets: knows which users have no wallet.
    """

    def __init__(self, wallets: Wallets) -> None:
        self._wallets = wallets
        self._counts: dict[str, int] = dict.fromkeys(KINDS, 0)
        self._logged: set[str] = set()
        self._good_users: set[str] = set()
        self._lock, self._mark = threading.RLock(), ProcessMark()

    def counts(self) -> dict[str, int]:
        """Return how often each kind was seen."""
        with self._locked():
            return dict(self._counts)

    def refused(self) -> None:
        """Count an event that can never be billed and raised at the caller's line."""
        with self._locked():
            self._counts["refused"] += 1

    def unmetered(self, call: str, error: BaseException) -> None:
        """Warn that the usage of a call could not be read or recorded."""
        kind = type(error).__name__
        self._warn("unmetered", f"{call} {kind}", "%s is not metered: %s: %s", call, kind, error)

    def unpriced(self, provider: str, model: str) -> None:
        """Warn of a model that the platform has no price for."""
        self._warn(
            "unpriced_model",
            f"{provider} {model}",
            "the platform has no price for the model %s of %s: present deployments bill it at a general price, which "
            "may be many times too high, seed-era ones bill nothing",
            model,
            provider,
        )

    def no_user(self) -> None:
        """Warn of usage without a user, which no user's wallet pays."""
        self._warn(
            "no_user",
            "no_user",
            "usage is recorded without a user_id: no user pays for it, but your own wallet, if you have one; pass "
            "user_id, or set it for a block with `with om.context(user_id=...)`; OpenMonetize(require_user=True) "
            "refuses such usage",
        )

    def wallet(self, user_id: str | None, exists: bool) -> None:
        """Take note of whether a user has a wallet, and warn if usage of a user without one was recorded before."""
        if user_id is None:
            return
        was_recorded = self._wallets.seen(user_id, exists)
        if not exists:
            self._good_users.discard(user_id)  # from now on its usage is counted
            if was_recorded:
                self._no_wallet(user_id)

    def _no_wallet(self, user_id: str) -> None:
        self._warn(
            "no_wallet",
            "no_wallet",
            "usage of the user %r is recorded, who has no wallet: the platform stores it, and nobody pays for it; "
            "grant credits first, with om.credits.grant(user_id=..., amount=...)",
            user_id,
        )

    def user_id(self, user_id: str) -> None:
        """Warn of a user who has no wallet, and of an id that others are likely to use too or cannot be looked up."""
        if user_id in self._good_users:
            return
        if self._wallets.is_missing(user_id):
            self._no_wallet(user_id)
            return
        self._wallets.recorded(user_id)
        if len(user_id) < _SHORT_USER_ID and (len(user_id) < 4 or _PLAIN_NUMBER(user_id)):
            self._warn(
                "short_user_id",
                "user_id",
                "the user id %r is likely to meet the same id of another customer: user ids are shared by all "
                "customers of the platform, and the later one's usage is lost; begin ids with a longer prefix, "
                "such as 'acme-user-'",
                user_id,
            )
        elif len(user_id) > MAX_PATH_PARAMETER_LENGTH:  # too long for the path of its balance
            self._warn(
                "long_user_id",
                "user_id",
                "a user id has %d characters: the platform credits and bills such a user, but shows balances only "
                "for ids of up to %d characters",
                len(user_id),
                MAX_PATH_PARAMETER_LENGTH,
            )
        else:
            if len(self._good_users) >= _MAX_CHECKED_USERS:
                self._good_users.clear()
            self._good_users.add(user_id)

    def _locked(self) -> AbstractContextManager[Any]:
        if self._mark.forked():  # A fork may have copied a lock that no thread of the child can release.
            self._lock, self._mark = threading.RLock(), ProcessMark()
        return self._lock

    def _warn(self, kind: str, key: str, text: str, *arguments: object) -> None:
        with self._locked():
            self._counts[kind] += 1
            key = f"{kind} {key}"
            if key in self._logged or len(self._logged) >= _MAX_LOGGED:
                return
            self._logged.add(key)
        _LOG.warning(text, *arguments)
