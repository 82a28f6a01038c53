"""A long-lived process that does one kind of work as often as it is told, and says how long it took.

Arguments: a module with the work, a function of it that prepares a callable, and the function's arguments in JSON.
"""

from __future__ import annotations

import gc
import importlib
import json
import sys
import time


def main() -> None:
    """Answer each number on standard input by the wall and CPU seconds of as many runs."""
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
