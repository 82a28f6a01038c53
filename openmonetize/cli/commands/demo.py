"""``openmonetize demo``: an hour of real LLM traffic, metered and billed on this machine."""

from __future__ import annotations

import time
from contextlib import closing

import click

from openmonetize.cli import exit_codes
from openmonetize.cli.ending import Ending
from openmonetize.cli.options import Command, WholeNumber
from openmonetize.cli.rows import field, row, rows
from openmonetize.cli.sandbox import load_demo
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, USD, Column, Output

_MODELS = (
    Column("model", "model"),
    Column("events", "events", COUNT),
    Column("input_tokens", "tokens in", COUNT),
    Column("output_tokens", "tokens out", COUNT),
)
_FIELDS = {
    "model": "model",
    "events": "event_count",
    "input_tokens": "input_tokens",
    "output_tokens": "output_tokens",
}
_FEATURES = (
    Column("feature_id", "feature"),
    Column("events", "events", COUNT),
    Column("credits", "credits", COUNT),
    Column("cost_usd", "cost USD", USD),
)
_FEATURE_FIELDS = {
    "feature_id": "feature_id",
    "events": "event_count",
    "credits": "credits_burned",
    "cost_usd": "cost_usd",
}
_WALLETS = (
    Column("user_id", "user"),
    Column("granted", "granted", COUNT),
    Column("balance", "left", COUNT),
)

_ENDING_INTERVAL = 0.25  # seconds between looks at whether the end was asked for


@click.command(cls=Command)
@click.option("--keep", is_flag=True, help="Go on serving, until Ctrl-C.")
@click.option("--port", type=WholeNumber(0, 65_535), default=0, metavar="N", help="Port. Default: any free one.")
def command(session: Session, keep: bool, port: int) -> int:
    """Meter an hour of real LLM traffic in a sandbox: the Azure LLM inference trace 2023 (CC BY 4.0).

    The trace names no model: one is assumed for each of its two files. It needs the extra sandbox as well.
    """
    from openmonetize.client import OpenMonetize
    from openmonetize.sandbox import Sandbox
    from openmonetize.sandbox.demo_hour import GRANT, USERS

    out = Output()
    with Sandbox(port=port) as sandbox:
        begun = time.monotonic()
        loaded = load_demo(sandbox)
        print(f"{loaded:,} requests metered and billed in {time.monotonic() - begun:,.1f} s\n")
        with closing(OpenMonetize(sandbox.key, sandbox.url)) as client:
            data = client.analytics.usage().data
            out.table(_MODELS, rows(field(data, "by_provider"), _FIELDS))
            print()
            out.table(_FEATURES, rows(field(data, "by_feature"), _FEATURE_FIELDS))
            print()
            wallets = [
                {
                    "user_id": user,
                    "granted": GRANT,
                    **row(client.credits.user_balance(user).data, {"balance": "balance"}),
                }
                for user in USERS
            ]
            out.table(_WALLETS, wallets)
        burned = sum(wallet["granted"] - wallet["balance"] for wallet in wallets)
        same = field(data, "summary.total_credits_burned") == burned
        print(f"\n{burned:,} credits burned; the reports say {'the same' if same else 'something else'}")
        if keep:
            _wait(f"console: {sandbox.url}/  key: {sandbox.key}  Ctrl-C stops it")
    return exit_codes.DONE if same else exit_codes.NO


def _wait(text: str) -> None:
    """Print a text, and wait for Ctrl-C or SIGTERM."""
    with Ending() as ending:
        print(text, flush=True)
        while not ending.asked:
            time.sleep(_ENDING_INTERVAL)
    print("stopped")
