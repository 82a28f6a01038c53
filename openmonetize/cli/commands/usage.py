"""``openmonetize usage``: events, tokens, credits and cost of a range of time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Optional

import click

from openmonetize._schema.time_range import TimeRange
from openmonetize.cli.options import Command, output, time_range
from openmonetize.cli.rows import field, row, rows
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, USD, Column, Output


class _Grouping(NamedTuple):
    """One of the lists in the answer, and the fields of its rows."""

    part: str
    columns: tuple[Column, ...]
    fields: Mapping[str, str]
    bars: tuple[str, str]
    total: Mapping[str, Optional[str]]


_EVENTS = Column("events", "events", COUNT)
_CREDITS = Column("credits", "credits", COUNT)
_COST = Column("cost_usd", "cost USD", USD, 1)
_SUMS = {"events": "total_events", "credits": "total_credits_burned", "cost_usd": "total_cost_usd"}
_TOKENS = {"input_tokens": "total_input_tokens", "output_tokens": "total_output_tokens"}

_GROUPINGS = {
    "day": _Grouping(
        "timeline",
        (Column("date", "day (UTC)"), _EVENTS, _CREDITS),
        {"date": "var_date", "events": "events", "credits": "credits_burned"},
        ("date", "credits"),
        {"events": "total_events", "credits": "total_credits_burned"},
    ),
    "model": _Grouping(
        "by_provider",
        (
            Column("provider", "provider", optional=1),
            Column("model", "model"),
            _EVENTS,
            Column("input_tokens", "tokens in", COUNT),
            Column("output_tokens", "tokens out", COUNT),
        ),
        {
            "provider": "provider",
            "model": "model",
            "events": "event_count",
            "input_tokens": "input_tokens",
            "output_tokens": "output_tokens",
        },
        ("model", "events"),
        {"events": "total_events", **_TOKENS},
    ),
    "feature": _Grouping(
        "by_feature",
        (Column("feature_id", "feature"), _EVENTS, _CREDITS, _COST),
        {
            "feature_id": "feature_id",
            "events": "event_count",
            "credits": "credits_burned",
            "cost_usd": "cost_usd",
        },
        ("feature_id", "credits"),
        _SUMS,
    ),
    "type": _Grouping(
        "by_event_type",
        (Column("event_type", "type"), _EVENTS, _CREDITS, _COST),
        {
            "event_type": "event_type",
            "events": "event_count",
            "credits": "credits_burned",
            "cost_usd": "cost_usd",
        },
        ("event_type", "credits"),
        _SUMS,
    ),
}


@click.command(cls=Command)
@click.option("--by", type=click.Choice(list(_GROUPINGS)), default="day", show_default=True, help="Rows.")
@time_range
@click.option("--feature", "feature_id", metavar="ID", help="Of this feature only.")
@click.option("--provider", metavar="NAME", help="Of this provider only.")
@click.option("--model", metavar="NAME", help="Of this model only.")
@output(plot=True)
def command(
    session: Session,
    by: str,
    span: TimeRange,
    feature_id: str | None,
    provider: str | None,
    model: str | None,
    out: Output,
) -> None:
    """Show usage by day, model, feature or type of event."""
    answer = session.client().analytics.usage(
        start_date=span.start,
        end_date=span.end,
        feature_id=feature_id,
        provider=None if provider is None else provider.upper(),
        model=model,
    )
    grouping = _GROUPINGS[by]
    summary = field(answer, "data.summary")
    out.table(
        grouping.columns,
        rows(field(answer, f"data.{grouping.part}"), grouping.fields),
        total=row(summary, {key: path for key, path in grouping.total.items() if path is not None}),
        notes=[_note(summary, span)],
        bars=grouping.bars,
        empty=f"no usage {span}",
    )


def _note(summary: object, span: TimeRange) -> str:
    credits, cost = field(summary, "total_credits_burned"), field(summary, "total_cost_usd")
    if credits is None or cost is None:
        return f"{span}"
    return f"{span}: {credits:,} credits burned, provider cost {cost:,.2f} USD"
