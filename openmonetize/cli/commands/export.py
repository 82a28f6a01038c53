"""``openmonetize export``: billed usage as a file for other tools."""

from __future__ import annotations

import csv
import os
import sys
from contextlib import nullcontext
from typing import IO, Any, ContextManager, Optional

import click

from openmonetize._schema.time_range import TimeRange
from openmonetize.cli.errors import CommandError
from openmonetize.cli.options import Command, time_range
from openmonetize.cli.session import Session


@click.command(cls=Command)
@click.option(
    "--format", type=click.Choice(["focus"]), default="focus", show_default=True, help="FOCUS 1.3 of FinOps, as CSV."
)
@click.option("--output", "path", metavar="FILE", help="A new file. [default: standard output]")
@time_range
def command(session: Session, format: str, path: Optional[str], span: TimeRange) -> None:
    """Write billed usage by day (UTC) and model, for cost tools: credits, US dollars, tokens, provider cost.

    Takes two requests, of 100 a minute, for each day with usage.
    """
    from openmonetize.files.focus import COLUMNS, focus_rows

    if path is not None and os.path.lexists(path):  # said before minutes of requests
        raise _exists(path)
    rows = list(focus_rows(session.client(), span, _progress))  # all of them, or no file
    with _opened(path) as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    if path is not None:
        click.echo(f"{len(rows):,} rows {span} written to {path}", err=True)


def _progress(done: int, total: int) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{done:,} of {total:,} days" + ("\n" if done == total else ""))
        sys.stderr.flush()


def _exists(path: str) -> CommandError:
    return CommandError(f"{path} exists, and is not overwritten", hint="name a new file")


def _opened(path: Optional[str]) -> ContextManager[IO[Any]]:
    if path is None:
        return nullcontext(sys.stdout)
    try:
        return open(path, "x", encoding="utf-8", newline="")
    except FileExistsError:
        raise _exists(path) from None
    except OSError as error:
        raise CommandError(f"{path} cannot be written: {error.strerror}") from None
