"""A row has the same id in every run, in whatever format, whatever else the file has."""

from __future__ import annotations

import gzip
import json
import random
import tempfile
import uuid
from collections import Counter
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize.events.ids import derive_id
from openmonetize.files.canonical import content_of, text_of_value
from openmonetize.files.identity import RowIds
from openmonetize.files.occurrences import Occurrences

from .tools import ids, prepared, trace_rows, write_csv, write_lines


def test_an_id_is_the_uuid5_of_customer_source_content_and_occurrence() -> None:
    made = RowIds("customer", "logs")
    row = {"b": "2.0", "a": "x", "empty": ""}
    namespace = uuid.UUID(derive_id("customer", "openmonetize.files\nlogs"))
    for number in (1, 2, 3):
        assert made.id_of(row) == str(uuid.uuid5(namespace, f"a\0x\0b\x002\0{number}"))


def test_customers_and_sources_have_ids_of_their_own() -> None:
    row = {"a": "1"}
    assert len({RowIds(c, s).id_of(row) for c in ("one", "two") for s in ("x", "y")}) == 4


def test_every_format_gives_the_same_ids(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    zstandard = pytest.importorskip("zstandard")
    rows = trace_rows(300) + trace_rows(5)  # five come twice
    table = write_csv(tmp_path / "rows.csv", rows)
    expected = ids(table)
    assert len(set(expected)) == len(rows)
    typed = [
        {**row, "ContextTokens": int(row["ContextTokens"]), "GeneratedTokens": int(row["GeneratedTokens"])}
        for row in rows
    ]
    lines = write_lines(tmp_path / "rows.jsonl", typed)
    (tmp_path / "rows.json").write_text(json.dumps(typed, indent=1))
    (tmp_path / "pretty.json").write_text("\n".join(json.dumps(row, indent=2) for row in typed))
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    (tmp_path / "rows.csv.zst").write_bytes(zstandard.compress(table.read_bytes()))
    (tmp_path / "lines").write_bytes(gzip.compress(lines.read_bytes()))  # no suffix says what it is
    semicolons = table.read_text().replace(",", ";")
    (tmp_path / "excel.csv").write_bytes(b"\xef\xbb\xbf" + semicolons.replace("\n", "\r\n").encode())
    duckdb.sql(f"COPY (FROM read_csv('{table}')) TO '{tmp_path}/rows.parquet'")
    (tmp_path / "rows.parquet.gz").write_bytes(gzip.compress((tmp_path / "rows.parquet").read_bytes()))
    for path in sorted(tmp_path.iterdir()):
        assert ids(path) == expected, path
        assert all(row.refused is None for row in prepared(path)), path


def test_what_is_appended_inserted_or_moved_leaves_other_ids_as_they_are(tmp_path: Path) -> None:
    rows = trace_rows(50)
    rows += rows[:10]
    before = ids(write_csv(tmp_path / "a.csv", rows))
    changed = [*rows, {"TIMESTAMP": "2024-01-01 00:00:00", "ContextTokens": "1", "GeneratedTokens": "1"}]
    changed.insert(20, rows[0])
    random.Random(1).shuffle(changed)
    after = ids(write_csv(tmp_path / "b.csv", changed))
    assert len(set(after)) == len(changed)
    assert set(before) < set(after)


def test_the_order_of_columns_and_columns_without_a_value_are_no_content() -> None:
    assert content_of({"b": 1, "a": "x"}, ["a", "b"]) == content_of(
        {"a": "x", "b": "1", "c": "", "d": None}, ["a", "b", "c", "d"]
    )


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ((1, "1", 1.0, "1.0", "1e0", Decimal("1.00")), "1"),
        ((0.1, "0.1", "1e-1", Decimal("0.10")), "0.1"),
        ((0, -0.0, "0.0", "-0"), "0"),
        ((True, "true", "True"), "true"),
        (("007",), "007"),
        (("2023-11-16 18:17:03.9799600", "2023-11-16T18:17:03.97996Z", "2023-11-16T19:17:03.97996+01:00",
          datetime(2023, 11, 16, 18, 17, 3, 979960),
          datetime(2023, 11, 16, 20, 17, 3, 979960, timezone(timedelta(hours=2)))), "2023-11-16T18:17:03.97996Z"),
        (("2023-11-16", datetime(2023, 11, 16).date()), "2023-11-16"),
        (({"b": 1, "a": [1.0, None]}, '{"a": [1, null], "b": "1"}', {"b": 1, "a": [1, ""], "c": None}),
         '{"a":["1",""],"b":"1"}'),
        (("{not json",), "{not json"),
        (("2023-13-45 99:00",), "2023-13-45 99:00"),
        (("1e999999999",), "1e999999999"),
    ],
)  # fmt: skip
def test_values_that_are_equal_have_one_text(values: tuple[Any, ...], text: str) -> None:
    assert [text_of_value(value) for value in values] == [text] * len(values)


SCALARS = st.one_of(
    st.integers(-(2**63), 2**63),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r\n")),
)


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), SCALARS, min_size=1), min_size=1, max_size=8))
def test_json_and_csv_of_the_same_rows_have_the_same_ids(rows: list[dict[str, Any]]) -> None:
    with tempfile.TemporaryDirectory() as place:
        mapping = {"constants": {"quantity": 1, "unit_type": "row", "feature_id": "f"}}
        lines = ids(write_lines(Path(place, "rows.jsonl"), rows), **mapping)
        columns = sorted({name for row in rows for name in row})
        texts = [
            {
                name: row[name] if isinstance(row.get(name), str) else json.dumps(row[name])
                for name in columns
                if name in row
            }
            for row in rows
        ]
        table = ids(write_csv(Path(place, "rows.csv"), [{"z": "1", **row} for row in texts]), **mapping)
        with_z = ids(write_lines(Path(place, "z.jsonl"), [{**row, "z": 1} for row in rows]), **mapping)
    assert table == with_z
    assert len(set(lines)) == len(rows)


@given(st.lists(st.integers(0, 20)), st.randoms())
def test_ids_do_not_depend_on_the_order(numbers: list[int], chance: random.Random) -> None:
    moved = list(numbers)
    chance.shuffle(moved)
    one, other = RowIds("c", "s"), RowIds("c", "s")
    assert {one.id_of({"n": n}) for n in numbers} == {other.id_of({"n": n}) for n in moved}


@given(st.lists(st.binary(min_size=10, max_size=10) | st.sampled_from([b"\0" * 10, b"\xff" * 10])))
def test_occurrences_are_counted(digests: list[bytes]) -> None:
    counted, seen = Counter[bytes](), Occurrences()
    for digest in digests:
        counted[digest] += 1
        key = digest[:1] + bytes([digest[1] & 0xF0]) + digest[2:]
        assert seen.add(key) >= counted[digest]
        assert key in seen
    assert len(seen) == len(digests)
