"""The notebooks in examples/notebooks: they run, and are committed as they are."""

from __future__ import annotations

import base64
import importlib.util
import re
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("jupytext")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("nbclient")

FOLDER = Path(__file__).parents[2] / "examples" / "notebooks"
MAX_PICTURE, MAX_NOTEBOOK = 60_000, 250_000  # bytes

# The pictures of each notebook, and what it must say.
EXPECTED: dict[str, tuple[int, list[str]]] = {
    "1_quick_start": (1, ["BillingResult(complete=True, billed=60, ", "<td>1628</td>", "allowed: False"]),
    "2_llm_app": (1, ["5 billed, 0 waiting, 0 missing", "InternalServerError: 503", "'chatcmpl-louvre'"]),
    "3_azure_traces": (3, ["28,185", "19,366 events sent", "105.5980"]),
    "4_backfill": (
        1,
        [
            "some, but not all, are there: True",
            "all are there: True",
            "0 new, 7,997 duplicates",
            "repaired: 2 unpaid: 1",
        ],
    ),
    "5_margins": (2, ["940 events are billed", "71.0 %", "together 20.81"]),
}
# A path of the machine on which it was rendered, or a temporary one.
_PATH = re.compile(r"/(?:home|root|Users|tmp|work|var)/|[A-Z]:\\\\")


def _render() -> Any:
    spec = importlib.util.spec_from_file_location("render", FOLDER / "render.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


render = _render()
NAMES = [source.stem for source in render.sources()]


def _outputs(book: Any) -> list[dict[str, str]]:
    return [render.texts(output) for cell in book.cells for output in cell.get("outputs", ())]


def _pictures(book: Any) -> list[bytes]:
    found = [output.get("data", {}).get("image/png") for cell in book.cells for output in cell.get("outputs", ())]
    return [base64.b64decode(each) for each in found if each is not None]


def test_there_is_a_notebook_for_each_source() -> None:
    assert NAMES == sorted(EXPECTED) == sorted(path.stem for path in FOLDER.glob("*.ipynb"))


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_committed_small_and_as_its_source_says(name: str) -> None:
    path = FOLDER / f"{name}.ipynb"
    book = nbformat.read(path, as_version=4)
    nbformat.validate(book)
    wanted = render.cells_of(FOLDER / f"{name}.py")
    assert [(cell.cell_type, cell.source) for cell in book.cells] == [
        (cell.cell_type, cell.source) for cell in wanted.cells
    ], "run examples/notebooks/render.py"
    assert path.stat().st_size <= MAX_NOTEBOOK
    assert all(len(picture) <= MAX_PICTURE for picture in _pictures(book))
    assert not _PATH.search(str(_outputs(book)))


@pytest.mark.slow
@pytest.mark.filterwarnings("default")  # the kernel's own libraries
@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_shows_what_is_committed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "2_llm_app":
        pytest.importorskip("openai")
    for variable in ("MPLBACKEND", "OPENMONETIZE_API_KEY", "OPENMONETIZE_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    book = render.executed(FOLDER / f"{name}.py")
    pictures, said = EXPECTED[name]
    assert len(_pictures(book)) == pictures
    shown = str(_outputs(book))
    assert [each for each in said if each not in shown] == []
    assert "stderr" not in [output.get("name") for cell in book.cells for output in cell.get("outputs", ())]
    assert _outputs(book) == _outputs(nbformat.read(FOLDER / f"{name}.ipynb", as_version=4))
