"""A look into an outbox that changes nothing, and needs no key."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from typing import Any, NamedTuple, Optional

from openmonetize.cli.errors import CommandError
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.account_directory import AccountDirectory, read_facts
from openmonetize.metering.buffers.spool.kept import SEEN
from openmonetize.metering.buffers.spool.place import ACCOUNT_NAME, shared_filesystem
from openmonetize.metering.buffers.spool.segment import EVENTS
from openmonetize.metering.results import DeadLetter, Stats

OUTBOX_VARIABLE = "OPENMONETIZE_OUTBOX"


class AccountPart(NamedTuple):
    """The part of an outbox that belongs to one account.

    Attributes:
        account: its URL and the fingerprint of its key.
        customer_id: the customer, if known.
        stats: where its events are.
        oldest: seconds since the oldest file with waiting events was written to; None if none waits.
    """

    account: Account
    customer_id: Optional[str]
    stats: Stats
    oldest: Optional[float]


class Outbox(NamedTuple):
    """What is in an outbox.

    Attributes:
        path: the directory.
        parts: the parts of the accounts.
        free_bytes: free space on its disk.
        problem: what is wrong with the place; None if nothing is.
    """

    path: str
    parts: list[AccountPart]
    free_bytes: int
    problem: Optional[str]

    @property
    def waiting(self) -> int:
        """Events without an outcome."""
        return sum(part.stats.pending for part in self.parts)

    @property
    def dead(self) -> int:
        """Events that the platform refused."""
        return sum(part.stats.dead for part in self.parts)

    @property
    def oldest(self) -> Optional[float]:
        """Seconds that the oldest waiting events wait; None if none does."""
        return max((part.oldest for part in self.parts if part.oldest is not None), default=None)


def read(path: str) -> Outbox:
    """Return what is in an outbox.

    Raises:
        CommandError: there is none.
        OutboxError: it cannot be read.
    """
    parts = []
    for folder, account, customer_id in _accounts(path):
        directory = _directory(path, account)
        stats = directory.stats({})
        parts.append(AccountPart(account, customer_id, stats, _oldest(folder) if stats.pending else None))
    kind = shared_filesystem(path)
    problem = f"{kind} is a network file system, where locks do not hold everywhere" if kind else None
    lost = [folder for folder in _folders(path) if read_facts(folder) is None and _oldest(folder) is not None]
    if lost:
        problem = f"{', '.join(lost)}: damaged, nothing there says which account the events are of"
    return Outbox(path, parts, shutil.disk_usage(path).free, problem)


def dead_letters(path: str) -> list[DeadLetter]:
    """Return the refused events of all accounts, oldest first; raises as `read` does."""
    found = [letter for _, account, _ in _accounts(path) for letter in _directory(path, account).dead_letters()]
    return sorted(found, key=lambda letter: letter.at)


def kept(path: str) -> Iterator[bytes]:
    """Yield the delivered events that are kept; raises as `read` does."""
    for _, account, _ in _accounts(path):
        yield from _directory(path, account).kept()


def recorded_by(account: Account, path: str) -> tuple[list[Any], int]:
    """Return what an account has recorded; raises as `read` does.

    Args:
        account: the account. Other keys of its customer are taken for the same, as far as it was noted whose they are.
        path: the outbox.

    Returns:
        Kept events, as they were sent, and dead letters; and of how many other accounts there are events.
    """
    found = [(each, customer_id) for _, each, customer_id in _accounts(path)]
    owner = dict(found).get(account)
    own = [
        each
        for each, customer_id in found
        if each == account or (owner is not None and (each.base_url, customer_id) == (account.base_url, owner))
    ]
    events: list[Any] = []
    for directory in (_directory(path, each) for each in own):
        events += map(json.loads, directory.kept())
        events += directory.dead_letters()
    return events, len(found) - len(own)


def is_verified(path: str) -> bool:
    """Return whether what was accepted is kept, to be looked for; raises as `read` does."""
    return any(_directory(path, account).names(SEEN) for _, account, _ in _accounts(path))


def _accounts(path: str) -> Iterator[tuple[str, Account, Optional[str]]]:
    """Yield directory, account and customer."""
    for folder in _folders(path):
        facts = read_facts(folder)
        if facts is not None:
            yield folder, *facts


def _folders(path: str) -> list[str]:
    """Return the directories of the accounts."""
    try:
        names = sorted(os.listdir(path))
    except FileNotFoundError:
        raise CommandError(f"there is no outbox {path!r}") from None
    found = [name for name in names if ACCOUNT_NAME.fullmatch(name)]
    if not found and any(not name.startswith(".") and name != "lost+found" for name in names):
        raise CommandError(f"{path!r} is not an outbox, but a directory of something else")
    return [os.path.join(path, name) for name in found]


def _directory(path: str, account: Account) -> AccountDirectory:
    return AccountDirectory(path, account, lambda text, events: None, False)


def _oldest(folder: str) -> float | None:
    """Return how long ago the oldest segment was last written to."""
    ages = []
    for name in os.listdir(folder):
        if name.endswith(EVENTS):
            try:
                ages.append(time.time() - os.stat(os.path.join(folder, name)).st_mtime)
            except FileNotFoundError:
                pass
    return max(ages, default=None)
