"""The interface of the stores, and how a document is changed."""

from __future__ import annotations

import random
import time
from typing import Callable, NamedTuple, Optional, TypeVar

from openmonetize._stores.turns import Turns
from openmonetize.exceptions import OpenApiException

T = TypeVar("T")

# Seconds that one change may take, waiting for other processes included, after as many for its turn.
STORE_TIMEOUT = 3.0
_MIN_BACKOFF, _MAX_BACKOFF = 0.000_2, 0.05  # seconds between two attempts


class StoreError(OpenApiException):
    """A store that processes share cannot be used now, or is set up wrongly."""

    __module__ = "openmonetize"


class StoreBusyError(StoreError):
    """Others change a document of the store all the time. They do get on with it."""


class Written(NamedTuple):
    """What a change writes.

    Attributes:
        document: the new text.
        expires: the time on the store's clock from which on it is of no use.
    """

    document: str
    expires: float


# Given a document, None if there is none, and the time on the store's clock in seconds, returns a result and what is to
# be written, None if nothing is.
Change = Callable[[Optional[str], float], "tuple[T, Optional[Written]]"]


class DocumentStore:
    """Keeps small texts by name. Safe to use from several threads and over forks.

    A subclass has `load` and `swap`: a change is computed from what was loaded, and is written only if nothing else was
    written meanwhile; otherwise it is computed again. So no other process waits for a lock, and one that is stopped or
    killed at any point keeps no other waiting. The threads of a process take turns with a document: 64 of them that all
    try again would hinder each other more than they get done.

    Raises:
        StoreError: by every method: the store cannot be reached, or others change the document all the time
            (`StoreBusyError`).
    """

    def __init__(self) -> None:
        self._turns = Turns()

    def load(self, name: str) -> tuple[str | None, float]:
        """Return a document, None if there is none, and the time of the store's clock in seconds."""
        raise NotImplementedError

    def swap(self, name: str, old: str | None, new: Written) -> bool:
        """Write a document if it still is what it was. Return whether it was written.

        Args:
            name: the document's.
            old: what was loaded.
            new: what to write.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Close what is open. It opens again when it is used."""

    def __del__(self) -> None:
        try:
            self.close()
        except Exception:  # the interpreter ends, or it was never opened
            pass

    def change(self, name: str, function: Change[T]) -> T:
        """Change a document, atomically, and return the function's result. The function may be called several times."""
        with self._turns.of(name, STORE_TIMEOUT):
            return self._change(name, function)

    def _change(self, name: str, function: Change[T]) -> T:
        deadline, backoff, failed = time.monotonic() + STORE_TIMEOUT, _MIN_BACKOFF, False
        while True:
            try:
                old, now = self.load(name)
                result, new = function(old, now)
                if new is None or self.swap(name, old, new):
                    return result
            except StoreError:
                # A connection that was idle may have been closed. Whether the change was made does not matter.
                if failed or time.monotonic() >= deadline:
                    raise
                failed = True
            if time.monotonic() >= deadline:
                raise StoreBusyError(
                    f"others changed this document of the store all the time, for {STORE_TIMEOUT:.0f} s"
                )
            time.sleep(random.uniform(0.0, backoff))
            backoff = min(2 * backoff, _MAX_BACKOFF)
