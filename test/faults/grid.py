"""All cells, and their run in threads."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import NamedTuple

from . import broken, network, statuses
from .callers import CALLERS, RECORDERS
from .cells import MODES, PASSWORD, Cell, run_cell
from .ledger import KEY
from .names import local_names
from .server import Fault

FAULTS: list[Fault] = [*statuses.FAULTS, *broken.FAULTS, *network.FAULTS]
BY_NAME = {(fault.group, fault.name): fault for fault in FAULTS}
THREADS = 24  # cells wait most of the time


class Place(NamedTuple):
    """Which cell: a fault, who meets it, and how often."""

    group: str
    fault: str
    caller: str
    mode: str


def places() -> list[Place]:
    """Return all cells' places. A fault that the server cannot end is never met just once; recorders are closed."""
    return [
        Place(fault.group, fault.name, caller, mode)
        for fault in FAULTS
        for caller in CALLERS
        for mode in MODES
        if mode == "always" or (fault.heals and (mode == "once" or caller in RECORDERS))
    ]


class _Leaks(logging.Handler):
    """Notes log records with a key in them, and those of errors that nobody expected."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if KEY in text or PASSWORD in text or (record.exc_info and record.levelno >= logging.ERROR):
            self.found.append(text)


@contextmanager
def _watched_logs() -> Iterator[_Leaks]:
    leaks, loggers = _Leaks(), [logging.getLogger(name) for name in ("openmonetize", "urllib3")]
    before = [(logger, logger.level, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.addHandler(leaks)
        logger.setLevel(logging.DEBUG)
        logger.propagate = False
    try:
        yield leaks
    finally:
        for logger, level, propagate in before:
            logger.removeHandler(leaks)
            logger.setLevel(level)
            logger.propagate = propagate


def run(some: Sequence[Place], threads: int = THREADS) -> dict[Place, Cell]:
    """Run cells, and return what was observed."""
    with local_names(), _watched_logs() as leaks, ThreadPoolExecutor(threads) as pool:
        cells = dict(zip(some, pool.map(_run, some)))
    if leaks.found:
        raise AssertionError(f"a log shows a key, or an unexpected error: {leaks.found[0]}")
    return cells


def _run(place: Place) -> Cell:
    return run_cell(BY_NAME[place.group, place.fault], place.caller, place.mode)


def failures(cells: Iterable[tuple[Place, Cell]]) -> list[str]:
    """Say what is wrong in cells."""
    return [f"{' / '.join(place)}: {'; '.join(cell.wrong)}" for place, cell in cells if cell.wrong]


def surprises(cells: Iterable[tuple[Place, Cell]]) -> list[str]:
    """Say what is not as expected in cells."""
    return [f"{' / '.join(place)}: {'; '.join(cell.unexpected)}" for place, cell in cells if cell.unexpected]
