"""``openmonetize burn-rate``: how fast a wallet is used up."""

from __future__ import annotations

import click

from openmonetize.cli.options import Command, output
from openmonetize.cli.rows import field, row
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, Column, Output

_COLUMNS = (
    Column("user_id", "wallet of"),
    Column("balance", "balance", COUNT),
    Column("burned_7_days", "burned in 7 days", COUNT),
    Column("per_day_7_days", "a day, of 7 days", COUNT),
    Column("burned_30_days", "burned in 30 days", COUNT),
    Column("per_day_30_days", "a day, of 30 days", COUNT),
    Column("days_remaining", "days left", COUNT),
    Column("runs_out_on", "runs out on"),
)
_FIELDS = {
    "balance": "current_balance",
    "burned_7_days": "last7_days.credits_burned",
    "per_day_7_days": "last7_days.average_per_day",
    "burned_30_days": "last30_days.credits_burned",
    "per_day_30_days": "last30_days.average_per_day",
    "days_remaining": "projected_runout.days_remaining",
    "runs_out_on": "projected_runout.estimated_runout_date",
}


@click.command(cls=Command)
@click.option("--user", "user_id", metavar="ID", help="The user. Default: the customer's own wallet.")
@output(plot=True)
def command(session: Session, user_id: str | None, out: Output) -> None:
    """Show how fast a wallet is used up, and when it is empty."""
    data = session.client().analytics.burn_rate(user_id=user_id).data
    found = row(data, _FIELDS)
    found["runs_out_on"] = (found["runs_out_on"] or "")[:10] or None  # a time, of which the day means something
    if out.form == "plot":
        averages = [{"label": f"last {days} days", "credits": found[f"per_day_{days}_days"]} for days in (7, 30)]
        out.table(
            (Column("label", "pace"), Column("credits", "credits a day", COUNT)), averages, bars=("label", "credits")
        )
        return
    who = "the customer" if user_id is None and out.is_for_people else user_id
    advice = [field(one, "message") for one in field(data, "recommendations") or ()]
    out.record(_COLUMNS, {"user_id": who, **found}, notes=[text for text in advice if text])
