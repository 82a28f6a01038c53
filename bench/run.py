"""Measure, and write bench/RESULTS.md: `make bench`, or `python bench/run.py --help`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

from measure import QUICK, THOROUGH
from report import render, summary

PARTS = ("client", "sandbox", "metering")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds, only to see that it runs")
    parser.add_argument("--only", choices=PARTS, help="one part")
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="the page to write")
    arguments = parser.parse_args()
    parts = [arguments.only] if arguments.only else PARTS
    sections = [importlib.import_module(part).measure(QUICK if arguments.quick else THOROUGH) for part in parts]
    options = [option for option in ("--quick" if arguments.quick else "", arguments.only or "") if option]
    arguments.output.write_text(render(sections, " ".join(["bench/run.py", *options])))
    print(f"{arguments.output}: {summary([row for section in sections for row in section.rows])}")


if __name__ == "__main__":
    main()
