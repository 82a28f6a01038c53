"""One recorder, measured in a new process: what a number of events cost, as one line of JSON.

Arguments: the recorder's name in ``recorders.py``, a URL, how many events, and what to measure: ``cost`` (time of the
caller and of the whole process), ``calls`` (each call's time while it delivers), or ``buffer`` (memory).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable

import recorders

WARM_UP = 200  # events


def main() -> None:
    """Measure, print, and exit without waiting for anything."""
    name, url, count, what = sys.argv[1:]
    record, finish = getattr(recorders, name)(url)
    for number in range(WARM_UP):
        record(number)
    measured = {"cost": _cost, "calls": _calls, "buffer": _buffer}[what](
        record, finish, range(WARM_UP, WARM_UP + int(count))
    )
    print(json.dumps(measured), flush=True)
    os._exit(0)


def _cost(record: Callable[[int], object], finish: Callable[[], object], numbers: range) -> dict[str, float]:
    whole, caller = time.process_time(), time.thread_time()
    for number in numbers:
        record(number)
    caller = time.thread_time() - caller
    finish()
    return {"caller": caller / len(numbers), "total": (time.process_time() - whole) / len(numbers)}


def _calls(record: Callable[[int], object], finish: Callable[[], object], numbers: range) -> dict[str, float]:
    clock, times = time.perf_counter, []
    for number in numbers:
        start = clock()
        record(number)
        times.append(clock() - start)
    finish()
    times.sort()
    return {"median": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "max": times[-1]}


def _buffer(record: Callable[[int], object], finish: Callable[[], object], numbers: range) -> dict[str, float]:
    idle = _resident()
    for number in numbers:
        record(number)
    return {"bytes": (_resident() - idle) / len(numbers)}


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main()
