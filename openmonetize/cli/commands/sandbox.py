"""``openmonetize sandbox``, which has its own parser because it needs no click."""

from __future__ import annotations

import click

from openmonetize.cli.bare import run


@click.command(add_help_option=False, context_settings={"ignore_unknown_options": True, "allow_extra_args": True})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def command(arguments: tuple[str, ...]) -> int:
    """Serve the platform's API on this machine."""
    try:
        return run(["sandbox", *arguments])
    except SystemExit as end:  # its parser's, after an error or a help
        return end.code if isinstance(end.code, int) else 0
