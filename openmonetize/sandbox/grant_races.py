"""The present servers' defects with grants that overlap in time: they read, then write, and take no lock in between.

The sandbox carries grants out one after the other. With the defects ``grants-collide`` and ``grants-overwrite`` it
treats a grant that arrived before another one was carried out as if it had read the state before that one.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import takewhile
from typing import NamedTuple, Optional

# Customer, user, team of a wallet; the last two may be empty.
WalletOwner = tuple[int, str, str]

_MAX_GRANTS = 1000


class CompletedGrant(NamedTuple):
    """A grant that has been carried out. `created_user` says that its user was created for it."""

    completed: float
    owner: WalletOwner
    amount: int
    key: Optional[str]
    created_user: bool


class GrantRaces:
    """The last grants, by which the next one is found to overlap them."""

    def __init__(self) -> None:
        self._grants: deque[CompletedGrant] = deque(maxlen=_MAX_GRANTS)

    def record(self, owner: WalletOwner, amount: int, key: str | None, created_user: bool) -> None:
        """Record that a grant has been carried out."""
        self._grants.append(CompletedGrant(time.perf_counter(), owner, amount, key, created_user))

    def completed_since(self, arrived: float) -> list[CompletedGrant]:
        """Return the grants carried out after `arrived` (by `time.perf_counter`), the latest first."""
        return list(takewhile(lambda grant: grant.completed > arrived, reversed(self._grants)))
