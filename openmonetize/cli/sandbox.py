"""``openmonetize sandbox``: the platform's API on this machine."""

from __future__ import annotations

import argparse
import errno
import math
import os
import shlex
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from openmonetize.cli.ending import Ending
from openmonetize.cli.output import Output
from openmonetize.cli.parser import Parser, print_error
from openmonetize.cli.sandbox_lines import SandboxLines

if TYPE_CHECKING:
    from openmonetize.sandbox import Sandbox

_LINES_INTERVAL = 0.25  # seconds between looks at what has happened

_PROGRAM = "openmonetize sandbox"
_DESCRIPTION = """\
Serve the platform's API on this machine: stateful, strict, no account and no network needed.
A console page with everything that happens is at its address. Ctrl-C stops it."""


def add_command(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options to the parser's commands."""
    parser = commands.add_parser(
        "sandbox",
        help="serve the platform's API on this machine",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--port", type=_whole_number("a port", 65_535), default=3000, help="port; 0 takes any free one (default: 3000)")
    add("--host", default="127.0.0.1", help="address; one that others can reach needs --key (default: 127.0.0.1)")
    add("--db", default=":memory:", metavar="FILE", help="file that keeps the data (default: keep it in memory)")
    add("--key", help="API key that works from the start (default: the development account's)")
    add("--era", choices=("current", "seed"), default="current", help="the platform now, or in its first release")
    add(
        "--mode",
        choices=("contract", "faithful"),
        default="contract",
        help="as documented, or with the present servers' known defects",
    )
    add("--defect", action="append", metavar="NAME", help="in faithful mode only this defect; may be repeated")
    add("--accounts", choices=("dev", "none"), default="dev", help="start with the development account, or with none")
    add("--demo", action="store_true", help="start with an hour of real LLM traffic, which ends now")
    add("--prices", choices=("text", "all"), default="text", help="text models, or images and videos as well")
    add("--rate-limit", type=int, metavar="N", help="requests a minute for each key (default: no limit)")
    add(
        "--quota",
        nargs="?",
        type=_whole_number("a quota"),
        const=True,
        metavar="N",
        help="events a month: the platform's own limits by tier, or N (default: no limit)",
    )
    add(
        "--processing-delay",
        type=float,
        metavar="S",
        help="seconds from the acceptance of an event to its billing (default: 0)",
    )
    add(
        "--processing-rate",
        type=float,
        metavar="N",
        help="events a second that are billed, of all customers together (default: no limit)",
    )
    add(
        "--fault",
        action="append",
        default=[],
        metavar="SPEC",
        help="fault that strikes by chance, such as '429:5%%,retry-after=2' or 'accept-and-lose:1%%'; may be repeated",
    )
    add("--quiet", action="store_true", help="print no line for each request, and none for unfunded and lost events")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM. Return the exit code."""
    try:
        with Ending() as ending:
            return _serve(options, ending)
    except (ImportError, OSError, ValueError) as error:
        text = getattr(error, "strerror", None) or error
        in_use = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
        return print_error(_PROGRAM, f"{text} (--port 0 takes any free one)" if in_use else text)


def _serve(options: argparse.Namespace, ending: Ending) -> int:
    sandbox, output = _sandbox(options), Output()
    try:
        loaded = load_demo(sandbox) if options.demo else None
        lines = SandboxLines(sandbox, output)
        sandbox.start()
        output.print(_welcome(sandbox, options, loaded))
        while not ending.asked:
            time.sleep(_LINES_INTERVAL)
            if not options.quiet:
                lines.print_new()
    finally:
        sandbox.stop()
    output.print(["stopped"])
    return 0


def _sandbox(options: argparse.Namespace) -> Sandbox:
    from openmonetize.sandbox import Sandbox

    return Sandbox(
        host=options.host,
        port=options.port,
        db=options.db,
        key=options.key,
        era=options.era,
        mode=options.mode,
        defects=options.defect,
        accounts=options.accounts,
        prices=options.prices,
        rate_limit=options.rate_limit,
        quota=options.quota,
        processing_delay=options.processing_delay,
        processing_rate=options.processing_rate,
        faults=options.fault,
    )


def load_demo(sandbox: Sandbox) -> int:
    """Load the demo's hour into the account of the sandbox's key. Return how many events are new.

    Raises:
        ValueError: there is no account.
        OSError: the data is not there.
    """
    from openmonetize.sandbox import demo_hour
    from openmonetize.sandbox.accounts.customers import customer_by_key

    state = sandbox.state
    customer = None if sandbox.key is None else customer_by_key(state, sandbox.key)
    if customer is None:
        raise ValueError("--demo needs an account: leave --accounts out, or give the account's --key")
    with state.db.lock:
        return demo_hour.load(state, sandbox.control.ingestion, customer)


def _welcome(sandbox: Sandbox, options: argparse.Namespace, loaded: int | None) -> list[str]:
    from openmonetize.sandbox.unserved import unserved_operations

    return [
        f"OpenMonetize sandbox at {sandbox.url} ({options.era} era, {options.mode} mode)",
        f"console: {sandbox.url}/",
        _key_line(sandbox, options),
        *([] if loaded is None else [f"demo: {loaded:,} requests of an hour of real LLM traffic were loaded"]),
        *(f"not served yet: {operation}" for operation in unserved_operations()),
        "",
        *(f"  {line}" for line in _lines_to_paste(sandbox)),
        "",
        "Ctrl-C stops it.",
    ]


def _key_line(sandbox: Sandbox, options: argparse.Namespace) -> str:
    if sandbox.key is not None:
        return f"key: {sandbox.key}"
    if options.accounts == "none":
        return "no account yet; register one:"
    return "key: the one that was rotated to (give another with --key, or register an account):"


def _lines_to_paste(sandbox: Sandbox) -> list[str]:
    """Return three lines to paste into another terminal."""
    address = _variable("OPENMONETIZE_BASE_URL", sandbox.url)
    if sandbox.key is None:
        form = """-H 'Content-Type: application/json' -d '{"name": "Me", "email": "me@example.com"}'"""
        return [
            f"curl {sandbox.url}/v1/customers/register {form}",
            address,
            _variable("OPENMONETIZE_API_KEY", "<the apiKey of that answer>"),
        ]
    use = "from openmonetize import OpenMonetize; print(OpenMonetize().credits.balance().data.balance)"
    return [address, _variable("OPENMONETIZE_API_KEY", sandbox.key), f'python -c "{use}"']


def _variable(name: str, value: str) -> str:
    return f'$env:{name} = "{value}"' if os.name == "nt" else f"export {name}={shlex.quote(value)}"


def _whole_number(what: str, maximum: float = math.inf) -> Callable[[str], int]:
    """Return a function that reads a whole number from 0 to `maximum`."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit()) or int(text) > maximum:
            bound = "or more" if maximum == math.inf else f"to {maximum}"
            raise argparse.ArgumentTypeError(f"{what} is a whole number, 0 {bound}, not {text!r}")
        return int(text)

    return read
