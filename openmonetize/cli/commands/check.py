"""``openmonetize check``: may a user use a feature now."""

from __future__ import annotations

from typing import Any

import click

from openmonetize.cli import exit_codes
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Command, output, use_options
from openmonetize.cli.rows import row
from openmonetize.cli.session import Session
from openmonetize.cli.tables import COUNT, USD, Column, Output

_COLUMNS = (
    Column("user_id", "user"),
    Column("feature_id", "feature"),
    Column("allowed", "allowed"),
    Column("reason", "reason"),
    Column("balance", "balance", COUNT),
    Column("estimated_credits", "estimated credits", COUNT),
    Column("estimated_usd", "estimated cost USD", USD),
    Column("actions", None),
)


@click.command(cls=Command)
@click.option("--user", "user_id", metavar="ID", required=True, help="The user.")
@click.option("--feature", "feature_id", metavar="ID", required=True, help="The feature.")
@use_options
@output()
def command(session: Session, user_id: str, feature_id: str, out: Output, **use: Any) -> int:
    """Ask whether a user may use a feature now. Exit code 0 is yes, 1 is no. Nothing is reserved or charged."""
    from openmonetize.gate.checks import check_request, make_question
    from openmonetize.pricing.model_names import ModelNames

    given = {name: value for name, value in use.items() if value is not None}
    question = make_question(user_id, feature_id, given, ModelNames(True))
    # Not `OpenMonetize.check`, which has an answer for every failure; here a failure is to be seen.
    answer = session.client().entitlements.check(check_request(question))
    fields = {"allowed": "allowed", "reason": "reason", "balance": "current_balance"}
    fields.update(estimated_credits="estimated_cost_credits", estimated_usd="estimated_cost_usd")
    found = {"user_id": user_id, "feature_id": feature_id, **row(answer, fields)}
    if found["allowed"] is None:
        raise CommandError("the answer does not say whether the user may", exit_codes.SERVER)
    remedies = [row(action, {"type": "type", "label": "label", "url": "url"}) for action in answer.actions or ()]
    notes = [f"remedy: {remedy['label']}" for remedy in remedies if remedy["label"]]
    out.record(_COLUMNS, {**found, "actions": remedies}, notes=notes)
    return exit_codes.DONE if found["allowed"] else exit_codes.NO
