"""What is known of one wallet: its last balance, what is held of it, and what was used and is not burned yet.

All changes are made here, by plain arithmetic; a store makes each of them atomic. Times are those of the store's clock.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from itertools import takewhile
from typing import NamedTuple, Optional

# Seconds after which usage that was never seen to be burned no longer counts: the platform has lost it, or it never
# got there. Until then it may be sent again.
MAX_UNBURNED_SECONDS = 86_400.0


class Outcome(NamedTuple):
    """The answer to a request for a hold.

    Attributes:
        held: whether the credits are set aside.
        available: the credits that could be held at that moment; None if the balance is not known, or too old.
        balance: the platform's balance that this was computed from.
        age: seconds since that balance was asked for.
    """

    held: bool
    available: Optional[int] = None
    balance: Optional[int] = None
    age: float = 0.0


class Reading(NamedTuple):
    """The beginning of a reading of the balance: what has to be given back with it.

    Attributes:
        version: of the ledger.
        began: when the reading began.
        unburned: the usage that is not known to be burned, by its key, and since when it is counted.
    """

    version: int
    began: float
    unburned: Mapping[str, float]


class Ledger:
    """The ledger of one wallet.

    Args:
        document: what `document` returned, or None for a new wallet.
        now: the present time.

    Attributes:
        changed: whether it has to be written back.
    """

    def __init__(self, document: str | None, now: float) -> None:
        self.now = now
        self.changed = document is None
        self._balance: int | None = None
        self._began = 0.0
        # By id: the credits of a hold, and when it ends; those of usage, and when it was counted. There may be
        # thousands of those, so that time is in whole milliseconds: JSON reads and writes integers three times as fast.
        self._holds: dict[str, tuple[int, float]] = {}
        self._usage: dict[str, tuple[int, int]] = {}
        if document is None:
            # A store may lose a wallet while its balance is read. The new one must not have the version of the old.
            self._version = int(now * 1000)
        else:
            self._version, self._balance, self._began, self._holds, self._usage = json.loads(document)
            if not (isinstance(self._holds, dict) and isinstance(self._usage, dict)):
                raise ValueError("no ledger")
        self._used = sum(entry[0] for entry in self._usage.values())

    def document(self) -> str:
        """Return the ledger as text."""
        self._expire()
        parts = [self._version, self._balance, self._began, self._holds, self._usage]
        return json.dumps(parts, separators=(",", ":"))

    def expires(self) -> float:
        """Return when nothing of it counts any more."""
        return max([self.now + MAX_UNBURNED_SECONDS, *(entry[1] for entry in self._holds.values())])

    def is_used(self, now: float) -> bool:
        """Return whether anything is held, or was used and is not burned yet."""
        held = any(entry[1] > now for entry in self._holds.values())
        return held or any(entry[1] > _oldest_usage(now) for entry in self._usage.values())

    def hold(self, hold_id: str, credits: int, ttl: float, max_age: float | None) -> Outcome:
        """Set credits aside if the balance, less what is held and what was used, has them.

        Args:
            hold_id: of the new hold. One that is there already is held, so that a repeat is harmless.
            credits: how many.
            ttl: seconds after which the hold ends by itself.
            max_age: seconds that the balance may be old; None takes any that is known.
        """
        self._expire()
        age = max(0.0, self.now - self._began)
        known = self._balance is not None and (max_age is None or age <= max_age)
        available = self._available() if known else None
        if hold_id in self._holds:
            return Outcome(True, available, self._balance, age)
        if available is None:
            return Outcome(False)
        if credits > available:
            return Outcome(False, available, self._balance, age)
        self.force(hold_id, credits, ttl)
        return Outcome(True, available - credits, self._balance, age)

    def force(self, hold_id: str, credits: int, ttl: float) -> None:
        """Set credits aside, whatever the balance is."""
        self._holds[hold_id] = credits, self.now + ttl
        self.changed = True

    def release(self, hold_id: str) -> None:
        """End a hold. One that has ended is left alone."""
        self.changed |= self._holds.pop(hold_id, None) is not None

    def use(self, hold_id: str, key: str, credits: int) -> bool:
        """Count usage until it is burned, and take it out of its hold, which may have ended.

        Args:
            hold_id: of the hold.
            key: of the usage. One that is counted already is left alone, so that a repeat is harmless.
            credits: what it costs.

        Returns:
            Whether it was not counted before.
        """
        if key in self._usage:
            return False
        self._usage[key] = credits, int(self.now * 1000)
        self._used += credits
        held = self._holds.get(hold_id)
        if held is not None:
            self._holds[hold_id] = max(0, held[0] - credits), held[1]
        self.changed = True
        return True

    def forget_usage(self, key: str) -> None:
        """No longer count usage, since it was not recorded."""
        self.changed |= self._drop_usage(key)

    def begin(self) -> Reading:
        """Begin to read the balance."""
        self._expire()
        return Reading(self._version, self.now, {key: entry[1] / 1000 for key, entry in self._usage.items()})

    def observe(self, reading: Reading, balance: int, burned: Collection[str]) -> bool:
        """Take a balance that was read, and no longer count what is burned in it.

        A reading that another one has overtaken is not taken: it may lack the burns of usage that no longer counts.

        Args:
            reading: its beginning.
            balance: the platform's balance.
            burned: the usage that is burned in that balance.

        Returns:
            Whether it was taken.
        """
        if reading.version != self._version:
            return False
        self._version += 1
        self._balance, self._began = balance, reading.began
        for key in burned:
            self._drop_usage(key)
        self.changed = True
        return True

    def forget_balance(self) -> None:
        """Have the balance read anew, since the wallet was changed. Readings under way are not taken."""
        self._version += 1
        self._balance = None
        self.changed = True

    def _available(self) -> int:
        assert self._balance is not None
        return self._balance - sum(entry[0] for entry in self._holds.values()) - self._used

    def _drop_usage(self, key: str) -> bool:
        """No longer count usage. Return whether it was counted."""
        entry = self._usage.pop(key, None)
        if entry is None:
            return False
        self._used -= entry[0]
        return True

    def _expire(self) -> None:
        for hold_id in [hold_id for hold_id, entry in self._holds.items() if entry[1] <= self.now]:
            del self._holds[hold_id]
        oldest = _oldest_usage(self.now)
        # Usage is in the order in which it was counted, and there may be thousands of it.
        for key in list(takewhile(lambda key: self._usage[key][1] <= oldest, self._usage)):
            self._drop_usage(key)


def _oldest_usage(now: float) -> float:
    """Return when the oldest usage was counted that still counts, in milliseconds."""
    return (now - MAX_UNBURNED_SECONDS) * 1000
