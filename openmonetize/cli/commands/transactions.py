"""``openmonetize transactions``: the bookings of a user's wallet."""

from __future__ import annotations

import click

from openmonetize.cli.options import Command, output, row_limit
from openmonetize.cli.rows import Limited, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, Column, Output

_COLUMNS = (
    Column("created_at", "time (UTC)", TIME),
    Column("transaction_type", "type"),
    Column("amount", "amount", COUNT),
    Column("balance_before", "before", COUNT, 1),
    Column("balance_after", "after", COUNT),
    Column("description", "description", optional=2),
    Column("id", None),
)
_FIELDS = {column.key: column.key for column in _COLUMNS}


@click.command(cls=Command)
@click.option("--user", "user_id", metavar="ID", required=True, help="The user.")
@row_limit()
@output(plot=True)
def command(session: Session, user_id: str, limit: int | None, out: Output) -> None:
    """List the bookings of a user's wallet, newest first: grants, purchases, burns."""
    part = Limited(limit)
    found = session.client().credits.iter_transactions(user_id, page_size=part.page_size, progress=part.progress)
    out.table(
        _COLUMNS,
        rows(part.first(found), _FIELDS),
        notes=part.notes(),
        bars=("created_at", "balance_after"),
        empty=f"no bookings of {user_id!r}",
    )
