"""Refused events on disk, with the platform's reasons."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timezone

from openmonetize.metering.buffers.spool.records import decode, encode
from openmonetize.metering.results import DeadLetter

MAX_REASON = 4096  # characters of a reason that are kept: with the largest event, they fit into a record


def encode_refused(
    wires: Sequence[bytes], status: int | None, reason: str, segment: str, numbers: Sequence[int]
) -> bytes:
    """Return the records of dead letters: what is known as JSON, a tab, and the event."""
    at, reason = datetime.now(timezone.utc).timestamp(), reason[:MAX_REASON]
    records = []
    for wire, number in zip(wires, numbers):
        facts = {"status": status, "reason": reason, "at": at, "from": [segment, number]}
        records.append(encode(json.dumps(facts).encode() + b"\t" + wire, number))
    return b"".join(records)


def read_refused(path: str) -> tuple[list[DeadLetter], int]:
    """Return the dead letters in a file, oldest first, and how many are damaged.

    One that a crash has caused to be written twice counts once.
    """
    try:
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return [], 0
    found: dict[tuple[str, int, bytes], DeadLetter] = {}
    records, _, damaged = decode(data, complete=True)
    for _, payload in records:
        head, tab, wire = payload.partition(b"\t")
        try:
            facts = json.loads(head)
            at = datetime.fromtimestamp(facts["at"], timezone.utc)
            origin = str(facts["from"][0]), int(facts["from"][1]), wire
            letter = DeadLetter(wire, facts["status"], str(facts["reason"]), at)
        except (KeyError, IndexError, TypeError, ValueError, OverflowError, OSError, RecursionError):
            continue  # of another kind of file
        if tab:
            found.setdefault(origin, letter)
    return list(found.values()), damaged
