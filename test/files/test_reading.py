"""Files are read as they were written, in any form and in any pieces."""

from __future__ import annotations

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st

from openmonetize import FilesError, MissingExtraError
from openmonetize.files import json_rows
from openmonetize.files.canonical import text_of_value
from openmonetize.files.csv_rows import delimiter_in, read_csv
from openmonetize.files.json_rows import read_json
from openmonetize.files.reading import RowFile
from openmonetize.files.sources import find_sources

TEXT = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0\r"), max_size=6)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)


def rows_of(path: Path, **settings: Any) -> list[dict[str, Any]]:
    (source,) = find_sources(str(path))
    return [row.values for row in RowFile(source, **settings)]


@given(
    st.lists(st.dictionaries(TEXT, VALUES, max_size=3), max_size=5),
    st.integers(1, 9),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_json_is_read_in_pieces_of_any_size(rows: list[Any], piece: int, indent: int | None, in_list: bool) -> None:
    text = json.dumps(rows, indent=indent) if in_list else "\n".join(json.dumps(row, indent=indent) for row in rows)

    class Pieces(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            return super().read(piece)

    found = list(read_json(Pieces(text.encode()), "name"))
    assert [row.values for row in found] == rows
    assert [row.number for row in found] == list(range(1, len(rows) + 1))


@given(st.lists(st.lists(TEXT, min_size=2, max_size=2), max_size=5), st.sampled_from(",;\t|"))
def test_csv_is_read_with_any_delimiter(rows: list[list[str]], delimiter: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter).writerows([["one", "two"], *rows])
    data = file.getvalue().encode()
    header: list[str] = []
    found = list(read_csv(io.BytesIO(data), "name", delimiter_in(data), header))
    assert [list(row.values.values()) for row in found] == rows
    assert header == ["one", "two"]


def test_rows_of_csv_know_their_lines(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('a,b\n1,"two\nlines"\n\n3,4\n')
    (source,) = find_sources(str(tmp_path / "a.csv"))
    assert [(row.number, row.values["a"]) for row in RowFile(source)] == [(2, "1"), (5, "3")]


@pytest.mark.parametrize(
    "text", ['[{"a": 1} {"b": 2}]', '[{"a": 1},]', '[{"a": 1}', '{"a": 1}]', "[1, 2", '{"a"', "nonsense"]
)
def test_what_is_no_json_is_said(text: str) -> None:
    with pytest.raises(FilesError, match="name is no JSON"):
        list(read_json(io.BytesIO(text.encode()), "name"))


def test_empty_files_have_no_rows(tmp_path: Path) -> None:
    for name in ("a.csv", "a.jsonl", "a.json", "a", "b.csv"):
        (tmp_path / name).write_bytes(b"" if name != "b.csv" else b"a,b\n")
        assert rows_of(tmp_path / name) == []
        packed = tmp_path / f"{name}.gz"
        packed.write_bytes(gzip.compress((tmp_path / name).read_bytes()))
        assert rows_of(packed) == []


def test_a_file_that_was_cut_off_is_an_error_after_its_rows(tmp_path: Path) -> None:
    lines = "".join(f'{{"n": {n}, "x": "{n * 7919 % 1000}"}}\n' for n in range(20_000))
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(lines.encode())[:-5000])
    (source,) = find_sources(str(tmp_path / "a.jsonl.gz"))
    rows = iter(RowFile(source))
    assert next(rows).values["n"] == 0
    with pytest.raises(FilesError, match=r"a\.jsonl\.gz"):
        list(rows)


@pytest.mark.parametrize("missing", [1, 100, 3000])
def test_a_file_of_zstd_that_was_cut_off_is_an_error(tmp_path: Path, missing: int) -> None:
    zstandard = pytest.importorskip("zstandard")
    compress = zstandard.ZstdCompressor().compress
    lines = "".join(f'{{"n": {n}, "x": "{n * 7919 % 1000}"}}\n' for n in range(20_000)).encode()
    whole = compress(lines) + compress(b"") + compress(b'{"n": 1}\n')
    (tmp_path / "a.jsonl.zst").write_bytes(whole)
    assert len(rows_of(tmp_path / "a.jsonl.zst")) == 20_001
    (tmp_path / "a.jsonl.zst").write_bytes(compress(lines)[:-missing])
    with pytest.raises(FilesError, match=r"a\.jsonl\.zst cannot be read"):
        rows_of(tmp_path / "a.jsonl.zst")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be"])
def test_the_usual_encodings_are_read(tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    texts = {"a.csv": "n\tname\r\n1\tJürgen 👋\r\n", "a.json": '[{"n": "1", "name": "Jürgen 👋"}]'}
    texts["a.jsonl"] = texts["a.json"][1:-1] + "\n"
    for name, text in texts.items():
        (tmp_path / name).write_bytes((mark + text).encode(encoding))
        assert rows_of(tmp_path / name) == [{"n": "1", "name": "Jürgen 👋"}]
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress((mark + text).encode(encoding)))
        assert rows_of(tmp_path / f"{name}.gz") == [{"n": "1", "name": "Jürgen 👋"}]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04\x14\0\0\0", "Excel"),
        (b"BZh91AY&SY", "bzip2"),
        (gzip.compress(gzip.compress(b"a,b\n1,2\n")), "gzip twice"),
        ("a,b\n1,2\n".encode("utf-16-le"), "no text in UTF-8"),
        (b"\xff\xfea\0,\0b\0\n\0\0\xd8", "no text in UTF-16"),
    ],
    ids=["zip", "bzip2", "gzip", "utf-16 without its mark", "utf-16 cut off"],
)
def test_what_is_no_text_is_said_and_not_taken_for_rows(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "usage.csv").write_bytes(content)
    with pytest.raises(FilesError, match=said):
        rows_of(tmp_path / "usage.csv")


def test_delimiters_within_quotes_and_lines_of_blanks_do_not_count(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('"at, in UTC, of the call";n\n1;2\n   \n\n3;4\n')
    assert [row["n"] for row in rows_of(tmp_path / "a.csv")] == ["2", "4"]


def test_parquet_of_all_types_is_read(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    path = tmp_path / "odd [1].parquet"
    duckdb.sql(
        "COPY (SELECT TIMESTAMPTZ '2026-01-01 01:00:00+01' AS zoned, DATE '2026-01-02' AS day, 1.50::DECIMAL(5,2) AS p,"
        " {'input': 3} AS usage, [1, NULL] AS list, NULL AS nothing, true AS flag, 'x' AS \"odd \"\"name\""
        f") TO '{tmp_path}/a.parquet'"
    )
    (tmp_path / "a.parquet").rename(path)
    (row,) = rows_of(path)
    assert str(row["zoned"]) == "2026-01-01 00:00:00" and str(row["day"]) == "2026-01-02"
    assert row["usage"] == {"input": 3} and row['odd "name'] == "x" and row["nothing"] is None


def test_times_within_objects_and_lists_of_parquet_have_one_text_in_every_version_of_duckdb(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    if duckdb.__version__.startswith("1."):
        pytest.importorskip("pytz")
    moment, path = "TIMESTAMPTZ '2026-01-01 01:00:00+01'", tmp_path / "a.parquet"
    duckdb.sql(f"COPY (SELECT {{'at': {moment}}} AS o, [{moment}] AS l, TIMESTAMP_NS '2026-01-01' AS ns) TO '{path}'")
    (row,) = rows_of(path)
    text = "2026-01-01T00:00:00Z"
    assert [text_of_value(row[name]) for name in ("o", "l", "ns")] == [f'{{"at":"{text}"}}', f'["{text}"]', text]


@pytest.mark.parametrize(("package", "name"), [("duckdb", "a.parquet"), ("zstandard", "a.csv.zst")])
def test_a_missing_package_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    monkeypatch.setitem(__import__("sys").modules, "compression", None)
    (tmp_path / name).write_bytes(b"PAR1...." if package == "duckdb" else b"\x28\xb5\x2f\xfd....")
    with pytest.raises(MissingExtraError, match=r"pip install 'openmonetize\[files\]'"):
        rows_of(tmp_path / name)


def test_a_value_without_an_end_is_not_read_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_rows, "_MAX_VALUE", 1000)
    monkeypatch.setattr(json_rows, "_CHUNK", 100)
    with pytest.raises(FilesError, match="no JSON"):
        list(read_json(io.BytesIO(b'{"a": "' + b"x" * 100_000), "name"))
