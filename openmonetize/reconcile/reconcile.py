"""Compares what was recorded, what the platform billed, and what providers charge."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Context, Decimal, localcontext
from typing import TYPE_CHECKING, Any

from openmonetize._arguments import described
from openmonetize._schema.time_range import TimeRange
from openmonetize.exceptions import ApiException, ApiTypeError, NotFoundException, OpenApiException
from openmonetize.metering import DeadLetter
from openmonetize.notebook.values import counted
from openmonetize.pricing import TEXT_BOOK, Charge, PriceBook, credits_for_event
from openmonetize.pricing.credits import FALLBACK
from openmonetize.reconcile import anthropic_reports, grouping, openai_reports, report_files
from openmonetize.reconcile.arguments import FilePath, Sources, by_of, days_of, sources_of, tolerance_of
from openmonetize.reconcile.joining import Join, Reason, Sums
from openmonetize.reconcile.known_events import ACCEPTED, DEAD, KnownEvent, recorded_events, stored_events
from openmonetize.reconcile.reasons import gaps, known_by_place, provided
from openmonetize.reconcile.result import Reconciliation
from openmonetize.reconcile.statement import Statement

if TYPE_CHECKING:
    from openmonetize.client import OpenMonetize
    from openmonetize.pricing.model_names import ModelNames

MAX_USERS = 100  # whose wallets are looked for
DELIVERY_TIMEOUT = 30.0  # seconds for what still waits to be delivered and billed
# Seconds within which something was recorded just now, and for which its billing is waited for. An idle platform bills
# within 0.3 seconds.
JUST_NOW, BILLING_TIMEOUT = 60.0, 5.0
# Seconds after which an event that the platform has accepted and not stored is lost, also if none follows it. The
# longest backlog that was measured took 18 minutes.
MAX_BILLING_DELAY = 3600.0
DIGITS = 38  # of amounts, as in DuckDB
_CALL_TIMEOUT = 180.0  # seconds; a call waits for the next minute where the rate limit is used up
_MAX_USER_ID = 100  # characters in a path; the platform answers longer ones with a 404
REPORTS: Mapping[str, Callable[[Statement, date, date], None]] = {
    "openai": openai_reports.read,
    "anthropic": anthropic_reports.read,
}


def reconcile(
    om: OpenMonetize,
    *,
    names: ModelNames,
    prices: Callable[[], PriceBook],
    provider: Sources,
    by: Iterable[str] | str,
    last: Any,
    start_date: Any,
    end_date: Any,
    repair: bool,
    tolerance: Any,
    events: Iterable[Mapping[str, Any] | DeadLetter] | None,
    preset: str | None,
) -> Reconciliation:
    """Return the three columns; see `OpenMonetize.reconcile`.

    Args:
        om: the client.
        names: turns vendors' model names into those that the platform prices.
        prices: asks for the installation's prices, for models that the usual ones lack.
    """
    chosen, most = by_of(by), tolerance_of(tolerance)
    span, first, final = days_of(last, start_date, end_date)
    reports, files = sources_of(provider, REPORTS)
    # DuckDB is looked for before anything is sent. A context of the caller could be too short for amounts.
    with Join() as join, localcontext(Context(prec=DIGITS)):
        notes: list[str] = []
        if events is None:
            om.flush(DELIVERY_TIMEOUT)
            om.wait_billed(DELIVERY_TIMEOUT)
        if repair:
            om.verify(since=span.start, repair=True)
            om.wait_billed(DELIVERY_TIMEOUT)
        statement = Statement(lambda vendor, model: names.find(vendor, model).model)
        notes += read_sources(statement, reports, files, preset, first, final)
        kept, letters = _split(om.kept_events() if events is None else events)
        letters += (letter.event for letter in om.dead_letters())
        asked = _Users()
        estimate = estimator(prices)
        # All are read before the first is loaded, since it has to be known which users have no wallet.
        recorded = [
            *recorded_events(asked.seen(kept), ACCEPTED, statement, estimate, first, final),
            *recorded_events(letters, DEAD, statement, estimate, first, final),
        ]
        _await_billing(om, recorded)
        rows = om.events.iter_list(page_size=100, _request_timeout=_CALL_TIMEOUT)
        stored = list(stored_events(rows, statement, estimate, first, final))
        if not recorded and stored:
            notes.append(
                "no recorded events are kept, so the platform's own stand for them: use OpenMonetize(keep=...)"
            )
            recorded = stored[::-1]
        join.load("recorded", recorded, asked.without_wallet(om))
        join.load("stored", stored)
        join.run(time.time() - MAX_BILLING_DELAY)
        sums, reasons = join.sums(), join.reasons()
        if repair and any(reason.reason == "lost" for reason in reasons):
            notes.append("what is lost still was lost again, or was recorded without OpenMonetize(verify=True)")
        notes += note_elsewhere(join.elsewhere())
        if asked.has_more:
            notes.append(f"the wallets of the first {MAX_USERS} users were looked up: others may have none")
        notes += _waiting(om, events is None)
        notes += _totals(om, span, len(stored))
        return reconciled(span, chosen, statement, sums, reasons, notes, most)


def read_sources(
    statement: Statement,
    reports: Iterable[str],
    files: Sequence[FilePath],
    preset: str | None,
    first: date,
    last: date,
) -> list[str]:
    """Add what providers report of these days (UTC) to a statement, and finish it.

    Args:
        statement: takes it.
        reports: those of `REPORTS` to ask for.
        files: exported files.
        preset: of the files.
        first: the first day.
        last: the last day.

    Returns:
        Sentences on what was left out.
    """
    for name in reports:
        REPORTS[name](statement, first, last)
    notes = report_files.read(statement, files, preset, first, last) if files else []
    return notes + statement.finish()


def reconciled(
    span: TimeRange,
    by: Sequence[str],
    statement: Statement,
    sums: Sequence[Sums],
    reasons: Iterable[Reason],
    notes: Iterable[str],
    tolerance: Decimal,
) -> Reconciliation:
    """Return the three columns of what is joined, in a context of `DIGITS` digits.

    Args:
        span: the days.
        by: what rows are grouped by.
        statement: the provider's side.
        sums: of the events.
        reasons: why events differ.
        notes: what the columns leave out.
        tolerance: in US dollars.
    """
    charges, known = provided(statement), known_by_place(sums)
    return Reconciliation(
        span,
        by,
        grouping.rows(by, sums, charges, known, statement.providers),
        grouping.differences(by, [*reasons, *gaps(statement, charges, known)]),
        [*notes, *_uncompared(statement, sums)],
        tolerance,
    )


def note_elsewhere(events: int) -> Iterator[str]:
    """Yield a note on events that were not recorded here, if there are any."""
    if events:
        yield f"{counted(events, 'event')} of the platform not recorded here: by other programs, or not kept"


def _split(
    events: Iterable[Mapping[str, Any] | DeadLetter],
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """Return the accepted events, and the refused ones."""
    kept: list[Mapping[str, Any]] = []
    letters: list[Mapping[str, Any]] = []
    if not isinstance(events, Iterable):
        raise ApiTypeError(f"events must be a list of what was recorded, not {described(events)}")
    for each in events:
        if isinstance(each, DeadLetter):
            letters.append(each.event)
        elif isinstance(each, Mapping):
            kept.append(each)
        else:
            raise ApiTypeError(f"events are dicts, as they were sent, or dead letters, not {described(each)}")
    return kept, letters


def _await_billing(om: OpenMonetize, recorded: Iterable[KnownEvent]) -> None:
    """Wait for a moment until the platform has billed what another process has just delivered."""
    accepted = [event for event in recorded if event.state == ACCEPTED]
    newest = max(accepted, key=lambda event: event.at, default=None)
    if newest is None or time.time() - newest.at > JUST_NOW:
        return
    deadline, wait = time.monotonic() + BILLING_TIMEOUT, 0.1
    while newest.id not in {row.id for row in om.events.list(limit=100, _request_timeout=_CALL_TIMEOUT)}:
        if time.monotonic() >= deadline:
            return
        time.sleep(wait)
        wait = min(2 * wait, 1.0)


class _Users:
    """The users of recorded events, the first ones.

    Attributes:
        has_more: whether there are others, whose wallets are not looked for.
    """

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}
        self.has_more = False

    def seen(self, events: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """Yield the events, and remember their users."""
        for event in events:
            user = event.get("user_id")
            if isinstance(user, str) and user and user not in self._ids:
                if len(self._ids) < MAX_USERS and len(user) <= _MAX_USER_ID:
                    self._ids[user] = None
                else:
                    self.has_more = True
            yield event

    def without_wallet(self, om: OpenMonetize) -> set[str]:
        """Return those who have no wallet."""
        found = set()
        for user in self._ids:
            try:
                om.credits.user_balance(user, _request_timeout=_CALL_TIMEOUT)
            except NotFoundException:
                found.add(user)
            except OpenApiException:  # it is not known
                continue
        return found


def estimator(prices: Callable[[], PriceBook]) -> Callable[[Mapping[str, Any]], Charge]:
    """Return what estimates events: by the usual prices, and by the installation's for models that they lack."""

    def estimate(event: Mapping[str, Any]) -> Charge:
        charge = credits_for_event(event, book=TEXT_BOOK)
        return charge if charge.basis != FALLBACK else credits_for_event(event, book=prices())

    return estimate


def _waiting(om: OpenMonetize, is_own: bool) -> Iterator[str]:
    waiting = om.stats().pending if is_own else 0
    if waiting:
        yield f"not delivered yet, and in no column: {counted(waiting, 'event')}"


def _uncompared(statement: Statement, sums: Iterable[Sums]) -> Iterator[str]:
    """Yield a note on usage that no report is about."""
    if not statement.providers:
        return
    credits, kinds = 0, set()
    for each in sums:
        if each.place.provider not in statement.providers and each.paid_credits:
            credits += each.paid_credits
            kinds.add(each.place.provider or "units of your own")
    if credits:
        what = counted(credits, "credit")
        yield f"no report was read of {', '.join(sorted(kinds))}: {what} of the platform's column"


def _totals(om: OpenMonetize, span: TimeRange, listed: int) -> Iterator[str]:
    """Yield a note where the platform's report and its list of events do not agree."""
    try:
        report = om.analytics.usage(start_date=span.start, end_date=span.end, _request_timeout=_CALL_TIMEOUT).data
    except ApiException as error:
        yield f"the platform's report of usage cannot be read: {error.reason}"
        return
    total = report.summary.total_events if report is not None and report.summary is not None else None
    if total is not None and total != listed:
        yield f"the platform's report of usage counts {counted(total, 'event')}, and its list has {listed:,}"
