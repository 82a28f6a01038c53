"""The command, run in another process."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from types import TracebackType

COMMAND = (sys.executable, "-m", "openmonetize")
TIMEOUT = 30.0


def run(*arguments: str, without: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command to its end; `without` names a package to treat as not installed."""
    command: list[str] = [*COMMAND, *arguments]
    if without is not None:
        program = f"import sys; sys.modules[{without!r}] = None; from openmonetize.cli import main; sys.exit(main())"
        command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)


def take_ctrl_c() -> None:
    """Have a process that is about to start take Ctrl-C, also where this one ignores it, as background jobs do."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Serving:
    """``openmonetize sandbox`` on a free port, once it has printed its first lines; it is stopped at the end."""

    def __init__(self, *arguments: str) -> None:
        command = [*COMMAND, "sandbox", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.welcome: list[str] = []

    def __enter__(self) -> Serving:
        assert self.process.stdout is not None
        for line in self.process.stdout:  # The output ends if the process does.
            self.welcome.append(line.rstrip("\n"))
            if line.startswith("Ctrl-C"):
                return self
        raise AssertionError(self.process.communicate(timeout=TIMEOUT))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self.process.kill()
        self.process.communicate(timeout=TIMEOUT)

    @property
    def url(self) -> str:
        return self.welcome[0].split()[3]

    def end(self, number: signal.Signals) -> int:
        """Send a signal, and return the exit code. There must be no error output."""
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=TIMEOUT)
        assert errors == ""
        return self.process.returncode
