"""``openmonetize balance``: the credits in a wallet."""

from __future__ import annotations

import click

from openmonetize.cli.options import Command, output
from openmonetize.cli.rows import row
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, TIME, Column, Output

_COLUMNS = (
    Column("user_id", "wallet of"),
    Column("balance", "balance", COUNT),
    Column("reserved", "reserved", COUNT),
    Column("available", "available", COUNT),
    Column("expires_at", "expires (UTC)", TIME),
)


@click.command(cls=Command)
@click.option("--user", "user_id", metavar="ID", help="The user. Default: the customer's own wallet.")
@output()
def command(session: Session, user_id: str | None, out: Output) -> None:
    """Show the credits in a wallet; 1,000 credits are 1 US dollar.

    Usage of a user is paid from that user's wallet only, never from the customer's own.
    """
    client = session.client()
    if user_id is None:
        fields = {"balance": "balance", "reserved": "reserved_balance", "available": "available_balance"}
        found = row(client.credits.balance().data, fields)
    else:
        fields = {"balance": "balance", "reserved": "reserved", "available": "available", "expires_at": "expires_at"}
        found = row(client.credits.user_balance(user_id).data, fields)
    who = "the customer" if user_id is None and out.is_for_people else user_id
    out.record(_COLUMNS, {"user_id": who, **found})
