"""The command line: ``openmonetize sandbox``, ``openmonetize --version``. By itself it needs no extra."""

from __future__ import annotations

from collections.abc import Sequence

from openmonetize._version import __version__
from openmonetize.cli import sandbox
from openmonetize.cli.parser import Parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: the command-line arguments, without the program's name; by default those of this process.

    Returns:
        The exit code: 0, or 2 if the command could not be carried out as it was given.
    """
    parser = Parser(prog="openmonetize", description="OpenMonetize: meter AI usage, bill it, gate features by it.")
    parser.add_argument("--version", action="version", version=f"openmonetize {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    sandbox.add_command(commands)
    chosen = parser.parse_args(arguments)
    if not hasattr(chosen, "run"):
        parser.print_help()
        return 2
    code: int = chosen.run(chosen)
    return code
