"""One recorder, measured in a new process: the results of one task, as one line of JSON.

Arguments: the recorder's name in ``recorders.py``, a URL, how many events, a task (a function below, without its
underscore), and a path for an outbox.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from random import Random
from typing import Any

import recorders

WARM_UP = 200  # events
BURST = 10  # measured events that a paced process records one after the other
PAUSE = 0.02  # mean seconds from one burst to the next
_PACED_FLUSH_INTERVAL = 1.0  # seconds; shorter than the default, so that a short run delivers several times
_ENDING_TIMEOUT = 60.0  # seconds
_SETTLING_TIME = 1.0  # seconds that a sender is given to take up its work

_Make = Callable[..., recorders.Recorder]


def main() -> None:
    """Measure, print, and exit without waiting for anything."""
    name, url, count, task, outbox = sys.argv[1:]
    arguments = (url, outbox) if name == "outbox" else (url,)
    tasks: dict[str, Callable[[_Make, int], dict[str, Any]]] = {
        function.__name__.lstrip("_"): function
        for function in (_cost, _calls, _buffer, _paced, _record, _drain, _open, _close)
    }
    measured = tasks[task](partial(getattr(recorders, name), *arguments), int(count))
    print(json.dumps(measured), flush=True)
    os._exit(0)


def _warm(make: _Make) -> recorders.Recorder:
    """Make the recorder, and record the first events, which cost more than others."""
    record, finish = make()
    for number in range(WARM_UP):
        record(number)
    return record, finish


def _cost(make: _Make, count: int) -> dict[str, Any]:
    """Measure the CPU time of the caller, and of the whole process until everything is delivered."""
    record, finish = _warm(make)
    whole, caller = time.process_time(), time.thread_time()
    for number in range(count):
        record(number)
    caller = time.thread_time() - caller
    finish()
    return {"caller": caller / count, "total": (time.process_time() - whole) / count}


def _calls(make: _Make, count: int) -> dict[str, Any]:
    """Measure each call while events are delivered."""
    record, finish = _warm(make)
    clock, times = time.perf_counter, []
    for number in range(count):
        start = clock()
        record(number)
        times.append(clock() - start)
    finish()
    times.sort()
    return {"median": times[len(times) // 2], "p99": times[len(times) * 99 // 100], "max": times[-1]}


def _buffer(make: _Make, count: int) -> dict[str, Any]:
    """Measure the memory of events that are not delivered."""
    record, _ = _warm(make)
    idle = _resident()
    for number in range(count):
        record(number)
    return {"bytes": (_resident() - idle) / count}


def _paced(make: _Make, count: int) -> dict[str, Any]:
    """Measure each call of a process that records a few events now and then. It starts when a line comes in.

    The first event of a burst is not measured: caches are cold, and the processor may be asleep.
    """
    record, _ = _warm(partial(make, flush_interval=_PACED_FLUSH_INTERVAL))
    pauses, clock, times = Random(os.getpid()), time.perf_counter, []
    print("ready", flush=True)
    sys.stdin.readline()
    began, cpu = clock(), time.process_time()
    due = began
    for first in range(0, count, BURST):
        due += pauses.expovariate(1 / PAUSE)
        time.sleep(max(0.0, due - clock()))
        record(first)
        for number in range(first, first + BURST):
            start = clock()
            record(number)
            times.append(clock() - start)
    return {"calls": times, "cpu": time.process_time() - cpu, "wall": clock() - began}


def _record(make: _Make, count: int) -> dict[str, Any]:
    """Leave events in an outbox."""
    record, finish = make()
    for number in range(count):
        record(number)
    left = finish(0.0).left
    for thread in set(threading.enumerate()) - {threading.current_thread()}:
        thread.join(_ENDING_TIMEOUT)  # the sender's: it closes the outbox after the request under way
    return {"left": left}


def _drain(make: _Make, count: int) -> dict[str, Any]:
    """Measure the delivery of what an earlier process has left."""
    url, other_outbox = sys.argv[2], sys.argv[5] + ".first"
    record, finish = recorders.outbox(url, other_outbox)  # imports, and what else is done once
    record(0)
    finish()
    wall, cpu = time.perf_counter(), time.process_time()
    _, finish = make()
    result = finish(600.0)
    if not result.complete:
        raise RuntimeError(f"{result.left} events of {count} are left")
    return {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}


def _open(make: _Make, count: int) -> dict[str, Any]:
    """Measure the time until the first events are recorded, and the most memory that it takes."""
    from openmonetize import OpenMonetize  # noqa: F401  # importing it is not measured

    start = time.perf_counter()
    record, finish = make()
    for number in range(count):
        record(number)
    seconds = time.perf_counter() - start
    time.sleep(_SETTLING_TIME)
    return {"seconds": seconds, "bytes": most_resident(), "left": finish(0.0).left}


def _close(make: _Make, timeout: int) -> dict[str, Any]:
    """Measure how long closing takes that is given some seconds."""
    _, finish = make()
    start = time.perf_counter()
    left = finish(float(timeout)).left
    return {"seconds": time.perf_counter() - start, "bytes": most_resident(), "left": left}


def _resident() -> int:
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def most_resident() -> int:
    """Return the most memory that was ever resident, in bytes; 0 where the system does not tell.

    getrusage tells as well, but includes the parent's memory from before the program was loaded.
    """
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


if __name__ == "__main__":
    main()
