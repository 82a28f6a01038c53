"""``openmonetize grant``: add credits to a wallet."""

from __future__ import annotations

import sys
from datetime import datetime, timezone

import click

from openmonetize.cli import exit_codes
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Command, Moment, WholeNumber, output
from openmonetize.cli.rows import field, row
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, Column, Output

_COLUMNS = (
    Column("user_id", "wallet of"),
    Column("amount", "granted", COUNT),
    Column("new_balance", "balance", COUNT),
    Column("transaction_id", "transaction"),
    Column("wallet_id", None),
)


@click.command(cls=Command)
@click.argument("amount", type=WholeNumber(1))
@click.option("--user", "user_id", metavar="ID", help="The user. Without one: the customer's own wallet.")
@click.option("--reason", metavar="TEXT", help="For the list of bookings.")
@click.option("--idempotency-key", metavar="TEXT", help="Makes a repeat safe; unique among all customers.")
@click.option(
    "--expires", type=Moment(end=True), metavar="DAY", help="When the whole wallet expires, not these credits alone."
)
@click.option("--yes", is_flag=True, help="Do not ask before the customer's own wallet is credited.")
@output()
def command(
    session: Session,
    amount: int,
    user_id: str | None,
    reason: str | None,
    idempotency_key: str | None,
    expires: datetime | None,
    yes: bool,
    out: Output,
) -> int:
    """Add AMOUNT credits to a user's wallet; 1,000 credits are 1 US dollar.

    Without --user they go to the customer's own wallet, which pays for usage without a user only. That is rarely what
    is meant, so it asks.
    """
    if expires is not None and expires <= datetime.now(timezone.utc):
        raise CommandError(f"--expires {expires:%Y-%m-%d} has passed: all credits of the wallet would expire at once")
    client = session.client()
    if user_id is None and not yes and not _agreed(session, amount):
        click.echo("nothing was granted", err=True)
        return exit_codes.NO
    answer = client.credits.grant(
        user_id=user_id, amount=amount, reason=reason, idempotency_key=idempotency_key, expires_at=expires
    )
    fields = {name: name for name in ("amount", "new_balance", "transaction_id", "wallet_id")}
    who = "the customer" if user_id is None and out.is_for_people else user_id
    out.record(_COLUMNS, {"user_id": who, **row(answer.data, fields)})
    return exit_codes.DONE


def _agreed(session: Session, amount: int) -> bool:
    if not sys.stdin.isatty():
        raise CommandError(
            "without --user this credits the customer's own wallet, which no user's usage is paid from",
            hint="name the --user, or say --yes",
        )
    name = field(session.client().customers.me(), "data.name") or "the customer"
    question = f"Add {amount:,} credits to the own wallet of {name!r}, which no user's usage is paid from?"
    return click.confirm(question, default=False, err=True)
