"""The usage of fake providers as a file, as if it were exported from their consoles."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping
from decimal import Decimal
from typing import Union

from openmonetize.reconcile.kinds import CACHE_READ, CACHE_WRITE_1H, CACHE_WRITE_5M, OUTPUT
from openmonetize.testing.fake_providers.usage_log import UsageLog

COLUMNS = (
    "date",
    "provider",
    "model",
    "input_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "output_tokens",
    "requests",
    "batch",
    "cost_usd",
)


def export(logs: Mapping[str, UsageLog], path: Union[str, "os.PathLike[str]"]) -> int:
    """Write the usage by day, model and batch as CSV. Return how many rows there are."""
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for provider, log in logs.items():
            for day in log.days():
                for used, counts in log.of_day(day).items():
                    written = counts.get(CACHE_WRITE_5M, 0) + counts.get(CACHE_WRITE_1H, 0)
                    usd = sum((log.usd(used, kind, number) for kind, number in counts.items()), Decimal(0))
                    tokens = (
                        sum(counts.values()) - counts.get(OUTPUT, 0),
                        counts.get(CACHE_READ, 0),
                        written,
                        counts.get(OUTPUT, 0),
                    )
                    facts = (log.requests(used), str(used.batch).lower(), f"{usd:f}")
                    writer.writerow([day, provider, used.model, *tokens, *facts])
                    count += 1
    return count
