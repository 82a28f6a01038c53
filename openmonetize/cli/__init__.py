"""The command line. ``openmonetize sandbox`` needs the extra ``sandbox`` alone; the other commands need ``cli``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from openmonetize._version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the command-line arguments, without the program's name; by default those of this process.

    Returns:
        The exit code; see `openmonetize.cli.exit_codes`.
    """
    _open_missing_streams()
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given == ["--version"]:
        sys.stdout.write(f"openmonetize {__version__}\n")
        return 0
    if given[:1] == ["sandbox"] or not _has_packages():
        from openmonetize.cli.bare import run as run_bare

        return run_bare(given)
    from openmonetize.cli.app import run

    return run(given)


def _open_missing_streams() -> None:
    """Give the process the standard streams that it was started without, as `>&-` and some schedulers do."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115  # as long as the process


def _has_packages() -> bool:
    try:
        import click  # noqa: F401
    except ImportError:
        return False
    return True
