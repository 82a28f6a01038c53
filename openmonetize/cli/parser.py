"""An argument parser whose errors are one line."""

from __future__ import annotations

import argparse
import sys
from typing import Any, NoReturn


class Parser(argparse.ArgumentParser):
    """Does not guess abbreviated options, and leaves the usage to ``--help``."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        self.exit(complain(self.prog, f"{message} (see {self.prog} --help)"))


def complain(program: str, message: object) -> int:
    """Write one line of error and return the exit code for it."""
    line = " ".join(str(message).split())
    sys.stderr.write(f"{program}: error: {line}\n")
    return 2
