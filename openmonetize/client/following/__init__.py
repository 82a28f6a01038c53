"""Jobs of providers that are followed until they end: batches, background responses, videos, fine-tuning."""

from __future__ import annotations

import os

FOLDER = ".followed"  # in the outbox, which leaves names with a dot alone
OPEN = ".job"  # how the names of files of jobs end that have not ended


def has_jobs(outbox: str | os.PathLike[str]) -> bool:
    """Return whether jobs were ever followed in an outbox."""
    return os.path.isdir(os.path.join(outbox, FOLDER))


def waiting_jobs(outbox: str | os.PathLike[str]) -> int:
    """Return how many jobs an outbox has that have not ended."""
    try:
        return sum(name.endswith(OPEN) for name in os.listdir(os.path.join(outbox, FOLDER)))
    except OSError:
        return 0
