"""The command line with click: its commands are imported when they are used, so that ``--help`` stays fast."""

from __future__ import annotations

import importlib
import io
import os
import pkgutil
import sys
from collections.abc import Sequence
from typing import Any, Optional

import click

from openmonetize._version import __version__
from openmonetize.cli import commands, exit_codes
from openmonetize.cli.errors import line_and_code
from openmonetize.cli.options import Group, ReaderGone, add_common_options, write_options
from openmonetize.cli.session import Session, show_warnings
from openmonetize.cli.text import printable

PROGRAM = "openmonetize"
# What `--help` says of the commands, without an import of them. The file of a command has its name.
_HELP = {
    "balance": "Show the credits in a wallet.",
    "burn-rate": "Show how fast a wallet is used up.",
    "check": "Ask whether a user may use a feature now.",
    "completion": "Print the completion script of a shell.",
    "costs": "Show revenue, provider cost and margin by model.",
    "demo": "Meter an hour of real LLM traffic in a sandbox.",
    "doctor": "Look for what is wrong: key, connection, limits, usage that nobody pays.",
    "estimate": "Compute what an event would burn.",
    "events": "List usage events, or follow them as they come.",
    "export": "Write billed usage for cost tools (FOCUS).",
    "forecast": "Show the expected burn of the next days.",
    "grant": "Add credits to a wallet.",
    "ingest": "Send usage from files.",
    "mcp": "Answer a coding agent's questions about usage and cost (MCP).",
    "me": "Show the customer behind the key.",
    "outbox": "Look into an outbox, and deliver what waits in it.",
    "pricing": "List the platform's prices.",
    "profile": "Name accounts, with their keys.",
    "reconcile": "Compare what was recorded, billed, and charged by the providers.",
    "sandbox": "Serve the platform's API on this machine.",
    "transactions": "List the bookings of a user's wallet.",
    "usage": "Show usage by day, model, feature or type.",
    "users": "List users, with balance and events.",
}


class _Commands(Group):
    """A group whose commands are the modules of `openmonetize.cli.commands`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> Optional[click.Command]:
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{commands.__name__}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        write_options(self, ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._help_of(ctx, name)) for name in self.list_commands(ctx)])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in exit_codes.MEANINGS.items()])

    def _help_of(self, ctx: click.Context, name: str) -> str:
        if name in _HELP:
            return _HELP[name]
        command = self.get_command(ctx, name)
        return "" if command is None else command.get_short_help_str(100)


@click.group(cls=_Commands, invoke_without_command=True, context_settings={"max_content_width": 100})
@click.version_option(__version__, message=f"{PROGRAM} %(version)s")
@click.pass_context
def app(ctx: click.Context) -> int:
    """OpenMonetize: meter AI usage, bill it, gate features by it.

    The key is that of --profile, else of OPENMONETIZE_API_KEY, else of the default profile. Days are days in UTC.
    """
    if ctx.invoked_subcommand is not None:
        return exit_codes.DONE
    click.echo(ctx.get_help())
    return exit_codes.USAGE


add_common_options(app)


def run(arguments: Sequence[str]) -> int:
    """Run a command. Return the exit code."""
    session = Session()
    show_warnings()
    if isinstance(sys.stdout, io.TextIOWrapper):  # not every terminal can show every name
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            code: Any = app.main(list(arguments), prog_name=PROGRAM, standalone_mode=False, obj=session)
            sys.stdout.flush()
        finally:
            session.close()
    except (BrokenPipeError, ReaderGone):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exit_codes.DONE
    except (KeyboardInterrupt, click.Abort):
        print(file=sys.stderr)
        return exit_codes.INTERRUPTED
    except click.UsageError as error:
        path = PROGRAM if error.ctx is None else error.ctx.command_path
        return _fail(path, f"{error.format_message()} (see {path} --help)", exit_codes.USAGE)
    except Exception as error:
        if session.debug:
            import traceback

            traceback.print_exc()
        return _fail(session.command_path or PROGRAM, *line_and_code(error, session.key_place))
    return code if isinstance(code, int) else exit_codes.DONE


def _fail(path: str, text: str, code: int) -> int:
    sys.stderr.write(f"{path}: error: {printable(' '.join(text.split()))}\n")
    return code
