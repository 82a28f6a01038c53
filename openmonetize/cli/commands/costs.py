"""``openmonetize costs``: revenue, provider cost and margin."""

from __future__ import annotations

import click

from openmonetize._schema.time_range import TimeRange
from openmonetize.cli.options import Command, output, time_range
from openmonetize.cli.rows import field, row, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import USD, Column, Output

_COLUMNS = (
    Column("provider", "provider", optional=1),
    Column("model", "model"),
    Column("revenue_usd", "revenue USD", USD),
    Column("provider_cost_usd", "cost USD", USD),
    Column("margin_usd", "margin USD", USD),
)
_FIELDS = {
    "provider": "provider",
    "model": "model",
    "revenue_usd": "revenue",
    "provider_cost_usd": "provider_cost",
    "margin_usd": "margin",
}
_TOTAL = {"revenue_usd": "total_revenue", "provider_cost_usd": "total_provider_cost", "margin_usd": "total_margin"}


@click.command(cls=Command)
@time_range
@click.option("--feature", "feature_id", metavar="ID", help="Of this feature only.")
@click.option("--provider", metavar="NAME", help="Of this provider only.")
@click.option("--model", metavar="NAME", help="Of this model only.")
@output(plot=True)
def command(
    session: Session, span: TimeRange, feature_id: str | None, provider: str | None, model: str | None, out: Output
) -> None:
    """Show revenue (credits burned), provider cost and margin by model, in US dollars."""
    answer = session.client().analytics.costs(
        start_date=span.start,
        end_date=span.end,
        feature_id=feature_id,
        provider=None if provider is None else provider.upper(),
        model=model,
    )
    summary = field(answer, "data.summary")
    percent = field(summary, "margin_percent")
    out.table(
        _COLUMNS,
        rows(field(answer, "data.by_provider"), _FIELDS),
        total=row(summary, _TOTAL),
        notes=[f"{span}" if percent is None else f"{span}: margin {percent:,.2f} % of revenue"],
        bars=("model", "provider_cost_usd"),
        empty=f"no costs {span}",
    )
