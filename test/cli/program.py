"""The command as a process of its own."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from types import TracebackType
from typing import List, Optional, Type

COMMAND = (sys.executable, "-m", "openmonetize")
PATIENCE = 30.0


def run(*arguments: str, without: Optional[str] = None) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end; `without` a package, as if that were not installed."""
    command: List[str] = [*COMMAND, *arguments]
    if without is not None:
        program = f"import sys; sys.modules[{without!r}] = None; from openmonetize.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)


class Serving:
    """``openmonetize sandbox`` with a free port, up to its welcome; it is stopped at the end."""

    def __init__(self, *arguments: str) -> None:
        command = [*COMMAND, "sandbox", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.welcome: List[str] = []

    def __enter__(self) -> Serving:
        assert self.process.stdout is not None
        for line in self.process.stdout:  # ends by itself if the process does
            self.welcome.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                return self
        raise AssertionError(self.process.communicate(timeout=PATIENCE))

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException], trace: Optional[TracebackType]
    ) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.communicate(timeout=PATIENCE)

    @property
    def url(self) -> str:
        return self.welcome[0].split()[3]

    def end(self, number: signal.Signals) -> int:
        """Send a signal and return the exit code; nothing may be complained about."""
        self.process.send_signal(number)
        _, complaints = self.process.communicate(timeout=PATIENCE)
        assert complaints == ""
        return self.process.returncode
