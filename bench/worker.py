"""A long-lived process that does one kind of work a given number of times, and prints how long it took.

Arguments: a module with the work, a function of it that returns a callable, and the function's arguments in JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time


def main() -> None:
    """Print the wall and CPU seconds of as many runs as each line of standard input says."""
    module, function, arguments = sys.argv[1:]
    work = getattr(importlib.import_module(module), function)(*json.loads(arguments))
    for line in sys.stdin:
        turns = range(int(line))
        gc.collect()
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in turns:
            work()
        print(time.perf_counter() - wall, time.process_time() - cpu, flush=True)


if __name__ == "__main__":
    main()
