"""Writes the same rows in every format, and reads ids."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openmonetize.files.encoding import EventEncoder
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation, Prepared
from openmonetize.files.sources import find_sources
from openmonetize.pricing.model_names import ModelNames

DATA = Path(__file__).parents[2] / "examples" / "data"
TRACE = [DATA / "AzureLLMInferenceTrace_code.csv.gz", DATA / "AzureLLMInferenceTrace_conv.csv.gz"]
ASSUMED = {"provider": "openai", "model": "gpt-4o", "user_id": "acme_trace_user"}

Rows = Sequence[Mapping[str, Any]]


def trace_rows(count: int) -> list[dict[str, Any]]:
    """Return the first rows of the trace."""
    with gzip.open(TRACE[0], "rt") as lines:
        return [row for row, _ in zip(csv.DictReader(lines), range(count))]


def write_csv(path: Path, rows: Rows) -> Path:
    columns = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_lines(path: Path, rows: Rows) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def prepared(*paths: Path, source: str = "test", id_column: str | None = None, **mapping: Any) -> list[Prepared]:
    """Return the rows of files, mapped as the trace unless something else is given."""
    given = RowMapping(**(mapping or {"preset": "azure-llm-trace", "constants": ASSUMED}))
    row_ids = RowIds("customer", source, id_column or given.id_column, id_column is not None)
    preparation = Preparation(row_ids, given, EventEncoder(ModelNames(True)))
    return list(preparation.prepare(find_sources([str(path) for path in paths])))


def ids(*paths: Path, **mapping: Any) -> list[str]:
    return [row.event_id for row in prepared(*paths, **mapping)]
