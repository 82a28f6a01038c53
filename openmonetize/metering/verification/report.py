"""What became of accepted events, counted and named."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from openmonetize._schema import timestamps
from openmonetize.metering.buffers.ledger import BILLED, LOST, REPEATED, UNPAID, Sheet
from openmonetize.metering.results import Finding, VerifyReport
from openmonetize.metering.verification.bookings import Missing

_MAX_SENDING_SECONDS = 86_400.0  # from the first time that an event is sent to the last one, as far as is reckoned with


class Costs(NamedTuple):
    """What billed events cost.

    Attributes:
        by_user: for each user, the credits that events cost, and how many events cost so much.
        since: when the first of them came into the queue, in seconds since 1970.
    """

    by_user: dict[str, Counter[int]]
    since: float


def costs_of(sheets: list[Sheet], since: float) -> Costs:
    """Return what the billed events cost that were accepted since a time."""
    by_user: dict[str, Counter[int]] = {}
    first = float("inf")
    for sheet in sheets:
        billed = {
            number: entry
            for number, entry in sheet.all_entries().items()
            if entry.state == BILLED and entry.credits and entry.answered >= since
        }
        wires = sheet.wires() if billed else {}
        for number, entry in billed.items():
            event = _event(wires, number)
            first = min(first, entry.sent or _recorded(event, entry.answered))
            user_id = event.get("user_id")
            if user_id:
                by_user.setdefault(user_id, Counter())[entry.credits or 0] += 1
    return Costs(by_user, first)


def _recorded(event: Mapping[str, Any], answered: float) -> float:
    """Return when an event was recorded: if it was sent several times, it may be in the queue since then.

    Args:
        event: the event.
        answered: when it was known to be in the queue. A caller's own time may be months before.
    """
    try:
        recorded = timestamps.utc(event["timestamp"]).timestamp()
    except (KeyError, TypeError, ValueError):
        return answered
    return min(answered, max(recorded, answered - _MAX_SENDING_SECONDS))


def report_of(
    sheets: list[Sheet], since: float, missing: Mapping[str, Missing], unchecked: int, unverified: int
) -> VerifyReport:
    """Return the report of the events that were accepted since a time.

    Args:
        sheets: what is kept.
        since: seconds since 1970.
        missing: bookings that wallets lack, by user.
        unchecked: users whose bookings could not be compared.
        unverified: accepted events that are not kept. They are older than those that are, as far as is known.
    """
    counts: Counter[str] = Counter()
    findings = []
    first = float("inf")
    for sheet in sheets:
        wires: Mapping[int, bytes] | None = None
        for number, entry in sheet.all_entries().items():
            first = min(first, entry.answered)
            if entry.answered < since:
                continue
            state = LOST if entry.state == REPEATED else entry.state
            counts[state] += 1
            counts["repaired"] += state == BILLED and entry.repeated
            if state in (LOST, UNPAID):
                wires = sheet.wires() if wires is None else wires
                event = _event(wires, number)
                findings.append(Finding(state, event, event.get("user_id"), 1, 0 if state == UNPAID else None))
    findings += [Finding("unbooked", None, user, *lacking) for user, lacking in sorted(missing.items())]
    accepted = sum(counts[state] for state in ("waiting", LOST, BILLED, UNPAID))
    unverified = unverified if since < first else 0
    complete = counts[BILLED] == accepted and not missing and not unverified
    unbooked = sum(lacking.events for lacking in missing.values())
    return VerifyReport(
        complete,
        accepted,
        counts[BILLED],
        counts["waiting"],
        counts[LOST],
        counts["repaired"],
        counts[UNPAID],
        unbooked,
        unchecked,
        unverified,
        findings,
    )


def _event(wires: Mapping[int, bytes], number: int) -> dict[str, Any]:
    try:
        event: dict[str, Any] = json.loads(wires[number])
        return event
    except (KeyError, ValueError):
        return {}  # it was destroyed
