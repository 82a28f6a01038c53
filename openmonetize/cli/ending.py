"""The end of a command that serves: Ctrl-C, or SIGTERM, by which supervisors end what they have started."""

from __future__ import annotations

import signal
from types import TracebackType


class Ending:
    """Whether a signal has asked for the end, within a block; see ``asked``.

    Signals count also where the shell has the command ignore them, as those without job control do with what they start
    in the background. A `threading.Event` has a lock, which a signal handler may find taken.
    """

    def __init__(self) -> None:
        self.asked = False

    def __enter__(self) -> Ending:
        self._earlier = {number: signal.signal(number, self._ask) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)

    def _ask(self, *signal_and_frame: object) -> None:
        self.asked = True
