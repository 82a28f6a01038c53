"""Faults on demand: what networks, proxies and busy servers do to a client, as often as a test wants it."""

from __future__ import annotations

import random
import threading
from collections import deque
from dataclasses import dataclass
from typing import Deque, Dict, Iterable, List, Optional, Union

KINDS = ("500-after", "reset-before", "reset-after", "slow", "truncate", "html-200", "html-502")
_GRAMMAR = (
    "a status such as '429' or '500', or one of " + ", ".join(KINDS) + "; 'slow=3s' takes seconds; then, after a"
    " colon, '5%' (how often), 'retry-after=2' (seconds), 'path=/v1/events' (only below it), separated by commas"
)

HTML = b"<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(frozen=True)
class Fault:
    """One fault.

    Attributes:
        kind: a status from 400 to 599, or one of `KINDS`. What ends in ``-after`` lets the server do its work first,
            as do ``slow`` (which only waits) and ``truncate`` (which sends half of the answer).
        rate: how often, from 0 to 1.
        retry_after: seconds for the Retry-After header of a status.
        seconds: how long ``slow`` waits.
        path: only for requests whose path begins so.
    """

    kind: str
    rate: float = 1.0
    retry_after: Optional[int] = None
    seconds: float = 0.0
    path: str = "/"

    @property
    def status(self) -> Optional[int]:
        """The status that this fault answers by itself."""
        return int(self.kind) if self.kind.isdigit() else None

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read ``'429:5%,retry-after=2'``, ``'slow=3s:10%'``, ``'reset-after'``, and so on."""
        head, _, tail = text.strip().partition(":")
        kind, _, amount = head.partition("=")
        try:
            values = {"kind": kind, "seconds": _seconds(amount) if amount else 0.0}
            for option in filter(None, tail.split(",")):
                values.update(_option(option.strip()))
            fault = cls(**values)  # type: ignore[arg-type]
        except (ValueError, TypeError):
            raise ValueError(f"cannot read the fault {text!r}: write {_GRAMMAR}") from None
        known = kind in KINDS or (len(kind) == 3 and kind.isdigit() and 400 <= int(kind) <= 599)
        if not known or not 0 <= fault.rate <= 1 or (kind == "slow") != bool(amount):
            raise ValueError(f"cannot read the fault {text!r}: write {_GRAMMAR}")
        return fault

    def __str__(self) -> str:
        head = f"slow={self.seconds:g}s" if self.kind == "slow" else self.kind
        options = [f"{self.rate * 100:g}%"] if self.rate != 1 else []
        options += [] if self.retry_after is None else [f"retry-after={self.retry_after}"]
        options += [] if self.path == "/" else [f"path={self.path}"]
        return f"{head}:{','.join(options)}" if options else head


class Faults:
    """The faults of a sandbox: those that strike by chance, and those lined up for the next requests."""

    def __init__(self, faults: Iterable[Union[str, Fault]] = ()) -> None:
        self._lock = threading.Lock()
        self._initial = [as_fault(fault) for fault in faults]
        self.reset()

    def reset(self) -> None:
        """Back to the faults that the sandbox was started with."""
        with self._lock:
            self._standing: List[Fault] = list(self._initial)
            self._next: Deque[Fault] = deque()
            self._random = random.Random(0)  # the same requests meet the same faults in every run

    def set(self, faults: Iterable[Union[str, Fault]]) -> None:
        """Replace the standing faults and forget those lined up."""
        standing = [as_fault(fault) for fault in faults]
        with self._lock:
            self._standing = standing
            self._next.clear()

    def fail_next(self, fault: Union[str, Fault], times: int = 1) -> None:
        """Let the next `times` requests meet `fault`."""
        if times < 1:
            raise ValueError(f"times must be at least 1, not {times}")
        found = as_fault(fault)
        with self._lock:
            self._next.extend([found] * times)

    def describe(self) -> Dict[str, List[str]]:
        """The standing faults and those lined up, as text."""
        with self._lock:
            return {"standing": [str(fault) for fault in self._standing], "next": [str(fault) for fault in self._next]}

    def draw(self, path: str) -> Optional[Fault]:
        """The fault that the request for `path` meets, if any."""
        with self._lock:
            for fault in self._next:
                if path.startswith(fault.path):
                    self._next.remove(fault)
                    return fault
            for fault in self._standing:
                if path.startswith(fault.path) and self._random.random() < fault.rate:
                    return fault
        return None


def as_fault(fault: Union[str, Fault]) -> Fault:
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
