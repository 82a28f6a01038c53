"""Outboxes full of events, and the platform in the states in which they are opened."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from recorder_runs import Recorder


def unused_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


@contextmanager
def silent_server(port: int) -> Iterator[None]:
    """Accept connections at a port, and never respond."""
    with socket.create_server(("127.0.0.1", port)):
        yield


def make_backlog(recorder: Recorder, url: str, events: int, recorded: int, outbox: Path) -> None:
    """Leave events in a new outbox, for a URL that nothing listens on.

    An outbox that is a file is filled by recording them all. In a directory, some are recorded, and their segments
    are copied under other names, each with what is noted about it: a segment is complete in itself.
    """
    recorder.run("record", url, recorded, outbox)
    if not outbox.is_dir():
        recorder.run("record", url, events - recorded, outbox)
        return
    files = [path for segment in outbox.glob("*/*.events") for path in segment.parent.glob(f"{segment.stem}.*")]
    for number in range(1, events // recorded):
        for path in files:
            time, _, random = path.stem.partition("-")
            shutil.copyfile(path, path.with_name(f"{time}-{_other(random, number)}{path.suffix}"))


def _other(digits: str, number: int) -> str:
    return f"{(int(digits, 16) + number) % 16 ** len(digits):0{len(digits)}x}"


def size(outbox: Path) -> int:
    """Return the bytes of an outbox: of a directory, or of a file and those beside it, which are alone in theirs."""
    return sum(path.stat().st_size for path in outbox.parent.rglob("*") if path.is_file())
