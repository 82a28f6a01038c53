"""What is said of files in object stores where nothing can read them; with the extensions: test/integrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from openmonetize import ApiValueError, MissingExtraError
from openmonetize.files.sources import find_sources

pytest.importorskip("duckdb")


@pytest.mark.parametrize("path", ["s3://usage/a.csv", "s3://usage/*.parquet", "gs://usage/a.csv", "https://host/a.csv"])
def test_the_extra_is_named(path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))  # where DuckDB has the extensions that were installed in it
    monkeypatch.setattr("openmonetize.files.objects.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'openmonetize\[objects\]'"):
        find_sources(path)


@pytest.mark.parametrize("path", ["s3://usage", "s3://usage/", "s3://usage/logs/", "https://example.com"])
def test_a_bucket_is_no_file(path: str) -> None:
    with pytest.raises(ApiValueError, match="names no file: name one, such as"):
        find_sources(path)


def test_credentials_in_an_address_are_refused_and_not_shown() -> None:
    with pytest.raises(ApiValueError, match=r"an address of s3:// has no \?"):
        find_sources("s3://usage/a.csv?s3_secret_access_key=TheSecret")
    with pytest.raises(ApiValueError, match=r"^https://example\.com/\*\.csv is a pattern, and web servers do not list"):
        find_sources("https://me:TheSecret@example.com/*.csv?signature=TheSecret")
