"""One framework, whose calls are made with its adapter and without, in one process.

Arguments: a module of ``adapter_ways``, its function, and in JSON where the servers are. It prints the names of the
ways to make the call; then, for each line of standard input with the name of a way and a number, the wall and CPU
seconds of as many calls.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time

from adapter_ways.common import Servers, Way, Ways

_PATIENCE = 120.0  # seconds for the delivery, on a machine that does something else


def main() -> None:
    """Measure until standard input ends, and exit without waiting for threads of frameworks."""
    module, function, servers = sys.argv[1:]
    output, sys.stdout = sys.stdout, sys.stderr  # frameworks print
    make = getattr(importlib.import_module(f"adapter_ways.{module}"), function)
    ways: Ways = make(Servers(**json.loads(servers)))
    print(json.dumps(list(ways)), file=output, flush=True)
    for line in sys.stdin:
        name, count = json.loads(line)
        print(*_turn(ways[name], count), file=output, flush=True)
    os._exit(0)


def _turn(way: Way, count: int) -> tuple[float, float]:
    """Return the seconds of all calls, until everything that they recorded is delivered."""
    recorded = 0 if way.om is None else way.om.stats().tracked
    with way.around():
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        way.calls(count)
        if way.om is not None:
            way.om.flush(_PATIENCE)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    if way.om is not None and way.om.stats().accepted != recorded + count:
        raise RuntimeError(f"not {count} events for {count} calls: {way.om.stats()}")
    return wall, cpu


if __name__ == "__main__":
    main()
