"""Run all cells, and write what was observed, ``docs/reliability.md`` and ``docs/security.md``.

Run ``python test/faults/report.py``. It writes nothing if something that must hold does not.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[1])

from faults import grid, observed, pages


def main() -> int:
    """Run, write, and return the exit code."""
    cells = grid.run(grid.places())
    failures = grid.failures(cells.items()) + grid.surprises(cells.items())
    print(*failures, f"{len(cells):,} cells, {len(failures)} of them wrong", sep="\n")
    if failures and "--write" not in sys.argv:
        return 1
    # A call's time says something only while little else goes on.
    calls = [place for place in grid.places() if place.caller == "GET" and place.mode == "always"]
    alone = grid.run(calls, threads=4)
    cells = {place: cell._replace(time=alone[place].time if place in alone else "") for place, cell in cells.items()}
    observed.write(cells)
    pages.write(cells)
    return min(len(failures), 1)


if __name__ == "__main__":
    sys.exit(main())
