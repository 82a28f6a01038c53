"""What the command line does by the standard library alone: ``sandbox``, ``--version``, and the way to the rest."""

from __future__ import annotations

from collections.abc import Sequence

from openmonetize._version import __version__
from openmonetize.cli import sandbox
from openmonetize.cli.parser import Parser, print_error

_INSTALL = "pip install 'openmonetize[cli]'"


def run(arguments: Sequence[str]) -> int:
    """Run a command. Return the exit code."""
    parser = Parser(
        prog="openmonetize",
        description="OpenMonetize: meter AI usage, bill it, gate features by it.",
        epilog=f"More commands (balance, usage, doctor, ...): {_INSTALL}",
    )
    parser.add_argument("--version", action="version", version=f"openmonetize {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    sandbox.add_command(commands)
    if arguments and not arguments[0].startswith("-") and arguments[0] != "sandbox":
        from difflib import get_close_matches

        if get_close_matches(arguments[0], ["sandbox"]):
            return print_error("openmonetize", f"no such command {arguments[0]!r}: did you mean sandbox?")
        return print_error("openmonetize", f"{arguments[0]!r} needs the packages click and rich: {_INSTALL}")
    chosen, unknown = parser.parse_known_args(arguments)
    if unknown:
        program = "openmonetize sandbox" if hasattr(chosen, "run") else "openmonetize"
        return print_error(program, f"unrecognized arguments: {' '.join(unknown)} (see {program} --help)")
    if not hasattr(chosen, "run"):
        parser.print_help()
        return 2
    code: int = chosen.run(chosen)
    return code
