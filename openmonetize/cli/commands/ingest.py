"""``openmonetize ingest``: send usage from files."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Callable, Optional

import click

from openmonetize.cli import exit_codes
from openmonetize.cli.options import Command
from openmonetize.cli.session import Session
from openmonetize.cli.text import printable
from openmonetize.exceptions import OpenApiException

if TYPE_CHECKING:
    from openmonetize.files.report import FilesProgress, FilesReport

_PRESETS = (
    "azure-llm-trace",
    "openai-usage",
    "anthropic-usage",
    "litellm-spend-logs",
    "langfuse-export",
    "openrouter-activity",
)
_POLICIES = ("reported", "inclusive", "price_equivalent")
_FORMATS = ("csv", "json", "jsonl", "parquet")
_STANDARD_INPUT = "-"


def _pairs(ctx: click.Context, param: click.Parameter, given: Sequence[str]) -> dict[str, str]:
    """Read ``NAME=VALUE`` options."""
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (name and equals):
            raise click.BadParameter(f"{text!r} is not of the form {param.metavar}", ctx, param)
        if name in pairs:
            raise click.BadParameter(f"{name} is given twice", ctx, param)
        pairs[name] = value
    return pairs


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--preset", type=click.Choice(_PRESETS), help="The columns of a well-known file.")
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="FIELD=COLUMN",
    callback=_pairs,
    help="Where a field of the events comes from: a column, a + b, a or b.",
)
@click.option(
    "--set",
    "constants",
    multiple=True,
    metavar="FIELD=VALUE",
    callback=_pairs,
    help="A value for all rows; acme_{column} takes a part from the row.",
)
@click.option(
    "--provider",
    "providers",
    multiple=True,
    metavar="NAME=PROVIDER",
    callback=_pairs,
    help="The platform's provider for a name in the file, such as azure=openai.",
)
@click.option("--source", metavar="NAME", help="Where the rows come from, a part of their ids. [default: the preset]")
@click.option(
    "--id-column", metavar="COLUMN", help="Identifies a row, also when the rest changes. [default: the preset's]"
)
@click.option("--token-policy", type=click.Choice(_POLICIES), help="Which tokens are billed. [default: reported]")
@click.option("--format", type=click.Choice(_FORMATS), help="By default what the names and first bytes say.")
@click.option(
    "--dry-run", is_flag=True, help="Send nothing, and say what would be sent, what it costs, how long it takes."
)
@click.option("--rejected", metavar="FILE", help="For refused rows. [default: beside the first file, or here]")
@click.option("--report", "row_report", metavar="FILE", help="For what becomes of each row, as JSON Lines.")
@click.option(
    "--checkpoint", metavar="FILE", help="Keep what was sent for later runs. [default: until a run is complete]"
)
@click.option(
    "--no-checkpoint", is_flag=True, help="Send all rows; the platform drops what it has, and counts it as quota."
)
@click.option(
    "--rate-share",
    type=click.FloatRange(0.01, 1.0),
    default=0.9,
    show_default=True,
    metavar="X",
    help="Part of the platform's rate limit to use.",
)
@click.option(
    "--max-outage",
    type=click.FloatRange(0.0),
    default=300.0,
    show_default=True,
    metavar="S",
    help="Seconds of failures after which to give up.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def command(
    session: Session,
    files: tuple[str, ...],
    checkpoint: Optional[str],
    no_checkpoint: bool,
    rejected: Optional[str],
    dry_run: bool,
    as_json: bool,
    **settings: Any,
) -> int:
    """Send usage from files: CSV, JSON, JSON Lines, Parquet, plain or compressed; - is standard input.

    A file may be in an object store or on a web server: s3://bucket/usage/*.parquet, gs://, r2://, https://.

    Each row is billed once: run again, go on after an interruption, append, insert and move rows as you like. Exit
    code 1 if rows were refused.
    """
    if checkpoint and no_checkpoint:
        raise click.UsageError("--checkpoint and --no-checkpoint exclude each other", click.get_current_context())
    from openmonetize.files.sources import CHECKPOINT_SUFFIX, find_sources

    first = find_sources(files)[0]
    near = first.name.rpartition("/")[2] if first.address else first.name  # nothing is written to a server
    temporary = None
    if not (checkpoint or no_checkpoint or dry_run):
        temporary = checkpoint = _beside(near, CHECKPOINT_SUFFIX)
    if rejected is None and not dry_run:
        suffix = first.suffix if first.suffix in (".csv", ".tsv", "") else ".jsonl"
        rejected = _beside(near, f".rejected{suffix}") or f"rejected{suffix}"
    client = session.client()
    with _progress() as on_progress:
        try:
            report = client.ingest_files(
                files, checkpoint=checkpoint, rejected=rejected, dry_run=dry_run, on_progress=on_progress, **settings
            )
        except KeyboardInterrupt:
            click.echo("\ninterrupted; the same command goes on where this one ended", err=True)
            raise
        except OpenApiException as error:
            partial = getattr(error, "report", None)
            if partial is not None and partial.rows:
                _print(partial, False, err=True)
                click.echo("the same command goes on where this one ended", err=True)
            raise
    if temporary is not None:
        with suppress(OSError):
            os.remove(temporary)
    _print(report, as_json)
    return exit_codes.NO if report.refused else exit_codes.DONE


def _beside(name: str, suffix: str) -> str | None:
    """Return the path of a file beside an input; None if there is no place for it."""
    if name == _STANDARD_INPUT or not os.access(os.path.dirname(os.path.abspath(name)), os.W_OK):
        return None
    return name + suffix


def _print(report: FilesReport, as_json: bool, err: bool = False) -> None:
    if as_json:
        click.echo(json.dumps(_plain(report)), err=err)
        return
    for line in report.lines():
        click.echo(printable(line), err=err)


def _plain(report: FilesReport) -> dict[str, Any]:
    values = dataclasses.asdict(report)
    values["refusals"] = [refusal._asdict() for refusal in report.refusals]
    values["wallets"] = None if report.wallets is None else report.wallets._asdict()
    return {**values, "seconds": report.seconds}


@contextmanager
def _progress() -> Iterator[Optional[Callable[[FilesProgress], object]]]:
    """Show a bar on a terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[rows]:,} rows, {task.fields[rate]:,.0f} a second"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[waiting]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rows=0, rate=0.0, waiting="")

        def show(progress: FilesProgress) -> None:
            elapsed = bar.tasks[0].elapsed or 0.0
            bar.update(
                task,
                total=progress.bytes_total,
                completed=progress.bytes_read,
                rows=progress.rows,
                rate=progress.rows / elapsed if elapsed else 0.0,
                waiting=printable(progress.waiting)[:80],
            )

        yield show
