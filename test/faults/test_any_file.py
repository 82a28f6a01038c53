"""Whatever becomes of a file of the outbox, its whole records are delivered, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from metering.spool_tools import Process, files, records, wire_of

from .corpus import cases, many

EVENTS = [wire_of(number, 60) for number in range(6)]
# A change: what is done, a place and a length in thousandths of the file, and a byte.
changes = st.tuples(
    st.sampled_from(["cut", "remove", "repeat", "zero", "set", "insert"]),
    st.integers(0, 1000),
    st.integers(0, 300),
    st.integers(0, 255),
)


def change(data: bytes, what: str, place: int, length: int, byte: int) -> bytes:
    """Return the bytes of a file after a change."""
    start = len(data) * place // 1000
    end = min(len(data), start + len(data) * length // 1000)
    middle = {
        "cut": b"",
        "remove": b"",
        "repeat": data[start:end] * 2,
        "zero": bytes(end - start),
        "set": bytes([byte]) * min(1, end - start),
        "insert": bytes([byte]) + data[start:end],
    }[what]
    behind = b"" if what == "cut" else data[start + len(middle) :] if what == "set" else data[end:]
    return data[:start] + middle + behind


def check(some: list[Any], folder: Path) -> None:
    """The next process delivers the whole records, takes more, and counts what it delivers.

    A record that is there twice may be delivered twice, under the same id. A copy of the header is a record.
    """
    writer = Process(folder)
    writer.put(*EVENTS)
    writer.crash()
    (path,) = [file for file in files(folder) if file.suffix == ".events"]
    data = path.read_bytes()
    for one in some:
        data = change(data, *one)
    path.write_bytes(data)
    whole = {payload for _, payload in records(data)}.intersection(EVENTS)
    process = Process(folder)
    process.put(b'{"event_id":"later"}')
    delivered = process.drain()
    events = {wire for wire in delivered if not wire.startswith(b'{"format":')}
    # One whose neighbours are damaged may be found all the same, but none is made up.
    assert {*whole, b'{"event_id":"later"}'} <= events <= {*EVENTS, b'{"event_id":"later"}'}
    stats = process.spool.stats()
    assert stats.tracked == sum(stats[1:])
    assert stats.accepted == len(delivered)
    process.close()


@many(60)
@given(some=st.lists(changes, min_size=1, max_size=4))
def test_any_changes_of_a_file(some: list[Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    check(some, tmp_path_factory.mktemp("outbox"))


@pytest.mark.parametrize("case", cases("files"))
def test_kept_changes_of_a_file(case: Any, tmp_path: Path) -> None:
    check(case["changes"], tmp_path)
