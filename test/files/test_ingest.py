"""Usage files are loaded into a sandbox: every row is billed, and none is billed twice."""

from __future__ import annotations

import io
import json
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from openmonetize import (
    ApiTypeError,
    ApiValueError,
    FilesError,
    FilesProgress,
    FilesReport,
    OpenMonetize,
    PaymentRequiredException,
)
from openmonetize.exceptions import ServiceException, UnauthorizedException
from openmonetize.pricing import credits_for_tokens

pytest.importorskip("werkzeug")

from openmonetize.sandbox import Sandbox

from .tools import ASSUMED, TRACE, trace_rows, write_csv, write_lines

USER = ASSUMED["user_id"]
GRANT = 1_000_000
PRESET: dict[str, Any] = {"preset": "azure-llm-trace", "constants": ASSUMED}


@pytest.fixture
def om(sandbox: Sandbox) -> Iterator[OpenMonetize]:
    with OpenMonetize(sandbox.key, sandbox.url) as made:
        made.credits.grant(user_id=USER, amount=GRANT)
        yield made


def owed(rows: list[dict[str, Any]]) -> int:
    """Return what rows of the trace burn."""
    return sum(
        credits_for_tokens("OPENAI", "gpt-4o", int(row["ContextTokens"]), int(row["GeneratedTokens"])).credits
        for row in rows
    )


def adds_up(report: FilesReport) -> bool:
    parts = report.sent + report.duplicates + report.already_sent + report.repeated + report.skipped + report.refused
    return report.rows == parts


def test_every_row_is_billed_once_however_often_the_file_is_given(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path
) -> None:
    rows = trace_rows(2500)
    path = write_csv(tmp_path / "trace.csv", rows)
    first = om.ingest_files(path, **PRESET)
    assert (first.rows, first.sent, first.requests, first.refused) == (2500, 2500, 3, 0)
    second = om.ingest_files([str(path)], **PRESET)
    assert (second.sent, second.duplicates) == (0, 2500)
    assert adds_up(first) and adds_up(second)
    assert sandbox.billed(USER) == owed(rows) == GRANT - sandbox.balance(USER)


def test_rows_that_are_appended_inserted_and_moved_are_billed_once(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path
) -> None:
    rows = trace_rows(1200)
    om.ingest_files(write_csv(tmp_path / "trace.csv", rows[:800]), **PRESET)
    appended = om.ingest_files(write_csv(tmp_path / "trace.csv", rows[:900]), **PRESET)
    inserted = om.ingest_files(write_csv(tmp_path / "trace.csv", [*rows[900:1000], *rows[:900]]), **PRESET)
    moved = rows[:1000]
    random.Random(7).shuffle(moved)
    reordered = om.ingest_files(write_csv(tmp_path / "trace.csv", moved), **PRESET)
    in_other_format = om.ingest_files(write_lines(tmp_path / "trace.jsonl", rows), **PRESET)
    assert [r.sent for r in (appended, inserted, reordered, in_other_format)] == [100, 100, 0, 200]
    assert sandbox.billed(USER) == owed(rows)


def test_equal_rows_are_as_many_events(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    rows = trace_rows(3) * 4
    report = om.ingest_files(write_csv(tmp_path / "trace.csv", rows), **PRESET)
    assert report.sent == 12
    assert sandbox.billed(USER) == owed(rows)


def test_a_checkpoint_saves_the_quota_of_rows_that_were_sent(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path
) -> None:
    rows, checkpoint = trace_rows(1500), tmp_path / "trace.sent"
    om.ingest_files(write_csv(tmp_path / "trace.csv", rows[:1100]), checkpoint=checkpoint, **PRESET)
    with checkpoint.open("ab") as file:
        file.write(b"\x01\x02\x03")  # half an id, by a run that was killed
    report = om.ingest_files(write_csv(tmp_path / "trace.csv", rows), checkpoint=checkpoint, **PRESET)
    assert (report.already_sent, report.sent, report.requests) == (1100, 400, 1)
    again = om.ingest_files(tmp_path / "trace.csv", checkpoint=checkpoint, **PRESET)
    assert (again.already_sent, again.requests) == (1500, 0)
    assert sandbox.billed(USER) == owed(rows)
    with pytest.raises(FilesError, match="no checkpoint of these rows"):
        om.ingest_files(tmp_path / "trace.csv", checkpoint=checkpoint, source="another", **PRESET)


@pytest.mark.parametrize("write", [write_csv, write_lines])
def test_refused_rows_are_mended_and_given_again(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, write: Any
) -> None:
    rows = trace_rows(40)
    good = [dict(row) for row in rows]
    rows[3]["ContextTokens"] = "many"
    rows[20]["TIMESTAMP"] = "yesterday"
    path = write(tmp_path / f"trace{'.csv' if write is write_csv else '.jsonl'}", rows)
    rejected = tmp_path / f"rejected{path.suffix}"
    report = om.ingest_files(path, rejected=rejected, **PRESET)
    assert (report.sent, report.refused, report.rejected_files) == (38, 2, [str(rejected)])
    assert [refusal.row for refusal in report.refusals] == ([5, 22] if write is write_csv else [4, 21])
    assert "yesterday" in report.refusals[1].reason

    # Mended so that it equals a row that was sent, it is one more.
    text = rejected.read_text().replace("yesterday", good[20]["TIMESTAMP"], 2).replace("many", good[3]["ContextTokens"])
    rejected.write_text(text)
    mended = om.ingest_files(rejected, **PRESET)
    assert (mended.sent, mended.refused, mended.duplicates) == (2, 0, 0)
    assert om.ingest_files(rejected, **PRESET).duplicates == 2
    assert sandbox.billed(USER) == owed(good)


def test_a_mended_row_that_equals_one_that_was_sent_is_billed(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path
) -> None:
    rows = trace_rows(1) * 2
    rows = [dict(rows[0]), {**rows[1], "ContextTokens": "?"}]
    om.ingest_files(write_csv(tmp_path / "trace.csv", rows), rejected=tmp_path / "rejected.csv", **PRESET)
    mended = (tmp_path / "rejected.csv").read_text()
    (tmp_path / "rejected.csv").write_text(mended.replace(",?,", f",{rows[0]['ContextTokens']},"))
    assert om.ingest_files(tmp_path / "rejected.csv", **PRESET).sent == 1
    assert sandbox.billed(USER) == owed(trace_rows(1) * 2)


def test_a_file_of_refused_rows_is_never_overwritten(om: OpenMonetize, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", [{**trace_rows(1)[0], "ContextTokens": "?"}])
    for expected in ("rejected.csv", "rejected-2.csv"):
        report = om.ingest_files(path, rejected=tmp_path / "rejected.csv", **PRESET)
        assert report.rejected_files == [str(tmp_path / expected)]


def test_lines_that_cannot_be_read_are_refused_alone(om: OpenMonetize, tmp_path: Path) -> None:
    rows = [json.dumps(row) for row in trace_rows(3)]
    (tmp_path / "trace.jsonl").write_text("\n".join([rows[0], '{"half', "", "[1]", *rows[1:]]))
    report = om.ingest_files(tmp_path / "trace.jsonl", rejected=tmp_path / "bad.jsonl", **PRESET)
    assert (report.sent, report.refused) == (3, 2)
    bad = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert [row["openmonetize_text"] for row in bad] == ['{"half', "[1]"]
    again = om.ingest_files(tmp_path / "bad.jsonl", **PRESET)
    assert again.refused == 2 and "openmonetize_text" in again.refusals[0].reason


def test_ragged_lines_of_csv_are_refused_and_can_be_mended(om: OpenMonetize, tmp_path: Path) -> None:
    header, one, two = write_csv(tmp_path / "trace.csv", trace_rows(2)).read_text().splitlines()
    (tmp_path / "trace.csv").write_text("\n".join([header, one, two + ",surplus", "2023-11-16 18:17:03.9"]))
    report = om.ingest_files(tmp_path / "trace.csv", rejected=tmp_path / "bad.csv", **PRESET)
    assert (report.sent, report.refused) == (1, 2)
    lines = (tmp_path / "bad.csv").read_text().splitlines()
    assert lines[0] == f"openmonetize_error,openmonetize_row_id,{header}"
    assert lines[1].endswith(f"{two},surplus")
    (tmp_path / "bad.csv").write_text("\n".join([lines[0], lines[1].replace(",surplus", "")]))
    assert om.ingest_files(tmp_path / "bad.csv", **PRESET).sent == 1


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"output_tokens": "GeneratedTokns"}},
        {"columns": {"input_tokens": "ContextTokens + GeneratedTokns"}},
        {"columns": {"model": "Generated_Tokens or before(GeneratedTokns, '/')"}},
        {"constants": {**ASSUMED, "user_id": "acme_{GeneratedTokns}"}},
    ],
)
def test_a_misspelt_column_ends_the_run_before_anything_is_sent(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, mapping: dict[str, Any]
) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(3))
    with pytest.raises(FilesError, match=r"trace.csv has no column .* for .*: did you mean 'GeneratedTokens'\?"):
        om.ingest_files(path, **{**PRESET, **mapping})
    assert sandbox.events() == []


@pytest.mark.parametrize("model", ["nosuch or model", "name or vendor or model", 'nosuch or "gpt-4o"'])
def test_of_alternative_columns_a_file_needs_one(om: OpenMonetize, tmp_path: Path, model: str) -> None:
    rows = [{**row, "model": "gpt-4o"} for row in trace_rows(3)]
    mapping: dict[str, Any] = {**PRESET, "columns": {"model": model}}
    mapping["constants"] = {name: value for name, value in ASSUMED.items() if name != "model"}
    assert om.ingest_files(write_csv(tmp_path / "trace.csv", rows), **mapping).sent == 3


def test_rows_of_json_may_lack_a_column(om: OpenMonetize, tmp_path: Path) -> None:
    rows = [*trace_rows(2), {**trace_rows(3)[2], "extra": 5}]
    mapping: dict[str, Any] = {**PRESET, "columns": {"metadata.extra": "extra"}}
    assert om.ingest_files(write_lines(tmp_path / "trace.jsonl", rows), **mapping).sent == 3


def test_the_report_names_refused_values_while_they_are_few(om: OpenMonetize, tmp_path: Path) -> None:
    for count in (2, 9):
        rows = [{**row, "vendor": f"vendor{number % count}"} for number, row in enumerate(trace_rows(18))]
        mapping: dict[str, Any] = {**PRESET, "columns": {"provider": "vendor"}}
        mapping["constants"] = {name: value for name, value in ASSUMED.items() if name != "provider"}
        report = om.ingest_files(write_csv(tmp_path / f"{count}.csv", rows), **mapping)
        assert sum(report.reasons.values()) == report.refused == 18
        assert all("--provider NAME=PROVIDER" in reason for reason in report.reasons)
        assert [("vendor" in reason) for reason in report.reasons] == ([True, True] if count == 2 else [False])


def test_a_dry_run_sends_nothing_and_says_what_would_happen(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    rows = trace_rows(1500)
    rows[7]["ContextTokens"] = "?"
    for number, row in enumerate(rows):
        row["user"] = USER if number % 4 else "acme_without_wallet"
    path = write_csv(tmp_path / "trace.csv", rows)
    mapping: dict[str, Any] = {"preset": "azure-llm-trace", "columns": {"user_id": "user"}}
    mapping["constants"] = {"provider": "openai", "model": "gpt-4o"}
    lines = tmp_path / "rows.jsonl"
    report = om.ingest_files(path, dry_run=True, row_report=lines, **mapping)
    assert sandbox.events() == []
    assert (report.rows, report.sent, report.refused, report.requests) == (1500, 1499, 1, 2)
    assert report.credits == owed([row for row in rows if row["ContextTokens"] != "?"])
    assert report.wallets == (2, 1, 1499, 375)
    assert report.users == 2
    assert report.seconds == pytest.approx(2 * 60 / 90)
    outcomes = [json.loads(line) for line in lines.read_text().splitlines()]
    assert len(outcomes) == 1500
    assert outcomes[7]["outcome"] == "refused" and outcomes[7]["row"] == 9
    assert outcomes[8]["event"]["user_id"] == "acme_without_wallet"
    assert "would be sent" in str(report) and "no wallet: 1 of 2 users looked up, with 25% of their rows" in str(report)

    sent = om.ingest_files(path, **mapping)
    assert sent.sent == report.sent
    ids = {row["event_id"] for row in outcomes if row["outcome"] == "would be sent"}
    assert {event["event_id"] for event in sandbox.events()} == ids


def test_the_dry_run_says_what_the_quota_allows(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(300))
    with Sandbox(quota=200) as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        report = om.ingest_files(path, dry_run=True, **PRESET)
        assert report.quota == 199
        assert "101 too few" in str(report)


def test_a_run_that_uses_up_the_quota_says_how_far_it_came_and_goes_on_later(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(300))
    with Sandbox(quota=200) as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        with pytest.raises(PaymentRequiredException) as caught:
            om.ingest_files(path, checkpoint=tmp_path / "sent", **PRESET)
        report: FilesReport = vars(caught.value)["report"]
        assert report.sent == 200 == len(sandbox.events())
        sandbox.advance(days=31)
        assert om.ingest_files(path, checkpoint=tmp_path / "sent", **PRESET).sent == 100
        assert len(sandbox.events()) == 300


def test_failures_are_retried_and_nothing_is_billed_twice(tmp_path: Path) -> None:
    rows = trace_rows(3000)
    path = write_csv(tmp_path / "trace.csv", rows)
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id=USER, amount=GRANT)
        for fault in ("500-after", "reset-after", "429", "html-200"):
            sandbox.fail_next(f"{fault}:path=/v1/events/ingest")
        report = om.ingest_files(path, **PRESET)
        assert report.sent + report.duplicates == 3000 and report.duplicates > 0
        assert sandbox.billed(USER) == owed(rows)


def test_a_wrong_key_and_a_long_outage_end_the_run(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(3))
    om.ingest_files(path, **PRESET)
    sandbox.fail_next("500:path=/v1/events/ingest", 50)
    with pytest.raises(ServiceException):
        om.ingest_files(path, max_outage=0.0, **PRESET)
    with OpenMonetize("om_wrong_key", sandbox.url) as wrong, pytest.raises(UnauthorizedException):
        wrong.ingest_files(path, **PRESET)


def test_standard_input_and_patterns_are_read(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = trace_rows(30)
    for number in range(3):
        write_csv(tmp_path / f"part-{number}.csv", rows[number * 10 : number * 10 + 10])
    assert om.ingest_files(tmp_path / "part-*.csv", **PRESET).sent == 30
    text = write_csv(tmp_path / "all.csv", rows).read_bytes()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text)))
    assert om.ingest_files("-", **PRESET).duplicates == 30


def test_progress_is_told(om: OpenMonetize, tmp_path: Path) -> None:
    told: list[FilesProgress] = []
    path = write_csv(tmp_path / "trace.csv", trace_rows(1200))
    om.ingest_files(path, on_progress=told.append, **PRESET)
    last = told[-1]
    assert (last.rows, last.sent, last.bytes_read) == (1200, 1200, path.stat().st_size)
    assert last.bytes_total == path.stat().st_size


def test_without_a_preset_columns_have_the_names_of_fields(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    row: dict[str, Any] = {"feature_id": "f", "user_id": USER, "timestamp": "2026-11-01"}
    rows = [
        {**row, "provider": "openai", "model": "gpt-4o", "input_tokens": 1000, "output_tokens": 10},
        {**row, "quantity": 2, "unit_type": "page"},
        {**row, "event_type": "API_CALL"},
        {**row, "provider": "openai", "model": "dall-e-3", "image_count": 1},
        row,
    ]
    report = om.ingest_files(write_lines(tmp_path / "own.jsonl", rows))
    assert (report.sent, report.refused) == (4, 1)
    assert "has no usage" in report.refusals[0].reason
    kinds = {event["event_type"] for event in sandbox.events()}
    assert kinds == {"TOKEN_USAGE", "CUSTOM", "API_CALL", "IMAGE_GENERATION"}


def test_rows_without_tokens_are_left_out(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    rows = [*trace_rows(2), {**trace_rows(1)[0], "ContextTokens": "0", "GeneratedTokens": ""}]
    report = om.ingest_files(write_csv(tmp_path / "trace.csv", rows), **PRESET)
    assert (report.sent, report.skipped) == (2, 1)
    assert len(sandbox.events()) == 2


def test_rows_without_a_user_are_counted_or_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(2))
    no_user: dict[str, Any] = {"preset": "azure-llm-trace", "constants": {"provider": "openai", "model": "gpt-9-odd"}}
    with OpenMonetize(sandbox.key, sandbox.url, require_user=True) as strict:
        assert strict.ingest_files(path, **no_user).refused == 2
    with OpenMonetize(sandbox.key, sandbox.url) as om:
        report = om.ingest_files(path, **no_user)
    assert (report.sent, report.no_user, report.unpriced) == (2, 2, {"gpt-9-odd of openai": 2})


def test_the_first_release_of_the_platform_takes_rows_too(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(20))
    with Sandbox(era="seed") as sandbox, OpenMonetize(sandbox.key, sandbox.url, customer_id=customer_of(sandbox)) as om:
        assert om.ingest_files(path, **PRESET).sent == 20
        assert len(sandbox.events()) == 20


@pytest.mark.parametrize("write", [write_csv, write_lines])
def test_rows_that_the_platform_refuses_by_name_are_set_aside_and_the_others_sent(tmp_path: Path, write: Any) -> None:
    good = trace_rows(1500)
    odd = {"TIMESTAMP": "2023-11-16 20:00:00", "pages": 3}  # the seed era has no such events, and names them
    rows = [*good[:700], {**odd, "pages": 4}, *good[700:1200], odd, *good[1200:]]
    rows = [{"TIMESTAMP": "", "ContextTokens": "", "GeneratedTokens": "", "pages": "", **row} for row in rows]
    mapping: dict[str, Any] = {
        **PRESET,
        "columns": {"quantity": "pages"},
        "constants": {**ASSUMED, "unit_type": "page"},
        "checkpoint": tmp_path / "sent",
    }
    rejected = tmp_path / f"rejected.{'csv' if write is write_csv else 'jsonl'}"
    with Sandbox(era="seed", mode="faithful", defects=["seed-event-types"]) as sandbox:
        customer_id = customer_of(sandbox)
        with OpenMonetize(sandbox.key, sandbox.url, customer_id=customer_id) as om:
            report = om.ingest_files(
                write(tmp_path / "trace", rows), rejected=rejected, row_report=tmp_path / "rows", **mapping
            )
            assert (report.rows, report.sent, report.refused) == (1502, 1500, 2) and adds_up(report)
            assert len(sandbox.events()) == 1500
            first = 2 if write is write_csv else 1
            assert [refusal.row for refusal in report.refusals] == [700 + first, 1201 + first]
            assert all(refusal.reason.startswith("refused by the platform (400):") for refusal in report.refusals)
            assert len(report.reasons) == 1
            outcomes = [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()]
            refused = [line for line in outcomes if line["outcome"] == "refused"]
            assert len(outcomes) == 1502 and len(refused) == 2
            # They are no part of the checkpoint, and keep their ids for when they are mended.
            again = om.ingest_files(rejected, **mapping)
            assert (again.rows, again.already_sent, again.refused) == (2, 0, 2)
    kept = rejected.read_text()
    assert all(line["event_id"] in kept for line in refused)


def customer_of(sandbox: Sandbox) -> str:
    """Return the id of the development account."""
    (customer,) = sandbox.state.db.execute("SELECT id FROM customers").fetchone()
    return str(customer)


def test_a_disabled_client_reads_and_checks_only(tmp_path: Path) -> None:
    with OpenMonetize(enabled=False) as om:
        report = om.ingest_files(write_csv(tmp_path / "trace.csv", trace_rows(5)), **PRESET)
    assert report.dry_run and report.sent == 5


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"paths": "nowhere.csv"}, "there is no file"),
        ({"paths": "nowhere-*.csv"}, "no file matches"),
        ({"paths": []}, "no usage file"),
        ({"preset": "azure"}, "no preset"),
        ({"columns": {"tokens": "x"}}, "no field 'tokens'"),
        ({"columns": {"model": "upper(x)"}}, "no function upper"),
        ({"columns": {"model": "a + "}}, "no expression"),
        ({"constants": {"user_id": "{a"}}, "brace"),
        ({"providers": {"azure": "microsoft"}}, "the platform takes"),
        ({"format": "xml"}, "format must be"),
        ({"rate_share": 2}, "rate_share"),
        ({"max_outage": float("nan")}, "max_outage"),
        ({"max_outage": "5"}, "max_outage"),
        ({"preset": ["azure-llm-trace"]}, "no preset"),
        ({"columns": {"model": "after(" * 10_000}}, "too many parts"),
    ],
)
def test_wrong_arguments_are_explained_before_anything_is_sent(
    om: OpenMonetize, tmp_path: Path, arguments: dict[str, Any], said: str
) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(1))
    with pytest.raises(ApiValueError, match=said):
        om.ingest_files(**{"paths": path, **arguments})


@pytest.mark.parametrize("name", ["columns", "constants", "providers", "rejected", "row_report", "checkpoint"])
def test_arguments_of_another_kind_are_explained(om: OpenMonetize, tmp_path: Path, name: str) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(1))
    with pytest.raises(ApiTypeError, match=f"{name} must be a"):
        om.ingest_files(path, **{name: 5})


@pytest.mark.parametrize("name", ["rejected", "row_report", "checkpoint"])
def test_places_where_nothing_can_be_written_are_said_before_anything_is_sent(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(1))
    for place in (tmp_path, tmp_path / "nowhere" / "file", ""):
        with pytest.raises(FilesError, match=name):
            om.ingest_files(path, **PRESET, **{name: place})
    assert sandbox.balance(USER) == GRANT


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"user_id": "custmer"}},
        {"columns": {"user_id": "custmer.id or cust"}},
        {"constants": {**ASSUMED, "user_id": "acme_{custmer}"}},
    ],
)
def test_a_column_that_a_table_does_not_have_sends_nothing(
    om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, mapping: dict[str, Any]
) -> None:
    rows = [{**row, "customer": "ada"} for row in trace_rows(3)]
    path = write_csv(tmp_path / "trace.csv", rows)
    with pytest.raises(FilesError, match=r"has no column 'custmer.* for user_id: did you mean 'customer'"):
        om.ingest_files(path, **{**PRESET, **mapping})
    assert sandbox.balance(USER) == GRANT
    mapping = {"columns": {"user_id": "custmer or customer"}, "constants": {**ASSUMED, "feature_id": "{customer}_x"}}
    del mapping["constants"]["user_id"]
    assert om.ingest_files(path, **{**PRESET, **mapping}, dry_run=True).no_user == 0


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv.gz", b"\x1f\x8b\x08\0broken"),
        ("a.parquet", b"PAR1 no"),
        ("a.json", b'[{"a": 1}'),
        ("a.csv", b"a,a\n1,2\n"),
    ],
)
def test_a_damaged_file_is_named(om: OpenMonetize, tmp_path: Path, name: str, content: bytes) -> None:
    if name.endswith("parquet"):
        pytest.importorskip("duckdb")
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FilesError, match=name):
        om.ingest_files(tmp_path / name, **PRESET)


FULL_DISK = """
import resource, sys
from openmonetize import FilesError, OpenMonetize
sys.dont_write_bytecode = True  # Python would keep modules that are cut off
url, key, path, name, place = sys.argv[1:]
with OpenMonetize(key, url) as om:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
    try:
        om.ingest_files(path, preset="azure-llm-trace", **{name: place},
                        constants={"provider": "openai", "model": "gpt-4o", "user_id": "acme_trace_user"})
    except FilesError as error:
        print(error.report.rows, error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
@pytest.mark.parametrize("name", ["rejected", "row_report", "checkpoint"])
def test_a_full_disk_ends_the_run_with_an_error_and_its_report(sandbox: Sandbox, tmp_path: Path, name: str) -> None:
    path = write_csv(tmp_path / "trace.csv", [*trace_rows(90), *({**row, "TIMESTAMP": "x"} for row in trace_rows(90))])
    arguments = [sandbox.url, str(sandbox.key), str(path), name, str(tmp_path / name)]
    done = subprocess.run([sys.executable, "-c", FULL_DISK, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.match(r"[1-9][0-9]* the .* cannot be written", done.stdout), done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="links need a right of their own on Windows")
def test_one_file_by_two_names_is_refused(om: OpenMonetize, sandbox: Sandbox, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "trace.csv", trace_rows(3))
    (tmp_path / "soft.csv").symlink_to(path)
    os.link(path, tmp_path / "hard.csv")
    (tmp_path / "trace.csv.openmonetize-sent").write_text("a checkpoint")
    for names in ([path, path], [path, tmp_path / "." / ".." / tmp_path.name / "trace.csv"], str(tmp_path / "*.csv")):
        with pytest.raises(ApiValueError, match="is named twice"):
            om.ingest_files(names, **PRESET)
    assert sandbox.balance(USER) == GRANT
    assert om.ingest_files(str(tmp_path / "trace*"), **PRESET).rows == 3


KILLED = """
import sys
from openmonetize import OpenMonetize
url, key, checkpoint, *paths = sys.argv[1:]
with OpenMonetize(key, url) as om:
    om.ingest_files(paths, preset="azure-llm-trace", checkpoint=checkpoint or None,
                    constants={"provider": "openai", "model": "gpt-4o", "user_id": "acme_trace_user"},
                    on_progress=lambda progress: print(progress.sent, flush=True))
print("done", flush=True)
"""


def kill_after(process: subprocess.Popen[str], sent: int) -> None:
    """Kill a run once it has sent that many events."""
    assert process.stdout is not None
    for line in process.stdout:
        if line == "done\n" or int(line) >= sent:
            break
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("with_checkpoint", [True, False])
def test_the_trace_is_billed_once_although_runs_are_killed(tmp_path: Path, with_checkpoint: bool) -> None:
    program = tmp_path / "load.py"
    program.write_text(KILLED)
    checkpoint = str(tmp_path / "sent") if with_checkpoint else ""
    with Sandbox() as sandbox, OpenMonetize(sandbox.key, sandbox.url) as om:
        om.credits.grant(user_id=USER, amount=GRANT)
        command = [sys.executable, str(program), sandbox.url, str(sandbox.key), checkpoint, *map(str, TRACE)]
        for sent in (3000, 9000, 15000):
            kill_after(subprocess.Popen(command, stdout=subprocess.PIPE, text=True), sent)
        report = om.ingest_files(TRACE, checkpoint=checkpoint or None, **PRESET)
        assert report.rows == 28_185 and report.refused == 0
        assert report.sent < 28_185
        assert not with_checkpoint or report.already_sent > 0
        events = sandbox.events()
        assert len(events) == len({event["event_id"] for event in events}) == 28_185
        assert sum(event["input_tokens"] for event in events) == 40_421_844
        assert sum(event["output_tokens"] for event in events) == 4_334_561
        assert sandbox.billed(USER) == GRANT - sandbox.balance(USER) == 157_553
