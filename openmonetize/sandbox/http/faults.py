"""Faults on demand, as networks, proxies and busy servers cause them, as often as a test wants."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from openmonetize.exceptions import ApiValueError
from openmonetize.sandbox.fates import FATES

# What strikes requests; `FATES` strike events.
KINDS = ("500-after", "reset-before", "reset-after", "slow", "truncate", "html-200", "html-502")

MAX_TIMES = 10_000  # requests or events that one call may let meet a fault

_GRAMMAR = (
    "a status such as '429' or '500', or one of " + ", ".join(KINDS + FATES) + "; 'slow=3s' takes seconds; then, after"
    " a colon, '5%' (how often) and, for requests, 'retry-after=2' (seconds), 'path=/v1/events' (only below it),"
    " separated by commas"
)

# The body of ``html-200`` and ``html-502``, as a proxy sends it.
HTML = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: a status from 400 to 599, or one of `KINDS`. With a kind that ends in ``-after`` the server does its work
            first, as it does with ``slow`` (which waits) and ``truncate`` (which sends half of the response). One of
            `FATES` strikes no request: it is what becomes of an accepted event.
        rate: how often, from 0 to 1.
        retry_after: seconds for the Retry-After header of a status.
        seconds: how long ``slow`` waits.
        path: the beginning of the paths that meet the fault.
    """

    kind: str
    rate: float = 1.0
    retry_after: int | None = None
    seconds: float = 0.0
    path: str = "/"

    @property
    def status(self) -> int | None:
        """The status that the fault responds with instead of the server; None for the kinds of `KINDS`."""
        return int(self.kind) if self.kind.isdigit() else None

    @property
    def strikes_events(self) -> bool:
        """Whether the fault strikes accepted events instead of requests."""
        return self.kind in FATES

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read a fault such as ``'429:5%,retry-after=2'``, ``'slow=3s:10%'`` or ``'reset-after'``.

        Raises:
            ApiValueError: the text is not a fault.
        """
        head, _, tail = text.strip().partition(":")
        kind, _, amount = head.partition("=")
        try:
            values = {"kind": kind, "seconds": _seconds(amount) if amount else 0.0}
            for option in filter(None, tail.split(",")):
                values.update(_option(option.strip()))
            fault = cls(**values)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            raise ApiValueError(f"cannot read the fault {text!r}: write {_GRAMMAR}") from None
        known = kind in KINDS or kind in FATES or (len(kind) == 3 and kind.isdigit() and 400 <= int(kind) <= 599)
        for_requests = fault.path != "/" or fault.retry_after is not None
        if (
            not known
            or (fault.strikes_events and for_requests)
            or not 0 <= fault.rate <= 1
            or (kind == "slow") != bool(amount)
        ):
            raise ApiValueError(f"cannot read the fault {text!r}: write {_GRAMMAR}")
        return fault

    def __str__(self) -> str:
        head = f"slow={self.seconds:g}s" if self.kind == "slow" else self.kind
        options = [f"{self.rate * 100:g}%"] if self.rate != 1 else []
        options += [] if self.retry_after is None else [f"retry-after={self.retry_after}"]
        options += [] if self.path == "/" else [f"path={self.path}"]
        return f"{head}:{','.join(options)}" if options else head


class Faults:
    """The faults of a sandbox: standing ones, which strike by chance, and those for the next requests or events."""

    def __init__(self, faults: Iterable[str | Fault] = ()) -> None:
        self._lock = threading.Lock()
        self._initial = [_as_fault(fault) for fault in faults]
        self.reset()

    def reset(self) -> None:
        """Return to the faults that the sandbox was started with."""
        with self._lock:
            self._standing: list[Fault] = list(self._initial)
            self._next: deque[Fault] = deque()
            # The same requests and the same events meet the same faults in every run.
            self._random = random.Random(0)
            self._random_of_events = random.Random(0)

    def set(self, faults: Iterable[str | Fault]) -> None:
        """Replace the standing faults, and forget those for the next requests.

        Raises:
            ApiValueError: a text is not a fault.
        """
        standing = [_as_fault(fault) for fault in faults]
        with self._lock:
            self._standing = standing
            self._next.clear()

    def fail_next(self, fault: str | Fault, times: int = 1) -> None:
        """Let the next `times` requests, or events, meet `fault`.

        Raises:
            ApiValueError: the text is not a fault, or `times` is not from 1 to `MAX_TIMES`.
        """
        if not 1 <= times <= MAX_TIMES:
            raise ApiValueError(f"times must be at least 1 and at most {MAX_TIMES}, not {times}")
        found = _as_fault(fault)
        with self._lock:
            self._next.extend([found] * times)

    def describe(self) -> dict[str, list[str]]:
        """Return the standing faults and those for the next requests, as text."""
        with self._lock:
            return {"standing": [str(fault) for fault in self._standing], "next": [str(fault) for fault in self._next]}

    def draw(self, path: str) -> Fault | None:
        """Return the fault that a request for `path` meets, if any."""
        return self._draw(lambda fault: not fault.strikes_events and path.startswith(fault.path), self._random)

    def strike_events(self) -> bool:
        """Return whether there is a fault that strikes events."""
        if not self._next and not self._standing:  # as nearly always, and then without the lock
            return False
        with self._lock:
            return any(fault.strikes_events for fault in (*self._next, *self._standing))

    def draw_fate(self, fates: Sequence[str]) -> str | None:
        """Return one of `fates` if its fault strikes an event, else None."""
        fault = self._draw(lambda fault: fault.kind in fates, self._random_of_events)
        return None if fault is None else fault.kind

    def _draw(self, concerns: Callable[[Fault], bool], chance: random.Random) -> Fault | None:
        with self._lock:
            for fault in self._next:
                if concerns(fault):
                    self._next.remove(fault)
                    return fault
            for fault in self._standing:
                if concerns(fault) and chance.random() < fault.rate:
                    return fault
        return None


def _as_fault(fault: str | Fault) -> Fault:
    return fault if isinstance(fault, Fault) else Fault.parse(fault)


def _seconds(text: str) -> float:
    seconds = float(text[:-1] if text.endswith("s") else text)
    if not 0 <= seconds <= 3600:
        raise ValueError(text)
    return seconds


def _option(text: str) -> dict[str, object]:
    if text.endswith("%"):
        return {"rate": float(text[:-1]) / 100}
    name, _, value = text.partition("=")
    if name == "retry-after":
        return {"retry_after": int(value)}
    if name == "path" and value.startswith("/"):
        return {"path": value}
    raise ValueError(text)
