"""Warnings about usage that may not be billed as the caller means it."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from openmonetize._fork import ProcessMark
from openmonetize.client.wallets import Wallets
from openmonetize.compat.era_rules import MAX_PATH_PARAMETER_LENGTH

_LOG = logging.getLogger("openmonetize")
_MAX_LOGGED = 1000
_MAX_CHECKED_USERS = 10_000
_MAX_JOBS = 10_000
# Customers share the platform's user ids; a longer id is unlikely to be another customer's as well.
_SHORT_USER_ID = 16
# "17", "user_42", "demo-1": an id that another customer's numbering is likely to have too.
_PLAIN_NUMBER = re.compile(r"[a-z]{0,10}[-_.: ]?\d{1,12}", re.IGNORECASE).fullmatch

# The last two are counted where events are delivered, see `openmonetize.metering.Recorder.doubtful_ids`.
KINDS = (
    "refused",
    "unmetered",
    "unpriced_model",
    "unbilled_tokens",
    "unbilled_tool",
    "no_list_price",
    "partial_stream",
    "job_unbilled",
    "job_unfollowed",
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
        self._logged: set[tuple[str, object]] = set()
        self._good_users: set[str] = set()
        self._jobs: set[str] = set()  # made by wrapped clients, and neither followed nor retrieved
        self._lock, self._mark = threading.RLock(), ProcessMark()

    def counts(self) -> dict[str, int]:
        """Return how often each kind was seen."""
        with self._locked():
            return {**self._counts, "job_unfollowed": len(self._jobs)}

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

    def unbilled_tokens(
        self,
        provider: str,
        model: str,
        left_out: tuple[int, int],
        dear: int,
        share: Callable[[], Decimal | None],
    ) -> None:
        """Warn of tokens that a provider charges for and that its own two counts leave out or understate.

        Args:
            provider, model: of the call.
            left_out: input and output tokens that are not billed.
            dear: tokens of audio, images and video that are billed as text.
            share: returns the part of the call's list price that is not billed, if that is known.
        """
        if not self._is_first("unbilled_tokens", (provider, model)):
            return
        what = [f"{count:,} {name} tokens" for name, count in zip(("input", "output"), left_out) if count]
        text = f"{' and '.join(what)} of this call are not billed" if what else ""
        if dear:
            text += f"{', and ' if text else ''}{dear:,} tokens of audio, images or video are billed as text"
        part = share()
        cost = "`openmonetize doctor` says what that costs" if part is None else f"{part:.0%} of its list price"
        _LOG.warning(
            "%s of %s: %s (%s), because token_policy='reported' bills the provider's own two counts, as the platform's "
            "proxy does; 'price_equivalent' bills what each token costs, 'inclusive' bills all tokens: see "
            "docs/guides/billed-tokens.md",
            model,
            provider,
            text,
            cost,
        )

    def unbilled_tool(self, provider: str, tool: str) -> None:
        """Warn of a tool that a provider runs and that has no price."""
        self._warn(
            "unbilled_tool",
            f"{provider} {tool}",
            "calls of the tool %s that %s runs are not billed: OpenMonetize(unit_prices={%r: CREDITS}) bills each",
            tool,
            provider,
            tool,
        )

    def no_list_price(self, provider: str, model: str, reason: str) -> None:
        """Warn of a model without list prices, all of whose tokens are billed at the price of its direction."""
        self._warn(
            "no_list_price",
            f"{provider} {model}",
            "the model %s of %s is billed as by token_policy='inclusive': %s",
            model,
            provider,
            reason,
        )

    def partial_stream(self, provider: str, model: str) -> None:
        """Warn of a stream that was ended early, and of which only a part is billed."""
        self._warn(
            "partial_stream",
            f"{provider} {model}",
            "a stream of %s of %s was ended before the provider told its usage: what it had told, or the prompt alone, "
            "is billed, and not what was written; om.wrap(on_partial='estimate') estimates that too",
            model,
            provider,
        )

    def job_unbilled(self, kind: str, identifier: str, why: str) -> None:
        """Warn of a followed job whose usage is not billed."""
        self._warn("job_unbilled", identifier, "nothing is billed for %s %s: %s", kind, identifier, why)

    def job_made(self, identifier: str) -> None:
        """Take note of a job whose usage is told later, and warn if nobody has taken care of the one before."""
        self.tell_of_jobs()
        with self._locked():
            if len(self._jobs) < _MAX_JOBS:
                self._jobs.add(identifier)

    def job_taken(self, identifier: str) -> None:
        """Take note of a job that is followed or retrieved."""
        with self._locked():
            self._jobs.discard(identifier)

    def tell_of_jobs(self) -> None:
        """Warn of jobs that nobody has taken care of."""
        if self._jobs:
            self._warn(
                "job_unfollowed",
                "job_unfollowed",
                "%s was made through a wrapped client, and is neither followed nor retrieved: its usage is told when "
                "it has ended, and om.follow records it",
                next(iter(self._jobs.copy()), "a job"),
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
        if self._is_first(kind, key):
            _LOG.warning(text, *arguments)

    def _is_first(self, kind: str, key: object) -> bool:
        """Count one of a kind. Return whether it is the first of its key, which is logged."""
        with self._locked():
            self._counts[kind] += 1
            key = (kind, key)
            if key in self._logged or len(self._logged) >= _MAX_LOGGED:
                return False
            self._logged.add(key)
        return True
