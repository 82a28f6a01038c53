"""``openmonetize estimate``: what an event would burn."""

from __future__ import annotations

from typing import Any

import click

from openmonetize.cli.options import Command, output, use_options
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, USD, Column, Output
from openmonetize.pricing.credits import FALLBACK

_COLUMNS = (
    Column("credits", "credits", COUNT),
    Column("usd", "cost USD", USD),
    Column("basis", "price from"),
)
_NO_PRICE = "the platform has no price for this model: current servers bill it at a general one, others nothing"


@click.command(cls=Command)
@use_options
@click.option("--image-size", metavar="WxH", help="Size of images in pixels.")
@click.option("--quality", metavar="NAME", help="Quality of images, such as hd.")
@click.option("--unit-type", metavar="NAME", help="A unit of your own, with --quantity.")
@click.option("--quantity", type=float, metavar="N", help="How many units of your own.")
@output()
def command(session: Session, out: Output, **use: Any) -> None:
    """Compute what an event would burn. Without a key, by the prices that every installation has."""
    given = {name: value for name, value in use.items() if value is not None}
    if session.account.key is None:
        from openmonetize.client import OpenMonetize

        client = OpenMonetize(enabled=False)
    else:
        client = session.client()
    charge = client.estimate_credits(**given)
    notes = [_NO_PRICE] if charge.basis == FALLBACK else []
    out.record(_COLUMNS, {"credits": charge.credits, "usd": charge.usd, "basis": charge.basis}, notes=notes)
