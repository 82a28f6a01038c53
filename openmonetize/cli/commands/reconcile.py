"""``openmonetize reconcile``: what was recorded, billed, and charged by the providers, side by side."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Optional

import click

from openmonetize._http.redaction import Secret
from openmonetize._schema.time_range import TimeRange
from openmonetize.cli import exit_codes, outboxes
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Command, OutboxPlace, output, time_range
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TEXT, USD, Column, Output
from openmonetize.metering.buffers.base import Account

if TYPE_CHECKING:
    from openmonetize.reconcile import Reconciliation

_KEYS = {
    "day": (Column("day", "day"),),
    "model": (Column("provider", "provider", optional=3), Column("model", "model")),
    "feature": (Column("feature", "feature"),),
}
_SIDES = (
    Column("recorded_events", "recorded", COUNT, 1),
    Column("platform_events", "platform", COUNT, 1),
    Column("provider_requests", "provider", COUNT, 1),
    Column("recorded_usd", "recorded USD", USD),
    Column("platform_usd", "platform USD", USD),
    Column("provider_usd", "provider USD", USD),
)
_REASONS = (Column("reason", "reason", TEXT), Column("usd", "USD", USD), Column("what", "what it is", TEXT))


@click.command(cls=Command)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME|FILE",
    help="openai, anthropic, or an exported usage file; may be given several times.",
)
@click.option("--preset", metavar="NAME", help="The columns of the file, as for ingest. [default: by its first row]")
@click.option("--by", default="day,model", show_default=True, metavar="NAMES", help="Some of day,model,feature.")
@click.option(
    "--outbox",
    type=OutboxPlace(),
    metavar="DIR|URL",
    envvar=outboxes.OUTBOX_VARIABLE,
    help="What was recorded. [default: OPENMONETIZE_OUTBOX, else the profile's]",
)
@click.option("--repair", is_flag=True, help="First send again what the platform has accepted and lost.")
@click.option("--tolerance", default="0.01", show_default=True, metavar="USD", help="Differences that do not matter.")
@click.option("--html", "page", metavar="FILE", help="Write a page as well; a new file.")
@time_range
@output()
def command(
    session: Session,
    span: TimeRange,
    providers: tuple[str, ...],
    preset: Optional[str],
    by: str,
    outbox: Optional[Secret],
    repair: bool,
    tolerance: str,
    page: Optional[str],
    out: Output,
) -> int:
    """Compare what was recorded, what the platform billed, and what the providers charge, by days (UTC).

    Recorded is what the outbox keeps, with OpenMonetize(keep=...); without one the platform's events stand for it. The
    providers' reports need admin keys: OPENAI_ADMIN_KEY, ANTHROPIC_ADMIN_KEY. Exit code 1 if something differs by more
    than the tolerance for another reason than prices and rounding.
    """
    place = outbox or session.account.outbox
    if page is not None and os.path.lexists(page):  # said before minutes of reading
        raise CommandError(f"{page} exists, and is not overwritten")
    events: Any = None
    others = 0
    if repair:
        if place is None:
            raise CommandError("which outbox is to be repaired?", hint="name it with --outbox")
        outboxes.open_reader(place)  # refuses what is no outbox
        client = session.client(outbox=place, verify=True)
    else:
        client = session.client()
        events = []
        if place is not None:
            settings = session.configuration()
            account = Account(settings.host, settings.account_fingerprint())
            events, others = outboxes.recorded_by(account, outboxes.open_reader(place))
    found = client.reconcile(
        providers or None,
        by=by,
        start_date=span.start,
        end_date=span.end,
        repair=repair,
        tolerance=tolerance,
        events=events,
        preset=preset,
    )
    if others:
        found.notes.append("the outbox has events of other keys or platforms, which are left out")
    if page is not None:
        found.to_html(page)
    _print(found, out)
    return exit_codes.DONE if found else exit_codes.NO


def _print(found: Reconciliation, out: Output) -> None:
    from openmonetize.reconcile import NO_EVENT, REASONS

    if out.form == "json":
        print(found.to_json())
        return
    if out.form == "csv":
        print(found.to_csv(), end="")
        return
    columns = [column for name in found.by for column in _KEYS[name]]
    total = {"recorded_usd": found.recorded_usd, "platform_usd": found.platform_usd, "provider_usd": found.provider_usd}
    rows = [{**row._asdict(), "feature": NO_EVENT if row.feature == "" else row.feature} for row in found.rows]
    out.table([*columns, *_SIDES], rows, total=total, empty=f"nothing was used {found.range}")
    reasons = [{"reason": reason, "usd": usd, "what": REASONS[reason]} for reason, usd in found.by_reason().items()]
    if reasons:
        print()
        out.table(_REASONS, reasons)
    verdict = "agrees" if found else f"off by {found.off_usd:,.4f} US dollars"
    out.say(f"{found.range}: {verdict}, prices and rounding left out")
    for note in found.notes:
        out.say(note)
