"""``openmonetize forecast``: the expected burn of the next days."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from openmonetize.cli.options import Command, WholeNumber, output
from openmonetize.cli.rows import field, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, Column, Output

_COLUMNS = (
    Column("date", "day (UTC)"),
    Column("predicted_burn", "burn", COUNT),
    Column("cumulative_burn", "burn until then", COUNT),
    Column("balance", "balance", COUNT),
)
_FIELDS = {"date": "var_date", "predicted_burn": "predicted_burn", "cumulative_burn": "cumulative_burn"}


@click.command(cls=Command)
@click.option("--days", type=WholeNumber(1, 90), default=30, show_default=True, metavar="N", help="Days ahead.")
@output(plot=True)
def command(session: Session, days: int, out: Output) -> None:
    """Show the expected burn of the next days, from the average of the last 30, and the customer's balance by then."""
    answer = session.client().analytics.burn_forecast(days=days)
    found = list(_with_balance(answer))
    out.table(
        _COLUMNS,
        found,
        notes=_notes(answer, found),
        bars=("date", "balance"),
        empty=field(answer, "message") or "no usage to forecast from",
    )


def _with_balance(answer: Any) -> Iterator[dict[str, Any]]:
    now = field(answer, "current_balance")
    for one in rows(field(answer, "forecast"), _FIELDS):
        burned = one["cumulative_burn"]
        yield {**one, "balance": None if now is None or burned is None else now - burned}


def _notes(answer: Any, found: list[dict[str, Any]]) -> Iterator[str]:
    now, average = field(answer, "current_balance"), field(answer, "average_daily_burn")
    if found and now is not None and average is not None:
        yield f"balance {now:,} now, {average:,} credits a day"
    empty = next((one["date"] for one in found if one["balance"] is not None and one["balance"] <= 0), None)
    if empty is not None:
        yield f"empty on {empty}"
