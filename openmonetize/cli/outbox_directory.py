"""A look into an outbox in a directory."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Collection, Iterator
from typing import Optional

from openmonetize.cli.errors import CommandError
from openmonetize.cli.outbox_reader import AccountPart, Outbox
from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.spool.account_directory import AccountDirectory, read_facts
from openmonetize.metering.buffers.spool.kept import SEEN
from openmonetize.metering.buffers.spool.place import ACCOUNT_NAME, shared_filesystem
from openmonetize.metering.buffers.spool.segment import EVENTS
from openmonetize.metering.results import DeadLetter


class DirectoryReader:
    """Reads an outbox in a directory; see `OutboxReader`.

    Args:
        path: the directory.

    Raises:
        CommandError: it is none.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        if not os.path.isdir(path):
            raise CommandError(f"there is no outbox {path!r}")
        self._folders()

    def contents(self) -> Outbox:
        """Return what is in it."""
        parts = []
        for folder, account, customer_id in self._parts():
            stats = self._directory(account).stats({})
            parts.append(AccountPart(account, customer_id, stats, _oldest(folder) if stats.pending else None))
        kind = shared_filesystem(self.path)
        problem = f"{kind} is a network file system, where locks do not hold everywhere" if kind else None
        lost = [folder for folder in self._folders() if read_facts(folder) is None and _oldest(folder) is not None]
        if lost:
            problem = f"{', '.join(lost)}: damaged, nothing there says which account the events are of"
        return Outbox(self.path, parts, shutil.disk_usage(self.path).free, problem)

    def dead_letters(self, accounts: Collection[Account] | None = None) -> list[DeadLetter]:
        """Return the refused events, oldest first."""
        found = [letter for directory in self._directories(accounts) for letter in directory.dead_letters()]
        return sorted(found, key=lambda letter: letter.at)

    def kept(self, accounts: Collection[Account] | None = None) -> Iterator[bytes]:
        """Yield the delivered events that are kept."""
        for directory in self._directories(accounts):
            yield from directory.kept()

    def is_verified(self) -> bool:
        """Return whether what was accepted is kept, to be looked for."""
        return any(directory.names(SEEN) for directory in self._directories(None))

    def _directories(self, accounts: Collection[Account] | None) -> Iterator[AccountDirectory]:
        for _, account, _ in self._parts():
            if accounts is None or account in accounts:
                yield self._directory(account)

    def _directory(self, account: Account) -> AccountDirectory:
        return AccountDirectory(self.path, account, lambda text, events: None, False)

    def _parts(self) -> Iterator[tuple[str, Account, Optional[str]]]:
        """Yield directory, account and customer."""
        for folder in self._folders():
            facts = read_facts(folder)
            if facts is not None:
                yield folder, *facts

    def _folders(self) -> list[str]:
        """Return the directories of the accounts."""
        try:
            names = sorted(os.listdir(self.path))
        except FileNotFoundError:
            raise CommandError(f"there is no outbox {self.path!r}") from None
        found = [name for name in names if ACCOUNT_NAME.fullmatch(name)]
        if not found and any(not name.startswith(".") and name != "lost+found" for name in names):
            raise CommandError(f"{self.path!r} is not an outbox, but a directory of something else")
        return [os.path.join(self.path, name) for name in found]


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
