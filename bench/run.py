"""Measure, and write bench/RESULTS.md: `make bench`, or `python bench/run.py --help`."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

import adapters
from measure import QUICK, THOROUGH
from recorder_runs import Recorder
from report import render, summary

PARTS = ("client", "sandbox", "metering", "generation", "files", "holds", "postgres")
APART = ("spark",)  # measured when they are named: they need what the others do not


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few rounds, only to see that it runs")
    parser.add_argument("--only", choices=(*PARTS, *APART), help="one part; of the others the page keeps what it has")
    parser.add_argument(
        "--frameworks",
        choices=adapters.PROGRAMS,
        help="only the adapters of frameworks of this environment of `nox -s frameworks`, which has to run this",
    )
    parser.add_argument(
        "--beside",
        type=_checkout,
        metavar="[NAME=]CHECKOUT",
        help="a checkout of another version, whose outbox is measured in the same rounds; NAME is for the report",
    )
    parser.add_argument("--output", type=Path, default=Path(__file__).with_name("RESULTS.md"), help="the page to write")
    arguments = parser.parse_args()
    pace = QUICK if arguments.quick else THOROUGH
    sections = []
    parts = [arguments.only] if arguments.only else PARTS
    if arguments.frameworks:
        sections, parts = [adapters.measure(pace, arguments.frameworks)], []
    for part in parts:
        measure = importlib.import_module(part).measure
        sections.append(measure(pace, arguments.beside) if part == "metering" else measure(pace))
    options = ["--quick"] if arguments.quick else []
    options += ["--only", arguments.only] if arguments.only else []
    options += ["--frameworks", arguments.frameworks] if arguments.frameworks else []
    options += [f"--beside '{name}=...'" for name in arguments.beside or ()]
    page = arguments.output.read_text() if arguments.output.exists() else ""
    arguments.output.write_text(render(sections, " ".join(["bench/run.py", *options]), page))
    print(f"{arguments.output}: {summary([row for section in sections for row in section.rows])}")


def _checkout(text: str) -> dict[str, Recorder]:
    """Return the recorder with an outbox of another version, by its name in the report."""
    name, _, path = text.rpartition("=")
    checkout = Path(path).absolute()
    if not (checkout / "openmonetize" / "__init__.py").is_file():
        raise argparse.ArgumentTypeError(f"no package openmonetize in {path!r}")
    return {name or "earlier outbox": Recorder("outbox", library=checkout)}


if __name__ == "__main__":
    main()
