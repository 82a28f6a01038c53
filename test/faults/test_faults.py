"""Callers meet faults as `observed.csv` and the pages say, and nothing is lost, doubled, hung or shown."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from . import grid, observed, pages
from .corpus import SOAK

# Python leaves the socket of a handshake whose other side is gone to its garbage collector, which then warns.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

SAMPLE = 160  # cells
MAX_AGAIN = 12  # cells that are run once more
ROUNDS = 5 if SOAK else 1
MENDING = "run `python test/faults/report.py`, and look at what has changed"


def compare(cells: Any) -> None:
    """Fail where something is wrong in itself, or is not what was observed before.

    A machine that stands still for longer than a time-out makes other outcomes, though no wrong ones: those few cells
    are run once more.
    """
    assert grid.failures(cells.items()) == []
    before = observed.read()
    differing = [place for place, cell in cells.items() if before[place][:4] != cell[:4] or cell.unexpected]
    assert len(differing) <= MAX_AGAIN, MENDING
    again = grid.run(differing, threads=2)
    assert grid.failures(again.items()) + grid.surprises(again.items()) == []
    assert {place: cell[:4] for place, cell in again.items()} == {place: before[place][:4] for place in again}, MENDING


def test_a_sample_of_the_cells() -> None:
    """It has cells of every group and caller, the same each time."""
    places = grid.places()
    random.Random(1).shuffle(places)
    chosen = {(place.group, place.caller): place for place in places}
    compare(grid.run([*chosen.values(), *places[: SAMPLE - len(chosen)]]))


@pytest.mark.slow
@pytest.mark.parametrize("round", range(ROUNDS))
def test_all_cells(round: int) -> None:
    compare(grid.run(grid.places()))


def test_every_cell_was_observed() -> None:
    assert set(observed.read()) == set(grid.places()), MENDING
    assert len(grid.BY_NAME) == len(grid.FAULTS)


@pytest.mark.parametrize("page", pages.PAGES)
def test_the_pages_say_what_was_observed(page: str) -> None:
    assert pages.path(page).read_text(encoding="utf-8") == pages.render(page, observed.read()), MENDING


def test_the_page_has_every_group() -> None:
    assert sorted(pages.groups("reliability")) == sorted(observed.GROUPS)


@pytest.mark.parametrize("page", pages.PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = pages.path(page).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        file, _, anchor = target.partition("#")
        there = (pages.path(page).parent / file).read_text(encoding="utf-8") if file else text
        headings = re.findall(r"^#+ (.*)$", there, re.M)
        assert not anchor or anchor in [re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings]


def test_the_tests_that_a_page_names_exist() -> None:
    text = pages.path("security").read_text(encoding="utf-8")
    named = re.findall(r"`(test_\w+)`", text)
    sources = [path.read_text(encoding="utf-8") for path in (pages.ROOT / "test").rglob("test_*.py")]
    assert len(named) > 5
    assert [name for name in named if not any(f"def {name}(" in source for source in sources)] == []
