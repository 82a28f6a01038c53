"""Usage files in an object store and on a web server: the same rows under the same ids as those of local files."""

from __future__ import annotations

import gzip
import json
import os
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Callable
from urllib.request import Request as Call, urlopen

import boto3
import duckdb
import pytest
import zstandard
from files.tools import ASSUMED, ids, trace_rows, write_csv, write_lines
from moto.server import ThreadedMotoServer
from werkzeug import Request, Response
from werkzeug.serving import make_server

from openmonetize import ApiValueError, FilesError, OpenMonetize
from openmonetize.cli import main
from openmonetize.files.objects import _load, is_remote
from openmonetize.files.reading import RowFile
from openmonetize.files.sources import find_sources
from openmonetize.sandbox import Sandbox

USER = ASSUMED["user_id"]
PRESET: dict[str, Any] = {"preset": "azure-llm-trace", "constants": ASSUMED}
KEY, SECRET = "AKIAOFTHETESTS000000", "the/secret+of/the+tests"
Put = Callable[..., str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Yield the address of an object store."""
    started = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    started.start()
    host, port = started.get_host_and_port()
    yield f"http://{host}:{port}"
    started.stop()


def _tell(server: str, command: str, data: bytes = b"") -> None:
    urlopen(Call(f"{server}/moto-api/{command}", data, {"Content-Type": "text/plain"})).close()


@pytest.fixture(autouse=True)
def environment(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set what a user of the store sets, and nothing else that AWS's tools look for."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name, value in {
        "ACCESS_KEY_ID": KEY,
        "SECRET_ACCESS_KEY": SECRET,
        "REGION": "us-east-1",
        "ENDPOINT_URL": server,
        "EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(f"AWS_{name}", value)


@pytest.fixture
def s3(server: str) -> Any:
    """Return a client of an empty store with a bucket."""
    _tell(server, "reset")
    client = boto3.client("s3", endpoint_url=server, region_name="us-east-1")
    client.create_bucket(Bucket="usage")
    return client


@pytest.fixture
def put(s3: Any) -> Put:
    """Return a function that puts a file into the bucket, and returns its address."""

    def put_file(file: Path | bytes, key: str | None = None) -> str:
        data, key = (file, key) if isinstance(file, bytes) else (file.read_bytes(), key or file.name)
        s3.put_object(Bucket="usage", Key=key, Body=data)
        return f"s3://usage/{key}"

    return put_file


def rows_of(path: str, **settings: Any) -> list[tuple[int, dict[str, Any]]]:
    (source,) = find_sources(path)
    return [(row.number, row.values) for row in RowFile(source, **settings)]


def remote_ids(address: str) -> list[str]:
    return ids(address)  # type: ignore[arg-type]  # it is no path


def write_parquet(path: Path, table: Path) -> Path:
    with duckdb.connect() as database:
        database.execute(f"COPY (FROM read_csv('{table}', all_varchar = true)) TO '{path}' (FORMAT parquet)")
    return path


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Return the same rows in every form."""
    rows = trace_rows(30)
    table, lines = write_csv(tmp_path / "a.csv", rows), write_lines(tmp_path / "b.jsonl", rows)
    (tmp_path / "c.json").write_text(json.dumps(rows))
    (tmp_path / "d.csv.gz").write_bytes(gzip.compress(table.read_bytes()))
    (tmp_path / "e.jsonl.zst").write_bytes(zstandard.compress(lines.read_bytes()))
    (tmp_path / "f").write_bytes(table.read_bytes())
    (tmp_path / "day=1").mkdir()
    parquet = write_parquet(tmp_path / "day=1" / "g.parquet", table)
    (tmp_path / "h").write_bytes(parquet.read_bytes())
    (tmp_path / "i.parquet.gz").write_bytes(gzip.compress(parquet.read_bytes()))
    (tmp_path / "j.csv").write_bytes(b"\xff\xfe" + table.read_bytes().decode().encode("utf-16-le"))
    return [table, lines, *(tmp_path / name for name in ("c.json", "d.csv.gz", "e.jsonl.zst", "f", "h")), parquet] + [
        tmp_path / name for name in ("i.parquet.gz", "j.csv")
    ]


def test_rows_and_ids_are_those_of_the_local_file(files: list[Path], put: Put, tmp_path: Path) -> None:
    expected = ids(files[0])
    assert len(set(expected)) == 30
    for file in files:
        address = put(file, str(file.relative_to(tmp_path)))
        assert rows_of(address) == rows_of(str(file)), file
        assert remote_ids(address) == ids(file) == expected, file


def test_parquet_of_any_type_is_read_as_from_disk(put: Put, tmp_path: Path) -> None:
    with duckdb.connect() as database:
        database.execute(
            "COPY (SELECT i, i::DOUBLE / 7 d, i::DECIMAL(9, 2) e, TIMESTAMPTZ '2026-11-01 10:00:00+02' z, [i] l, "
            "{'a': i} s, NULL::INT n, 'ü' \"a b\" FROM range(2500) t(i)) "
            f"TO '{tmp_path}/types.parquet' (FORMAT parquet)"
        )
    rows = rows_of(put(tmp_path / "types.parquet"))
    assert len(rows) == 2500
    assert rows == rows_of(str(tmp_path / "types.parquet"))
    assert rows == rows_of(put(tmp_path / "types.parquet", "without suffix"), format="parquet")


def test_patterns_name_files_in_order(put: Put) -> None:
    for key in ("b/2.csv", "b/1.csv", "b/10.csv", "b/", "b/c/3.csv", "b/1.csv.openmonetize-sent", "b/x.json", "e.csv"):
        put(b"", key)

    def found(pattern: str) -> list[str]:
        return [source.name[len("s3://usage/") :] for source in find_sources(f"s3://usage/{pattern}")]

    assert found("b/*.csv") == ["b/1.csv", "b/10.csv", "b/2.csv"]
    assert found("b/1*") == ["b/1.csv", "b/10.csv"]
    assert found("b/[12].csv") == ["b/1.csv", "b/2.csv"]
    assert found("**/*.csv") == ["b/1.csv", "b/10.csv", "b/2.csv", "b/c/3.csv", "e.csv"]
    with pytest.raises(ApiValueError, match=r"no file matches s3://usage/z\*"):
        find_sources("s3://usage/z*")
    with pytest.raises(ApiValueError, match=r"s3://usage/b/1\.csv is named twice"):
        find_sources(["s3://usage/b/1.csv", "s3://usage/b/*.csv"])


def test_any_key_is_read(put: Put) -> None:
    keys = ["a b+ü#%41&.csv", "we[i]rd*.csv", "q?m=1.csv", "it's.csv", 'quo"te.csv']
    for number, key in enumerate(keys):
        put(f"x\n{number}\n".encode(), f"k/{key}")
    sources = {source.name: [row.values["x"] for row in RowFile(source)] for source in find_sources("s3://usage/k/*")}
    assert sources == {f"s3://usage/k/{key}": [str(number)] for number, key in enumerate(keys)}
    assert rows_of("s3://usage/k/a b+ü#%41&.csv") == [(2, {"x": "0"})]


def test_each_row_is_billed_once_wherever_its_file_is(om: OpenMonetize, put: Put, tmp_path: Path) -> None:
    om.credits.grant(user_id=USER, amount=1_000_000)
    rows = trace_rows(20)
    first, second = write_csv(tmp_path / "a.csv", rows[:12]), write_lines(tmp_path / "b.jsonl", rows[12:])
    put(first, "logs/a.csv"), put(second, "logs/b.jsonl")
    plan = om.ingest_files("s3://usage/logs/*", dry_run=True, **PRESET)
    assert (plan.sent, plan.refused) == (20, 0) and plan.credits
    sent = tmp_path / "sent"
    assert om.ingest_files("s3://usage/logs/a*", checkpoint=sent, **PRESET).sent == 12
    report = om.ingest_files("s3://usage/logs/*", checkpoint=sent, **PRESET)
    assert (report.sent, report.already_sent) == (8, 12)
    local = om.ingest_files([first, second], checkpoint=sent, **PRESET)
    assert (local.sent, local.already_sent, local.requests) == (0, 20, 0)


def test_an_interrupted_run_goes_on(om: OpenMonetize, put: Put, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "a.csv", trace_rows(20))
    put(table, "a.csv"), put(b"no parquet", "b.parquet"), put(write_parquet(tmp_path / "p", table), "c.parquet")
    paths = ["s3://usage/a.csv", "s3://usage/b.parquet", "s3://usage/c.parquet"]
    sent = tmp_path / "sent"
    with pytest.raises(FilesError, match=r"s3://usage/b\.parquet cannot be read: it is damaged, or no file of its"):
        om.ingest_files(paths, checkpoint=sent, **PRESET)
    put(tmp_path / "p", "b.parquet")
    report = om.ingest_files(paths, checkpoint=sent, **PRESET)
    # Of equal rows in one run, each is an event.
    assert (report.rows, report.sent + report.already_sent, report.refused) == (60, 60, 0)


def test_a_provider_s_report_is_read_from_a_bucket(om: OpenMonetize, put: Put) -> None:
    today = datetime.now(timezone.utc).date()
    report = f"date,provider,model,input_tokens,output_tokens,cost_usd\n{today},google,gemini-2.5-flash,9,9,0.25\n"
    found = om.reconcile(put(report.encode(), "google.csv"), by="model")
    assert [row.provider_usd for row in found.rows] == [Decimal("0.25")]


def test_the_command_writes_in_the_working_directory(
    sandbox: Sandbox, put: Put, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = trace_rows(3)
    rows[1]["ContextTokens"] = "many"
    address = put(write_csv(tmp_path / "source.csv", rows), "logs/usage.csv")
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("OPENMONETIZE_API_KEY", sandbox.key)
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", sandbox.url)
    constants = [part for name, value in ASSUMED.items() for part in ("--set", f"{name}={value}")]
    assert main(["ingest", address, "--preset", "azure-llm-trace", *constants]) == 1
    assert "1 row refused" in (text := "".join(capsys.readouterr()))
    assert SECRET not in text
    assert [path.name for path in here.iterdir()] == ["usage.csv.rejected.csv"]
    assert "many" in (here / "usage.csv.rejected.csv").read_text()


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("s3://usage/none.csv", "there is no such file, or no such bucket"),
        ("s3://usage/none.parquet", "there is no such file, or no such bucket"),
        ("s3://nobody/a.csv", "there is no such file, or no such bucket"),
        ("s3://nobody/*.csv", "there is no such file, or no such bucket"),
        ("http://127.0.0.1:1/a.csv", "the server cannot be reached, or refuses access"),
    ],
)
def test_errors_are_in_plain_words(path: str, reason: str, s3: Any) -> None:
    with pytest.raises(FilesError) as caught:
        find_sources(path)
    assert str(caught.value) == f"{path} cannot be read: {reason}"
    assert "duckdb" not in "".join(traceback.format_exception_only(caught.type, caught.value)).lower()


def test_a_store_that_is_down_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with pytest.raises(FilesError, match=r"s3://usage/a\.csv cannot be read: the server cannot be reached"):
        find_sources("s3://usage/a.csv")


@pytest.fixture
def guarded(server: str, put: Put, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, str]]:
    """Yield the keys of the one user who may read the bucket."""
    put(b"x\n1\n", "a.csv")
    iam = boto3.client("iam", endpoint_url=server, region_name="us-east-1")
    iam.create_user(UserName="reader")
    statement = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_user_policy(UserName="reader", PolicyName="read", PolicyDocument=policy)
    made = iam.create_access_key(UserName="reader")["AccessKey"]
    _tell(server, "reset-auth", b"0")
    yield made["AccessKeyId"], made["SecretAccessKey"]
    _tell(server, "reset-auth", b"inf")


def test_credentials_are_found_where_aws_has_them(
    guarded: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in ("s3://usage/a.csv", "s3://usage/*.csv"):
        with pytest.raises(FilesError, match="the server refuses access with these credentials") as caught:
            find_sources(path)
        _shows_nothing(caught.value, SECRET)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", guarded[0])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", guarded[1])
    assert rows_of("s3://usage/*.csv") == [(2, {"x": "1"})]

    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(FilesError, match="refuses access with these credentials, or without any"):
        find_sources("s3://usage/a.csv")
    profile = tmp_path / "credentials"
    profile.write_text("[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n".format(*guarded))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(profile))
    assert rows_of("s3://usage/a.csv") == [(2, {"x": "1"})]


@pytest.mark.parametrize(("kind", "scheme"), [("s3", "s3"), ("gcs", "gs"), ("r2", "r2")])
def test_secrets_that_duckdb_keeps_come_first(
    kind: str, scheme: str, server: str, guarded: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL")
    options = (
        f"TYPE {kind}, KEY_ID '{guarded[0]}', SECRET '{guarded[1]}', ENDPOINT '{server[len('http://') :]}', "
        "USE_SSL false, URL_STYLE 'path', REGION 'us-east-1'" + (", ACCOUNT_ID ''" if kind == "r2" else "")
    )
    with duckdb.connect(config={"autoinstall_known_extensions": False}) as database:
        _load(database, "httpfs")
        database.execute(f"CREATE PERSISTENT SECRET mine ({options})")
    assert rows_of(f"{scheme}://usage/a.csv") == [(2, {"x": "1"})]
    assert [source.name for source in find_sources(f"{scheme}://usage/*.csv")] == [f"{scheme}://usage/a.csv"]


def _shows_nothing(error: BaseException, secret: str) -> None:
    """Look into texts and local variables as tools that report errors do."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    ours = [
        frame
        for frame in frames
        if "openmonetize" in frame.f_code.co_filename and "/test" not in frame.f_code.co_filename
    ]
    assert ours
    texts = traceback.format_exception(type(error), error, error.__traceback__)
    assert secret not in repr([frame.f_locals for frame in ours]) + "".join(texts)


def test_a_signed_address_is_shown_without_its_signature(s3: Any, om: OpenMonetize, put: Put, tmp_path: Path) -> None:
    table = write_csv(tmp_path / "a.csv", trace_rows(5))
    for file in (table, write_parquet(tmp_path / "a.parquet", table)):
        put(file)
        address = s3.generate_presigned_url("get_object", {"Bucket": "usage", "Key": file.name})
        assert "Signature=" in address and is_remote(address)
        assert rows_of(address) == rows_of(str(file))
        (source,) = find_sources(address)
        assert source.name == address.partition("?")[0] and source.suffix == file.suffix
    put(b"ContextTokens,GeneratedTokens,TIMESTAMP\nmany,1,2026-11-01\n", "a.csv")
    address = s3.generate_presigned_url("get_object", {"Bucket": "usage", "Key": "a.csv"})
    report = om.ingest_files(address, row_report=tmp_path / "rows", **PRESET)
    assert report.refused == 1
    assert "Signature" not in str(report) + repr(report) + (tmp_path / "rows").read_text()
    put(b"no parquet", "a.parquet")
    address = s3.generate_presigned_url("get_object", {"Bucket": "usage", "Key": "a.parquet"})
    with pytest.raises(FilesError, match=r"a\.parquet cannot be read: it is damaged") as caught:
        om.ingest_files(address, **PRESET)
    assert "Signature" not in "".join(traceback.format_exception_only(caught.type, caught.value))


@contextmanager
def served(answer: Callable[[Request], Response]) -> Iterator[str]:
    """Give the address of a web server."""
    with make_server("127.0.0.1", 0, Request.application(answer), threaded=True) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{web.server_port}"
        finally:
            web.shutdown()
            thread.join()


def test_a_web_server_needs_no_store(tmp_path: Path) -> None:
    table = write_csv(tmp_path / "a.csv", trace_rows(5))

    def answer(request: Request) -> Response:
        if request.path == "/a.csv":
            return Response(table.read_bytes())
        response = Response(b"", 200 if request.path == "/huge.csv" else 404)
        response.headers["Content-Length"] = str(2**32)
        return response

    with served(answer) as url:
        assert remote_ids(f"{url}/a.csv") == ids(table)
        with pytest.raises(FilesError, match=r"/b\.csv cannot be read: there is no such file"):
            find_sources(f"{url}/b.csv")
        with pytest.raises(FilesError, match=r"/huge\.csv cannot be read: only Parquet files may have 4 GiB or more"):
            rows_of(f"{url}/huge.csv")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (301, r"the server refuses the request \(HTTP 301\): AWS_REGION must be the region of the bucket"),
        (400, r"the server refuses the request \(HTTP 400\): AWS_REGION must be the region of the bucket"),
        (401, "the server refuses access with these credentials, or without any"),
        (503, "the server answered HTTP 503"),
    ],
)
@pytest.mark.parametrize("key", ["a.csv", "*.csv"])
def test_what_the_server_answers_is_said(status: int, reason: str, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with served(lambda request: Response(b"", status)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        kind: type[Exception] = FilesError
        if status == 301 and "*" in key and duckdb.__version__ < "1.5":  # which takes it for an empty folder
            kind, reason = ApiValueError, "no file matches"
        with pytest.raises(kind, match=reason):
            find_sources(f"s3://usage/{key}")
