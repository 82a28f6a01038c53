"""The page about the outbox's format says what is on disk, and its code reads that."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from openmonetize import OpenMonetize
from openmonetize.metering.buffers.spool import counts, kept, position, records, segment, spool
from openmonetize.sandbox import Sandbox

from .pages import codes, sections, table, text

PAGE = "../spool-format"
PROSE = " ".join(text(PAGE).split())
(READING,) = (section.blocks[0] for section in sections(PAGE) if section.title == "Reading it")


@pytest.fixture
def outbox(sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An outbox with an event that is delivered, two that wait, and one that was refused; the working directory."""
    monkeypatch.chdir(tmp_path)
    om = OpenMonetize(sandbox.key, sandbox.url, outbox="usage-outbox", flush_interval=3600)
    event: dict[str, Any] = {"unit_type": "page", "user_id": "acme-ada-lovelace", "feature_id": "ocr"}
    om.track_custom_event(**event, quantity=1)
    assert om.flush()
    sandbox.fail_next("413:path=/v1/events")
    om.track_custom_event(**event, quantity=2)
    assert om.flush()
    sandbox.fail_next("503", times=1000)
    om.track_custom_event(**event, quantity=3)
    om.track_custom_event(**event, quantity=4)
    om.close(0.1)
    return tmp_path


def run(code: str) -> list[tuple[Any, ...]]:
    """Return what the page's code prints in the working directory."""
    printed: list[tuple[Any, ...]] = []
    exec(code, {"print": lambda *values: printed.append(values)})
    return printed


def test_its_code_reads_the_events_that_wait(outbox: Path) -> None:
    assert run(READING.code) == [("page", 3), ("page", 4)]


@pytest.mark.skipif(sys.platform == "win32", reason="a line of a Unix shell")
def test_its_shell_line_reads_all_events(outbox: Path) -> None:
    (line,) = re.findall(r"^```bash\n(.*?)\n```", text(PAGE), re.M | re.S)
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True)
    assert [json.loads(one)["quantity"] for one in done.stdout.splitlines()] == [1, 2, 3, 4]


PAYLOADS = st.lists(st.binary().map(lambda payload: payload.replace(b"\n", b"")))
DAMAGE = st.tuples(st.integers(0, 10_000), st.sampled_from(["cut", "change", "insert"]), st.binary(max_size=3))


@given(payloads=PAYLOADS, damage=st.lists(DAMAGE))
@settings(deadline=None)
def test_its_code_reads_what_the_library_reads(
    tmp_path_factory: pytest.TempPathFactory, payloads: list[bytes], damage: list[tuple[int, str, bytes]]
) -> None:
    data = b"".join(records.encode(payload, number) for number, payload in enumerate(payloads))
    for place, kind, new in damage:
        at = place % (len(data) + 1)
        data = data[:at] + new + {"cut": b"", "change": data[at + len(new) :], "insert": data[at:]}[kind]
    path = tmp_path_factory.mktemp("damaged") / "damaged.log"
    path.write_bytes(data)
    names: dict[str, Any] = {}
    exec(READING.code.partition("\n\n\nfor ")[0], names)
    assert list(names["records"](path)) == records.decode(data, complete=True).records


def test_the_example_is_a_record() -> None:
    (dump,) = re.findall(r"^```\n(0a .*?)```", text(PAGE), re.M | re.S)
    found = bytes.fromhex("".join(line[:60] for line in dump.splitlines()))
    assert found == records.encode(b'{"quantity":2}', 7)
    assert f"these {len(found)} bytes" in PROSE


def test_every_kind_of_file_is_named(outbox: Path) -> None:
    listing = text(PAGE).split("```")[1]
    (account,) = (outbox / "usage-outbox").iterdir()
    endings = {segment.EVENTS, segment.POSITION, segment.KEPT, kept.SEEN, segment.DEAD, segment.NEW}
    assert set(re.findall(r"^    \d{13}-[0-9a-f]{8}(\.\w+) ", listing, re.M)) == endings
    assert {file.name for file in account.iterdir() if file.suffix not in endings} <= set(listing.split())


def test_the_account_is_as_stated(outbox: Path) -> None:
    (path,) = (outbox / "usage-outbox").glob("*/account")
    facts = json.loads(path.read_bytes())
    assert f"`account` is a JSON object with {', '.join(f'`{key}`' for key in list(facts)[:-1])} and" in PROSE
    name = hashlib.sha256(f"{facts['base_url']}\n{facts['fingerprint']}".encode()).hexdigest()[:16]
    assert path.parent.name == name


def test_the_numbers_and_names_of_the_prose() -> None:
    assert f"in format {segment.FORMAT}" in PROSE
    assert f"up to {records.MAX_PAYLOAD:,}" in PROSE
    assert spool.MAX_SEGMENT_BYTES == 4 * 2**20
    assert spool.MAX_SEGMENT_AGE == 60.0
    assert "after 4 MiB (or a sixteenth of a smaller `outbox_max_bytes`, at least 4 KiB) or a minute" in PROSE
    assert f"exceeds {counts._MAX_BYTES // 1024} KiB" in PROSE
    keys = {key for row in table(PAGE, "Positions") for key in codes(row[0])}
    assert keys == set(json.loads(position.Position().encode()[20:]))


def test_what_is_known_of_kept_events_is_as_stated(sandbox: Sandbox, tmp_path: Path) -> None:
    with OpenMonetize(sandbox.key, sandbox.url, outbox=tmp_path / "verified", verify="report") as om:
        event: dict[str, Any] = {"unit_type": "page", "user_id": "acme-ada-lovelace", "feature_id": "ocr"}
        sandbox.fail_next("accept-nothing")
        sandbox.fail_next("bill-zero")
        for quantity in (1, 2, 3):
            om.track_custom_event(**event, quantity=quantity)
        assert om.flush()
        om.track_custom_event(**event, quantity=4)
        om.verify(repair=True, timeout=10)
    (path,) = (tmp_path / "verified").glob("*/*.seen")
    found = [json.loads(payload) for _, payload in records.decode(path.read_bytes(), complete=True).records]
    stated = {code for row in table(PAGE, "Kept events") for cell in row for code in codes(cell)}
    assert {key for record in found for key in record} <= stated
    assert {key for row in table(PAGE, "Kept events") for key in codes(row[0])} <= {key for one in found for key in one}
    assert {file.name for file in path.parent.iterdir() if "." not in file.name} <= set(
        text(PAGE).split("```")[1].split()
    )
