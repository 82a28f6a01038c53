"""Usage files in object stores and on web servers, which extensions of DuckDB read."""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import has_magic
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openmonetize.exceptions import ApiValueError, MissingExtraError
from openmonetize.files.errors import FilesError

_STORES, _WEB = ("s3://", "gs://", "r2://"), ("https://", "http://")
_MISSING = "to read files from object stores and web servers: pip install 'openmonetize[objects]'"
_MAX_BYTES = 2**32  # of one value in DuckDB, exclusive


def is_remote(path: str) -> bool:
    """Return whether a path is an address."""
    return path.startswith(_STORES + _WEB)


def shown(address: str) -> str:
    """Return an address without what gives access to it, such as the signature after the question mark."""
    if address.startswith(_STORES):
        return address
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def find_objects(path: str) -> list[str]:
    """Return the addresses that an address or a pattern stands for, in their order.

    Raises:
        ApiValueError: it names no file.
        FilesError: there is no such file, or it cannot be read.
        MissingExtraError: an extension is not installed.
    """
    scheme, _, rest = shown(path).partition("://")
    if "?" in path and path.startswith(_STORES):
        raise ApiValueError(f"an address of {scheme}:// has no ?: patterns have * and [ ], keys are set elsewhere")
    if "/" not in rest or rest.endswith("/"):
        raise ApiValueError(f"{scheme}://{rest} names no file: name one, such as {scheme}://{rest.rstrip('/')}/a.csv")
    pattern = has_magic(rest)
    if pattern and path.startswith(_WEB):
        raise ApiValueError(f"{scheme}://{rest} is a pattern, and web servers do not list their files")
    with connected(path) as database:
        if not pattern:
            database.execute("SELECT size FROM read_blob(?)", [path]).fetchall()
            return [path]
        database.execute("SET s3_url_compatibility_mode = false")
        found = sorted(row[0] for row in database.execute("SELECT file FROM glob(?)", [path]).fetchall())
    found = [address for address in found if not address.endswith("/")]
    if not found:
        raise ApiValueError(f"no file matches {path}")
    return found


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Give a connection of DuckDB that reads an address as it is, and no patterns. It downloads no extensions.

    Keys are read by the extensions, from secrets that the user has stored in DuckDB, else where AWS's own tools look
    for them: they are in no variable here.

    Raises:
        FilesError: what goes wrong meanwhile; its text has nothing of DuckDB's, which may quote the whole address.
        MissingExtraError: an extension is not installed.
    """
    try:
        import duckdb
    except ImportError:
        raise MissingExtraError(_MISSING) from None
    try:
        config: dict[str, Any] = {
            "threads": 1,
            "autoinstall_known_extensions": False,
            "enable_external_file_cache": False,  # it would hold all of a file in memory
        }
        with duckdb.connect(":memory:", config=config) as database:
            _load(database, "httpfs")
            for name in ("access_key_id", "secret_access_key", "session_token"):  # they would go to Google, too
                database.execute(f"SET s3_{name} = ''")
            if (
                address.startswith("s3://")
                and not database.execute("SELECT 1 FROM which_secret(?, 's3')", [address]).fetchall()
            ):
                _load(database, "aws")
                # Without validation, a public file needs no keys.
                options = f"TYPE s3, PROVIDER credential_chain, VALIDATION 'none'{_endpoint()}"
                database.execute(f"CREATE SECRET openmonetize ({options})")
            database.execute("SET s3_url_compatibility_mode = true")
            yield database
    except duckdb.Error as error:
        raise FilesError(f"{shown(address)} cannot be read: {_reason(error)}") from None


def _load(database: Any, extension: str) -> None:
    """Load an extension: that of our extra, else one that the user has installed in DuckDB."""
    import duckdb

    named = extension
    package = find_spec(f"duckdb_extension_{extension}")
    if package is not None and package.origin is not None:
        folder = Path(package.origin).parent / "extensions" / f"v{duckdb.__version__}"
        file = folder / f"{extension}.duckdb_extension"
        named = _quoted(str(file)) if file.is_file() else extension
    try:
        database.execute(f"LOAD {named}")
    except duckdb.Error:
        raise MissingExtraError(_MISSING) from None


def _endpoint() -> str:
    """Return the options for a server other than Amazon's."""
    given = os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    if not given:
        return ""
    parts = urlsplit(given)
    server = _quoted(parts.netloc.rpartition("@")[2] + parts.path.rstrip("/"))
    return f", ENDPOINT {server}, USE_SSL {parts.scheme != 'http'}, URL_STYLE 'path'"


def _quoted(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))


def _reason(error: Exception) -> str:
    import duckdb

    status = getattr(error, "status_code", None)
    if status == 404:
        return "there is no such file, or no such bucket"
    if status in (401, 403):
        return "the server refuses access with these credentials, or without any"
    if status in (301, 400):
        return f"the server refuses the request (HTTP {status}): AWS_REGION must be the region of the bucket"
    if status:
        return f"the server answered HTTP {status}"
    if isinstance(error, duckdb.OutOfMemoryException):
        return "it does not fit into memory"
    if "No space left" in str(error):
        return "the disk for temporary files is full"
    if isinstance(error, duckdb.IOException):
        return "the server cannot be reached, or refuses access"
    return "it is damaged, or no file of its format"


@contextmanager
def downloaded(address: str) -> Iterator[io.BufferedReader]:
    """Open a copy of a file on this disk. DuckDB holds the file in memory while it copies it, up to three times.

    Raises:
        FilesError: it cannot be read, or has 4 GiB or more.
        MissingExtraError: an extension is not installed.
    """
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "copy")
        with connected(address) as database:
            (size,) = database.execute("SELECT size FROM read_blob(?)", [address]).fetchone()
            if size >= _MAX_BYTES:
                raise FilesError(f"{shown(address)} cannot be read: only Parquet files may have 4 GiB or more")
            database.execute(f"COPY (SELECT content FROM read_blob(?)) TO {_quoted(path)} (FORMAT blob)", [address])
        with open(path, "rb") as file:
            yield file
