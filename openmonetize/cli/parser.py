"""An argument parser with errors of one line."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that takes no abbreviated options, and prints its usage for ``--help`` only."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(print_error(self.prog, f"{message} (see {self.prog} --help)"))


def print_error(program: str, message: object) -> int:
    """Write an error as one line, and return the exit code for it."""
    line = " ".join(str(message).split())
    sys.stderr.write(f"{program}: error: {line}\n")
    return 2
