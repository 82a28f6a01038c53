"""``openmonetize users``: users, with balance and events."""

from __future__ import annotations

import click

from openmonetize.cli.options import Command, output, row_limit
from openmonetize.cli.rows import Limited, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, Column, Output

_COLUMNS = (
    Column("user_id", "user"),
    Column("balance", "balance", COUNT),
    Column("events", "events", COUNT),
    Column("email", "email", optional=2),
    Column("created_at", "since (UTC)", TIME, 1),
    Column("id", None),
)
_FIELDS = {
    "user_id": "external_user_id",
    "balance": "credit_balance",
    "events": "total_events",
    "email": "email",
    "created_at": "created_at",
    "id": "id",
}


@click.command(cls=Command)
@click.option("--search", metavar="TEXT", help="Only users with this in their id or email.")
@row_limit()
@output(plot=True)
def command(session: Session, search: str | None, limit: int | None, out: Output) -> None:
    """List users, newest first, with balance and number of events. A balance of 0 may be no wallet."""
    part = Limited(limit)
    found = session.client().users.iter_list(search=search, page_size=part.page_size, progress=part.progress)
    out.table(
        _COLUMNS, rows(part.first(found), _FIELDS), notes=part.notes(), bars=("user_id", "balance"), empty="no users"
    )
