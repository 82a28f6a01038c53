"""What the present servers do to grants that overlap in time: they read, then write, and lock nothing in between.

The sandbox carries them out one after the other. With the defects of these names it treats a grant that arrived
before another one was done as if it had read what was there before that one.
"""

from __future__ import annotations

import time
from collections import deque
from itertools import takewhile
from typing import Deque, List, NamedTuple, Optional, Tuple

Owner = Tuple[int, str, str]
"""Whose wallet: customer, user, team; the last two may be empty."""


class Done(NamedTuple):
    """A grant that has been carried out. `created` says that its user was made for it."""

    moment: float
    owner: Owner
    amount: int
    key: Optional[str]
    created: bool


class Races:
    """The last grants, for those to come."""

    def __init__(self) -> None:
        self._done: Deque[Done] = deque(maxlen=1000)

    def note(self, owner: Owner, amount: int, key: Optional[str], created: bool) -> None:
        """A grant has been carried out."""
        self._done.append(Done(time.perf_counter(), owner, amount, key, created))

    def since(self, arrived: float) -> List[Done]:
        """The grants that were carried out after `arrived` (`time.perf_counter`), the latest first."""
        return list(takewhile(lambda done: done.moment > arrived, reversed(self._done)))
