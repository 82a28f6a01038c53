"""Execute the notebooks and write them with their outputs: ``python examples/notebooks/render.py [NAME...]``.

The ``.py`` files are the sources, in jupytext's percent format. An ``.ipynb`` holds the same cells and what they showed.
What differs from run to run (ids, the times of cells) is written the same each time, so that only changes are changes.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
TIMEOUT = 120  # seconds for a cell
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SHORT_UUID = re.compile(r"\b[0-9a-f]{8}-…")
_ADDRESS = re.compile(r"127\.0\.0\.1:\d+")
_METADATA = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


def sources() -> list[Path]:
    """Return the notebooks' sources in their order."""
    return sorted(FOLDER.glob("[0-9]_*.py"))


def cells_of(source: Path) -> Any:
    """Return a notebook without outputs."""
    book = jupytext.read(source, fmt="py:percent")
    book.metadata = nbformat.from_dict(_METADATA)
    for number, cell in enumerate(book.cells, 1):
        cell.id = f"cell-{number}"
        cell.metadata = nbformat.from_dict({})
    book.nbformat, book.nbformat_minor = 4, 5  # the first with ids of cells
    return book


def executed(source: Path) -> Any:
    """Return a notebook with its outputs; the current environment is its kernel's.

    Raises:
        nbclient.exceptions.CellExecutionError: a cell failed.
    """
    book = cells_of(source)
    client = NotebookClient(
        book,
        timeout=TIMEOUT,
        kernel_name="python3",
        record_timing=False,
        coalesce_streams=True,
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.execute()
    book.metadata = nbformat.from_dict(_METADATA)  # without the version of Python
    ids: dict[str, str] = {}
    for cell in book.cells:
        for output in cell.get("outputs", ()):
            for kind, text in texts(output).items():
                steady = _steady(text, ids)
                if kind == "text":
                    output.text = steady
                else:
                    output.data[kind] = steady
    return book


def texts(output: Any) -> dict[str, str]:
    """Return what an output says, by kind; pictures say nothing."""
    if output.output_type == "stream":
        return {"text": output.text}
    return {
        kind: text
        for kind, text in output.get("data", {}).items()
        if kind in ("text/plain", "text/html")
    }


def _steady(text: str, ids: dict[str, str]) -> str:
    """Return a text with ids numbered as they come, and without the port."""

    def numbered(found: re.Match[str]) -> str:
        return ids.setdefault(found[0], f"{len(ids) + 1:08x}-0000-4000-8000-000000000000")

    text = _UUID.sub(numbered, text)
    text = _SHORT_UUID.sub("00000000-…", text)
    return _ADDRESS.sub("127.0.0.1:3000", text)


def main() -> None:
    # Frozen modules make the kernel's debugger warn.
    os.environ.setdefault("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    os.environ.pop("MPLBACKEND", None)
    wanted = sys.argv[1:]
    for source in sources():
        if not wanted or source.stem in wanted:
            target = source.with_suffix(".ipynb")
            nbformat.write(executed(source), target)
            print(f"{target.name}: {target.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
