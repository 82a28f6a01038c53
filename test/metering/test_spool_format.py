"""The files of a spool: what was written is found again, whatever became of the rest, and nothing else is."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize.metering import OutboxError
from openmonetize.metering.buffers.spool.dead_letters import read_refused
from openmonetize.metering.buffers.spool.position import read_position
from openmonetize.metering.buffers.spool.records import decode, decode_json, encode, encode_json

from .spool_tools import ALICE, Process, files, folders, records, wire_of

payloads = st.binary(min_size=1, max_size=200).map(lambda data: data.replace(b"\n", b" "))
# A payload that has in it what looks like a record.
posing = st.tuples(payloads, payloads, payloads).map(lambda parts: parts[0] + encode(parts[1])[1:] + parts[2])
written = st.lists(payloads | posing, max_size=8).map(lambda found: list(enumerate(found)))


def file_of(found: list[tuple[int, bytes]]) -> bytes:
    return b"".join(encode(payload, number) for number, payload in found)


NEWLINE = 0x0A
POSING = (1, b"posing")
RECORDS = [(0, b'{"a":"one"}'), (1, b"{}"), (2, b'{"b":"-' + encode(b"posing", 1)[1:] + b'"}'), (0xFFFFF, b'{"c":4}')]
FILE = file_of(RECORDS)
ENDS = [len(file_of(RECORDS[:count])) for count in range(len(RECORDS) + 1)]


# Records


@given(written)
@settings(deadline=None)
def test_what_was_written_is_found(found: list[tuple[int, bytes]]) -> None:
    data = file_of(found)
    assert decode(data, complete=True) == (found, len(data), 0)
    assert [record for record in records(data) if record in found] == found


@given(written, st.lists(st.integers(1, 100), min_size=1, max_size=30))
@settings(deadline=None)
def test_a_file_that_grows_is_read_in_pieces_as_it_is_at_once(found: list[tuple[int, bytes]], steps: list[int]) -> None:
    data = file_of(found)
    seen: list[tuple[int, bytes]] = []
    start = end = 0
    for number in range(2000):
        end = min(end + steps[number % len(steps)], len(data))
        piece = decode(data[start:end], complete=False)
        assert not piece.damaged
        seen += piece.records
        start += piece.end
        if end == len(data):
            break
    assert (seen, start) == (found, len(data))


@pytest.mark.parametrize("behind", [b"", encode(b"{}", 7), encode(b'{"behind":1}', 7) + encode(b"{}", 8)])
def test_a_record_that_was_not_written_to_its_end_is_skipped_wherever_it_ends(behind: bytes) -> None:
    """The process was killed, or the disk was full and had room again later."""
    behind_it = list(records(behind))
    for end in range(len(FILE)):
        whole = RECORDS[: sum(mark <= end for mark in ENDS[1:])]
        assert decode(FILE[:end] + behind, complete=True) == (whole + behind_it, end + len(behind), 0), end


def test_a_changed_byte_costs_at_most_the_record_that_it_is_in_and_is_counted() -> None:
    for place in range(len(FILE)):
        touched = sum(mark <= place for mark in ENDS[1:])
        others = [record for number, record in enumerate(RECORDS) if number != touched]
        for value in range(256):
            found = decode(FILE[:place] + bytes([value]) + FILE[place + 1 :], complete=True)
            if value == NEWLINE:  # what is before it may look unfinished, and what is behind it is cut free
                assert set(others) <= set(found.records) <= {*RECORDS, POSING}, place
            elif RECORDS[touched] in found.records:  # a digit in upper case, for one
                assert (found.records, found.damaged) == (RECORDS, 0), (place, value)
            else:
                assert (found.records, found.damaged) == (others, 1), (place, value)


@given(written, st.data())
@settings(deadline=None)
def test_changed_bytes_invent_no_record(found: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """A payload that has a record in it would be cut open by a new line: these changes do not add any."""
    changed = bytearray(file_of(found))
    for _ in range(data.draw(st.integers(1, 5)) if changed else 0):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(NEWLINE + 1, 0xFF))
    assert set(decode(bytes(changed), complete=True).records) <= set(found)


@given(st.binary(max_size=2000), st.booleans())
@settings(deadline=None)
def test_random_bytes_are_no_records(data: bytes, complete: bool) -> None:
    found = decode(data, complete)
    assert not found.records
    assert 0 <= found.end <= len(data)


PIECES = [
    FILE,
    encode_json({"format": 1, **ALICE._asdict()}),
    encode_json({"done": [[0, 5]], "taken": 1, "accepted": 5, "duplicate": 0, "dead": 0, "dropped": 0, "records": 7}),
    encode_json({"name": "x.events", "accepted": 1, "duplicate": 2, "dropped": 3}),
    encode(b'{"status": 400, "reason": "r", "at": 1.5, "from": ["x.events", 3]}\t{"event_id":"1"}', 3),
    encode(b'{"status": 400, "reason": "r", "at": 1e300, "from": ["x.events", 3]}\t{"event_id":"1"}', 3),
    encode_json({"name": [], "accepted": "many", "duplicate": {}, "done": [[1], 2, "x"], "records": "all"}),
    encode_json({"done": {"0": 1}, "taken": None, "accepted": 1e400, "duplicate": 0, "dead": 0, "dropped": 0}),
    encode(b"[" * 2000),
    encode(b'"' + b"\xff" * 30 + b'"', 9),
    b"\n" * 50 + b"0" * 500,
    bytes(3000),
]
# Pieces of several files, cut anywhere.
mixed = st.lists(
    st.tuples(st.sampled_from(PIECES), st.integers(0, 300), st.integers(0, 300)).map(
        lambda cut: cut[0][cut[1] : len(cut[0]) - cut[2]]
    )
    | st.sampled_from(PIECES)
    | st.binary(max_size=50),
    max_size=8,
).map(b"".join)
_KNOWN = {record for piece in PIECES for record in records(piece)}


@given(mixed, st.booleans())
@settings(deadline=None)
def test_no_record_is_found_that_was_not_written(data: bytes, complete: bool) -> None:
    assert set(decode(data, complete).records) <= _KNOWN | {POSING}  # a piece may begin within a payload
    assert all(isinstance(value, dict) for value in decode_json(data))


# Files


@given(mixed)
@settings(max_examples=200, deadline=None)
def test_no_file_of_positions_or_dead_letters_raises(data: bytes) -> None:
    path = Path(_FOLDER) / "file"
    path.write_bytes(data)
    position = read_position(str(path))
    assert isinstance(position.settled, int)
    assert json.loads(next(records(position.encode()))[1])["done"] == [list(some) for some in position.done.ranges]
    assert all(letter.wire in (b'{"event_id":"1"}', b"") for letter in read_refused(str(path))[0])


_FOLDER = ""


@pytest.fixture(autouse=True)
def _folder(tmp_path_factory: pytest.TempPathFactory) -> None:
    global _FOLDER
    _FOLDER = str(tmp_path_factory.mktemp("files"))


@given(data=st.data())
@settings(max_examples=100, deadline=None)
def test_whatever_its_files_have_in_them_no_call_raises_anything_but_an_outbox_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("spool")
    writer = Process(path)
    writer.put(*(wire_of(number) for number in range(20)))
    batch = writer.lease(10)
    assert batch is not None
    batch.slice(0, 5).source.ack(batch.slice(0, 5))
    batch.slice(5, 10).source.dead_letter(batch.slice(5, 10), 400, "refused")
    writer.crash()
    (folder,) = folders(path)
    for name in ("account", "counts", "pace", "0-0.events", "0-0.pos", "0-1.dead", "0-1.events", "0-2.kept", "0-3.pos"):
        content = data.draw(st.none() | mixed, label=name)
        if content is not None:
            (folder / name).write_bytes(content)
    for file in files(path, ".pos"):
        content = data.draw(st.none() | mixed, label=file.name)
        if content is not None:
            file.write_bytes(content)
    process = Process.__new__(Process)
    try:
        process.__init__(path, keep_seconds=3600)  # type: ignore[misc]
    except OutboxError:
        return
    spool = process.spool
    known = (
        {payload for _, payload in _KNOWN}
        | {wire_of(number) for number in range(20)}
        | {b"posing", b"", b'{"event_id":"1"}'}
    )
    found: list[bytes] = []
    for call in (
        spool.stats, spool.watermark, spool.has_pending, spool.others, spool.customers, spool.dead_letters,
        lambda: found.extend(process.drain()), spool.maintain, spool.stats, lambda: found.extend(spool.kept()),
        spool.replay_dead_letters, lambda: found.extend(process.drain()), spool.discard_dead_letters,
        lambda: spool.note_customer(ALICE, "c"), spool.customers, spool.maintain, spool.close,
    ):  # fmt: skip
        try:
            call()
        except OutboxError:
            pass
    assert set(found) <= known


@pytest.mark.parametrize("seed", range(3))
def test_events_are_found_in_a_large_file_with_holes(tmp_path: Path, seed: int) -> None:
    """Holes as large as several reads of the file, as a file system leaves them after power loss."""
    moments = random.Random(seed)
    wires = [wire_of(number, 40_000) for number in range(150)]
    writer = Process(tmp_path / "spool", max_bytes=2**30)
    writer.put(*wires[:100])
    writer.crash()
    (segment,) = files(tmp_path / "spool", ".events")
    data = segment.read_bytes()
    start = moments.randrange(len(data) // 2)
    end = start + moments.choice([100, 1_500_000, 2_000_000])
    holed = data[:start] + bytes(end - start) + data[end:] + bytes(moments.choice([0, 4_000_000])) + file_of(
        list(enumerate(wires))[100:]
    )  # fmt: skip
    segment.write_bytes(holed)
    left = [payload for _, payload in records(holed) if payload.startswith(b'{"event_id"')]
    assert 50 <= len(left) < 150
    reader = Process(tmp_path / "spool")
    assert reader.drain() == left
    assert reader.told
    assert not files(tmp_path / "spool", ".events")
