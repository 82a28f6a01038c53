"""``python -m openmonetize.testing.fake_providers``: the fake providers for other programs of this machine."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from openmonetize.exceptions import ApiValueError
from openmonetize.testing.fake_providers import FakeProviders

_PROGRAM = "python -m openmonetize.testing.fake_providers"
_DESCRIPTION = """\
Answer the client libraries of OpenAI, Anthropic, Google, Mistral, Cohere and AWS Bedrock on this machine. It prints the
environment variables that lead them here. Ctrl-C stops it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until Ctrl-C or SIGTERM.

    Returns:
        The exit code: 0, or 2 if the port cannot be used.
    """
    parser = argparse.ArgumentParser(prog=_PROGRAM, description=_DESCRIPTION, allow_abbrev=False)
    parser.add_argument("--port", type=int, default=4000, metavar="N", help="the port; 0 means any free one (4000)")
    port = parser.parse_args(arguments).port
    ended = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        ended.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    try:
        with FakeProviders(port) as fake:
            lines = [f"export {name}={shlex.quote(value)}" for name, value in fake.environment().items()]
            sys.stdout.write(
                "\n".join([f"# The fake providers are at {fake.url}. Paste into another terminal:", *lines, ""])
            )
            sys.stdout.flush()
            while not ended.wait(1.0):  # Windows takes Ctrl-C between two waits
                pass
    except ApiValueError as error:
        sys.stderr.write(f"{_PROGRAM}: error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
