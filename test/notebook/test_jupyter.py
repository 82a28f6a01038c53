"""Answers in a real kernel of Jupyter."""

from __future__ import annotations

from typing import Any

import pytest

from openmonetize import OpenMonetize

from .conftest import USERS

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")
pytest.importorskip("matplotlib_inline")
pytest.importorskip("tqdm")

CELLS = [
    "from openmonetize import OpenMonetize\nom = OpenMonetize()",
    f"om.credits.transactions({USERS[0]!r}, limit=5)",
    "om.analytics.usage(last='40d').plot();",
    "rows = len(list(om.events.iter_list(progress=True)))",
    "om.usage_by_user(last='1d')",
]


@pytest.mark.filterwarnings("default")  # the kernel's own libraries
def test_cells_show_tables_and_pictures(om: OpenMonetize, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENMONETIZE_API_KEY", key)
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", om.configuration.host)
    monkeypatch.delenv("MPLBACKEND", raising=False)
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in CELLS])
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    _, table, picture, progress, frame = ([_kinds(output) for output in cell.outputs] for cell in book.cells)
    assert any("5 Transaction rows, 1 to 5 of 31" in each.get("text/html", "") for each in table)
    assert any("image/png" in each for each in picture)
    assert progress
    assert any(USERS[1] in each.get("text/html", "") for each in frame)


def _kinds(output: Any) -> Any:
    return output.get("data") or {"text": output.get("text", "")}
