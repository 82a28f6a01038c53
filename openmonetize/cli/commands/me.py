"""``openmonetize me``: the customer behind the key."""

from __future__ import annotations

import click

from openmonetize.cli.options import Command, output
from openmonetize.cli.rows import row
from openmonetize.cli.session import Session
from openmonetize.cli.tables import TIME, Column, Output

_COLUMNS = (
    Column("id", "customer"),
    Column("name", "name"),
    Column("email", "email"),
    Column("tier", "tier"),
    Column("status", "status"),
    Column("created_at", "since (UTC)", TIME),
    Column("base_url", "platform"),
)


@click.command(cls=Command)
@output()
def command(session: Session, out: Output) -> None:
    """Show the customer behind the key."""
    found = row(session.client().customers.me().data, {column.key: column.key for column in _COLUMNS})
    out.record(_COLUMNS, {**found, "base_url": session.account.base_url})
