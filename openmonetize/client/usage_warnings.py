"""What is recorded although it may not be billed as meant: told once, counted always."""

from __future__ import annotations

import logging
import re
import threading
from typing import Dict, Set

from openmonetize._fork import ProcessMark

_LOG = logging.getLogger("openmonetize")
_MOST_TOLD = 1000
_MOST_FINE = 10_000
_SHORT = 16
_LONG = 100
# "17", "user_42", "demo-1": what another customer's numbering comes to as well.
_PLAIN_NUMBER = re.compile(r"[a-z]{0,10}[-_.: ]?\d{1,12}", re.IGNORECASE).fullmatch

KINDS = ("refused", "unmetered", "unpriced_model", "short_user_id", "long_user_id")


class UsageWarnings:
    """Warns once of each doubtful thing, and counts all of them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._counts: Dict[str, int] = dict.fromkeys(KINDS, 0)
        self._told: Set[str] = set()
        self._fine: Set[str] = set()  # user ids that were looked at
        self._lock, self._mark = threading.Lock(), ProcessMark()

    def counts(self) -> Dict[str, int]:
        """How often each kind was seen."""
        with self._locked():
            return dict(self._counts)

    def refused(self) -> None:
        """An event that can never be billed was refused at the caller's line."""
        with self._locked():
            self._counts["refused"] += 1

    def unmetered(self, call: str, error: BaseException) -> None:
        """What a call used could not be read or recorded."""
        kind = type(error).__name__
        self._notice("unmetered", f"{call} {kind}", "%s is not metered: %s: %s", call, kind, error)

    def unpriced(self, provider: str, model: str) -> None:
        """A model that the platform has no price for."""
        self._notice(
            "unpriced_model",
            f"{provider} {model}",
            "the platform has no price for the model %s of %s: present deployments bill it at a general price, which "
            "may be many times too high, seed-era ones bill nothing",
            model,
            provider,
        )

    def user_id(self, user_id: str) -> None:
        """Notice an id that other customers of the platform are likely to use as well, or that cannot be looked up."""
        if user_id in self._fine:
            return
        if len(user_id) < _SHORT and (len(user_id) < 4 or _PLAIN_NUMBER(user_id)):
            self._notice(
                "short_user_id",
                "user_id",
                "the user id %r is likely to meet the same id of another customer: user ids are shared by all "
                "customers of the platform, and the later one's usage is lost; put a prefix of yours before it",
                user_id,
            )
        elif len(user_id) > _LONG:
            self._notice(
                "long_user_id",
                "user_id",
                "a user id has %d characters: the platform credits and bills such a user, but shows balances only "
                "for ids of up to %d characters",
                len(user_id),
                _LONG,
            )
        else:
            if len(self._fine) >= _MOST_FINE:
                self._fine.clear()
            self._fine.add(user_id)

    def _locked(self) -> threading.Lock:
        if self._mark.forked():  # a fork may have copied a lock that nobody will release
            self._lock, self._mark = threading.Lock(), ProcessMark()
        return self._lock

    def _notice(self, kind: str, key: str, text: str, *arguments: object) -> None:
        with self._locked():
            self._counts[kind] += 1
            key = f"{kind} {key}"
            if key in self._told or len(self._told) >= _MOST_TOLD:
                return
            self._told.add(key)
        _LOG.warning(text, *arguments)
