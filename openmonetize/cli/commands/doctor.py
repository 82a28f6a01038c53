"""``openmonetize doctor``: what is wrong, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from openmonetize._http.redaction import Secret
from openmonetize.cli import exit_codes
from openmonetize.cli.doctor.account import account
from openmonetize.cli.doctor.connection import connection
from openmonetize.cli.doctor.finding import FAILURE, OK, WARNING, Finding
from openmonetize.cli.doctor.place import configuration_file, outbox, versions
from openmonetize.cli.errors import CommandError, line_and_code
from openmonetize.cli.options import Command, OutboxPlace, output
from openmonetize.cli.outboxes import OUTBOX_VARIABLE
from openmonetize.cli.output import shows_colours
from openmonetize.cli.session import Session
from openmonetize.cli.tables import Column, Output, shown
from openmonetize.exceptions import OpenApiException

_COLUMNS = (Column("check", "check"), Column("state", "state"), Column("text", "found"), Column("fix", "fix"))
_COLOURS = {OK: "green", WARNING: "yellow", FAILURE: "red"}
_WIDTH = 10  # of the names of checks


@click.command(cls=Command)
@click.option(
    "--outbox",
    "place",
    type=OutboxPlace(),
    metavar="DIR|URL",
    envvar=OUTBOX_VARIABLE,
    help="Look into this outbox as well.",
)
@output()
def command(session: Session, place: Secret | None, out: Output) -> int:
    """Look for what is wrong: key, connection, clock, limits, usage that nobody pays, prices, outbox.

    Exit code 0: nothing, or warnings only. 1: something does not work.
    """
    findings = _findings(session, place)
    if out.form is not None:
        found = list(findings)
        out.table(_COLUMNS, (finding._asdict() for finding in found))
    else:
        found = []
        coloured = shows_colours()
        for finding in findings:
            found.append(finding)
            _print(finding, coloured)
    failures = [finding for finding in found if finding.state == FAILURE]
    warnings = [finding for finding in found if finding.state == WARNING]
    out.say(f"{_count(len(failures), 'failure')}, {_count(len(warnings), 'warning')}")
    return exit_codes.NO if failures else exit_codes.DONE


def _findings(session: Session, place: Secret | None) -> Iterator[Finding]:
    yield versions()
    yield configuration_file()
    try:
        found = session.account
    except (CommandError, OpenApiException) as error:
        yield Finding("key", FAILURE, line_and_code(error)[0], "name the profile, or set OPENMONETIZE_API_KEY")
        yield from outbox(place)
        return
    reached = True
    for finding in connection(found):
        reached = reached and finding.state != FAILURE
        yield finding
    if reached or found.key is None:  # without a key, that is what to mend first
        yield from account(session)
    yield from outbox(place or found.outbox)


def _print(finding: Finding, coloured: bool) -> None:
    state = f"{finding.state:<7}"
    if coloured and finding.state in _COLOURS:
        state = click.style(state, fg=_COLOURS[finding.state], bold=finding.state == FAILURE)
    print(f"{state}  {finding.check:<{_WIDTH}}  {shown(finding.text)}", flush=True)
    if finding.fix is not None and finding.state in (WARNING, FAILURE):
        print(f"{'':7}  {'':{_WIDTH}}  fix: {shown(finding.fix)}", flush=True)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
