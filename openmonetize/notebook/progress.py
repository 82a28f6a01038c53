"""A progress bar for the iterators of pages."""

from __future__ import annotations

import warnings
from typing import Any

from openmonetize.notebook.libraries import library


class Bar:
    """Draws how far an iterator is: as a widget in a notebook, as a line in a terminal.

    Args:
        unit: what is counted.
    """

    def __init__(self, unit: str = " rows") -> None:
        self._unit = unit
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a notebook without ipywidgets gets the line
            self._tqdm = library("tqdm.auto").tqdm
        self._bar: Any = None

    def __call__(self, done: int, total: int | None) -> None:
        """Draw that ``done`` rows of ``total`` were read."""
        if self._bar is None:
            self._bar = self._tqdm(total=total, unit=self._unit)
        self._bar.update(done - self._bar.n)
        if total is not None and done >= total:
            self._bar.close()
