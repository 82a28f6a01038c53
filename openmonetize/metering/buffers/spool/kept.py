"""Kept events: files of delivered events, and beside them what is known of their billing."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Mapping

from openmonetize.metering.buffers.base import Account
from openmonetize.metering.buffers.ledger import BILLED, LOST, UNPAID, Entry, Record, Sheet
from openmonetize.metering.buffers.spool import segment
from openmonetize.metering.buffers.spool.counts import Counts
from openmonetize.metering.buffers.spool.records import decode, decode_json, encode_json
from openmonetize.metering.buffers.spool.system import OPEN_FLAGS, append_whole, unlink

SEEN = ".seen"
VERIFIED = "verified"  # what was known of kept events when they were removed
OUTCOMES = (BILLED, LOST, "repaired", UNPAID)


def read_events(path: str) -> dict[int, bytes]:
    """Return the events in a kept file, by number; none if it has become too old."""
    try:
        with open(path, "rb") as file:
            return dict(segment.events(decode(file.read(), complete=True).records))
    except FileNotFoundError:
        return {}


class KeptSheet(Sheet):
    """The events in a kept file that were accepted, and what is known of their billing.

    Args:
        path: the kept file.
        account: whose it is.
    """

    def __init__(self, path: str, account: Account) -> None:
        super().__init__(account)
        self.path = path
        self.seen_path = os.path.splitext(path)[0] + SEEN
        self._read = 0  # bytes of the records that were taken into account
        self._lock = threading.RLock()

    def wires(self) -> Mapping[int, bytes]:
        """Read the events."""
        return read_events(self.path)

    def refresh(self) -> None:
        """Take into account what was noted since the last time, by whichever process."""
        with self._lock:
            try:
                if os.stat(self.seen_path).st_size == self._read:
                    return
                with open(self.seen_path, "rb") as file:
                    file.seek(self._read)
                    data = file.read()
            except FileNotFoundError:  # it has become too old
                return
            # The last record may be under way still, or that of a process that was killed while it wrote.
            end = decode(data, complete=False).end
            for record in decode_json(data[:end]):
                try:
                    self.apply(record)
                except (KeyError, TypeError, ValueError):
                    continue  # of another kind
            self._read += end

    def all_entries(self) -> Mapping[int, Entry]:
        """Read the file anew if entries of it were forgotten."""
        if not self._settled:
            return super().all_entries()
        whole = KeptSheet(self.path, self.account)
        whole.refresh()
        return whole.entries

    def forget_settled(self) -> None:
        """Forget the entries if there is nothing to be found out about any of them: kept files may be many."""
        with self._lock:
            super().forget_settled()

    def note(self, record: Record) -> None:
        """Append a record to the file, and take it into account."""
        append_record(self.seen_path, encode_json(dict(record)))
        self.refresh()


def append_record(path: str, data: bytes) -> None:
    """Append records to a file."""
    fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | OPEN_FLAGS, 0o600)
    try:
        append_whole(fd, data)
    finally:
        os.close(fd)


def verified(folder: str) -> Counts:
    """Return the counts of an account's kept events that were removed."""
    return Counts(os.path.join(folder, VERIFIED), OUTCOMES)


def remove(path: str) -> None:
    """Remove a kept file, after what is known of its events was counted."""
    seen_path = os.path.splitext(path)[0] + SEEN
    if os.path.exists(seen_path):
        sheet = KeptSheet(path, Account("", ""))
        sheet.refresh()
        verified(os.path.dirname(path)).add_counts(os.path.basename(seen_path), outcomes_of(sheet.counts()))
    unlink(path)
    unlink(seen_path)


def outcomes_of(counts: Counter[str]) -> dict[str, int]:
    """Return the counts that are kept for good."""
    return {outcome: counts[outcome] for outcome in OUTCOMES}
