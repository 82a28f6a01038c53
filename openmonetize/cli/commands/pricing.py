"""``openmonetize pricing``: the platform's prices."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from openmonetize.cli.options import Command, output
from openmonetize.cli.rows import field
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, USD, Column, Output

_COLUMNS = (
    Column("provider", "provider", optional=1),
    Column("model", "model"),
    Column("unit", "unit"),
    Column("usd", "USD", USD),
    Column("per", "per", COUNT),
)
_UNITS = ("input_token", "output_token", "image", "video")


@click.command(cls=Command)
@click.argument("text", required=False)
@output()
def command(session: Session, text: str | None, out: Output) -> None:
    """List the prices of the installation; with TEXT, of the models or providers with it in their name."""
    answer = session.client().rating.pricing()
    wanted = (text or "").lower()
    found = [
        one for one in _prices(answer) if wanted in str(one["model"]).lower() or wanted == str(one["provider"]).lower()
    ]
    out.table(
        _COLUMNS,
        found,
        notes=["1,000 credits are 1 US dollar; each event burns whole credits, rounded up"] if found else (),
        empty="no prices" if text is None else f"no model with {text!r} in its name has a price",
    )


def _prices(answer: Any) -> Iterator[dict[str, Any]]:
    for price_row in field(answer, "data") or ():
        for unit in _UNITS:
            price = field(price_row, f"pricing.{unit}")
            if price is not None:
                yield {
                    "provider": price_row.provider,
                    "model": price_row.model,
                    "unit": unit,
                    "usd": price.cost_per_unit,
                    "per": price.unit_size,
                }
