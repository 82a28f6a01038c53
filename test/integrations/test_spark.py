"""Rows of a data frame have the ids, events and refusals that the command gives them, whatever the partitions are."""

from __future__ import annotations

import json
import random
import re
import runpy
from collections import Counter
from contextlib import redirect_stdout
from datetime import date, datetime, timezone
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from files.tools import ASSUMED, prepared, trace_rows, write_csv, write_lines

from openmonetize import ApiTypeError, ApiValueError, OpenMonetize
from openmonetize.files.encoding import EventEncoder
from openmonetize.files.errors import FilesError
from openmonetize.files.identity import RowIds
from openmonetize.files.mapping import RowMapping
from openmonetize.files.preparation import Preparation, Prepared
from openmonetize.files.row_policy import RowPolicy
from openmonetize.files.sources import find_sources
from openmonetize.pricing import FULL_BOOK
from openmonetize.pricing.model_names import ModelNames
from openmonetize.sandbox import Sandbox

pytest.importorskip("pyspark")
pytest.importorskip("pandas")

from openmonetize.integrations.spark import rate, to_events

from .spark_session import SPARK_WARNINGS, read_csv

pytestmark = SPARK_WARNINGS

ROOT = Path(__file__).parents[2]
TRACE = {"preset": "azure-llm-trace", "constants": ASSUMED}
CALLS: dict[str, Any] = {
    "columns": {"timestamp": "at", "user_id": "user", "metadata.note": "note"},
    "constants": {"feature_id": "chat"},
}
Outcome = tuple[Any, ...]


def by_command(*paths: Path, policy: RowPolicy | None = None, **mapping: Any) -> Counter[Outcome]:
    if policy is None:
        return Counter(map(outcome_of, prepared(*paths, **mapping)))
    given = RowMapping(**mapping)
    preparation = Preparation(RowIds("customer", "test"), given, EventEncoder(ModelNames(True)), policy=policy)
    return Counter(map(outcome_of, preparation.prepare(find_sources([str(path) for path in paths]))))


def outcome_of(row: Prepared) -> Outcome:
    event = row.wire.decode() or None
    outcome = "refused" if row.refused else "repeated" if row.repeated else "event" if event else "left out"
    return row.event_id or None, event, outcome, row.refused


def by_spark(df: Any, **options: Any) -> Counter[Outcome]:
    events = to_events(df, customer_id="customer", source="test", **options)
    return Counter((row.event_id, row.event, row.outcome, row.error) for row in events.collect())


def random_rows(seed: int, count: int) -> list[dict[str, str]]:
    """Return rows of which many are equal, some are written in another way, and some are no usage or refused."""
    chosen = random.Random(seed).choice
    times = ("2026-11-01 10:00:00", "2026-11-01T10:00:00Z", "2026-11-01 11:00:00+01:00", "2026-11-02 00:00:00.5", "?")
    return [
        {
            "at": chosen(times[:4] * 5 + times[4:]),
            "provider": chosen(("openai", "openai", "anthropic", "nobody")),
            "model": chosen(("gpt-4o", "gpt-4o-mini-2024-07-18", "claude-4.5-sonnet", "")),
            "input_tokens": chosen(("10", "10.0", "1e1", "0", "", "many", "2.5", "-3")),
            "output_tokens": chosen(("7", "0", "")),
            "user": chosen(("acme_ada", "acme_bob", "acme_Zoë 🦉", "")),
            "note": chosen(("", "a, b", 'say "x"', "two\nlines", "007")),
        }
        for _ in range(count)
    ]


@pytest.mark.parametrize("partitions", [1, 3, 17])
def test_ids_are_those_of_the_command_whatever_the_partitions(spark: Any, tmp_path: Path, partitions: int) -> None:
    rows = random_rows(partitions, 400)
    rows += rows[:150] + rows[:50] * 3
    table = write_csv(tmp_path / "rows.csv", rows)
    random.Random(partitions).shuffle(rows)
    shuffled = write_csv(tmp_path / "shuffled.csv", rows)
    expected = by_command(table, **CALLS)
    assert {outcome[2] for outcome in expected} == {"event", "refused", "left out"}
    assert by_spark(read_csv(spark, shuffled).repartition(partitions), **CALLS) == expected


def test_a_trace_has_its_ids_from_csv_and_from_parquet(spark: Any, tmp_path: Path) -> None:
    rows = trace_rows(300) + trace_rows(5) * 4
    df = read_csv(spark, write_csv(tmp_path / "rows.csv", rows))
    expected = by_command(tmp_path / "rows.csv", **TRACE)
    assert len({outcome[0] for outcome in expected}) == len(rows)
    typed = df.selectExpr(
        "to_timestamp_ntz(TIMESTAMP) TIMESTAMP",
        "cast(ContextTokens as int) ContextTokens",
        "cast(GeneratedTokens as double) GeneratedTokens",
    )
    for frame in (df, typed, typed.repartition(5, "GeneratedTokens")):
        assert by_spark(frame, **TRACE) == expected


def test_values_of_every_kind_give_the_ids_of_the_parquet_file(spark: Any, tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    row = {
        "timestamp": datetime(2026, 11, 1, 10, 0, 0, 250000),  # of the session's time zone
        "day": date(2026, 11, 1),
        "quantity": Decimal("3.00"),
        "ratio": 0.1,
        "count": 2**53,
        "flag": True,
        "data": b"\x00\xff",
        "details": {"b": 1, "a": None},
        "list": [1, 2, 2],
        "empty": "",
        "null": None,
    }
    schema = (
        "timestamp timestamp, day date, quantity decimal(10,2), ratio double, count bigint, flag boolean, data binary,"
        " details map<string,int>, list array<int>, empty string, null string"
    )
    # Both are half past one in New York.
    twice = [{**row, "timestamp": datetime(2026, 11, 1, hour, 30, tzinfo=timezone.utc)} for hour in (5, 6)]
    null = "null" if spark.version >= "4.1" else "cast(null as int)"  # 4.0 writes no field of only nulls
    df = spark.createDataFrame([row, row, {**row, "list": []}, *twice], schema).selectExpr(
        "*", f"named_struct('x', ratio, 'y', {null}, 'z', cast(ratio as float)) nested"
    )
    df.coalesce(1).write.parquet(str(tmp_path / "rows"))
    (file,) = (tmp_path / "rows").glob("*.parquet")
    options = {"constants": {"unit_type": "page", "feature_id": "ocr", "user_id": "acme_ada"}}
    expected = by_command(file, **options)
    assert len(expected) == 5
    assert all(outcome[2] == "event" for outcome in expected)
    assert by_spark(spark.read.parquet(str(tmp_path / "rows")).repartition(3), **options) == expected


def test_a_column_identifies_rows(spark: Any, tmp_path: Path) -> None:
    rows = [
        {**row, "call": f"c{number % 60}" if number % 7 else ""} for number, row in enumerate(random_rows(5, 60))
    ] * 2
    table = write_csv(tmp_path / "rows.csv", rows)
    options = {**CALLS, "id_column": "call"}
    expected = by_command(table, **options)
    assert {"event", "refused", "repeated"} <= {outcome[2] for outcome in expected}
    assert by_spark(read_csv(spark, table).repartition(4), **options) == expected


def test_of_rows_with_one_id_that_differ_always_the_same_one_is_kept(spark: Any, tmp_path: Path) -> None:
    first = {"call": "c1", "quantity": "2", "unit_type": "page", "feature_id": "ocr", "timestamp": "2026-11-01"}
    rows = [{**first, "quantity": str(number)} for number in range(2, 9)]
    df = read_csv(spark, write_csv(tmp_path / "rows.csv", rows))
    kept = set()
    for partitions in (1, 4):
        outcomes = by_spark(df.repartition(partitions), id_column="call")
        assert Counter(outcome[2] for outcome in outcomes.elements()) == {"event": 1, "repeated": 6}
        kept |= {outcome[1] for outcome in outcomes if outcome[2] == "event"}
    assert len(kept) == 1


def test_rows_without_a_value_in_the_column_of_a_preset_are_numbered(spark: Any, tmp_path: Path) -> None:
    row = {"created_at": "2026-11-01 10:00", "model_permaslug": "openai/gpt-4o", "tokens_prompt": "5"}
    rows = [{**row, "generation_id": name} for name in ("", "g1", "", "g1", "g2", "")]
    table = write_csv(tmp_path / "rows.csv", rows)
    expected = by_command(table, preset="openrouter-activity")
    assert Counter(outcome[2] for outcome in expected.elements()) == {"event": 5, "repeated": 1}
    assert by_spark(read_csv(spark, table).repartition(3), preset="openrouter-activity") == expected


def test_refused_rows_are_mended_and_keep_their_ids(spark: Any, tmp_path: Path) -> None:
    rows = trace_rows(20)
    for row in rows[:3]:
        row["ContextTokens"] = "many"
    df = read_csv(spark, write_csv(tmp_path / "rows.csv", rows))
    refused = to_events(df, customer_id="customer", source="test", **TRACE).where("outcome = 'refused'").collect()
    assert len(refused) == 3
    mended = [{**json.loads(row.row), "ContextTokens": "5"} for row in refused]
    lines = write_lines(tmp_path / "mended.jsonl", [*mended, mended[0]])
    frame = spark.read.json(str(lines), primitivesAsString=True).repartition(2)
    expected = by_command(lines, **TRACE)
    assert {outcome[0] for outcome in expected if outcome[2] == "event"} == {row.event_id for row in refused}
    assert by_spark(frame, **TRACE) == expected  # the one that is given twice is refused


def test_a_token_policy_applies(spark: Any, tmp_path: Path) -> None:
    row = {"timestamp": "2026-11-01 10:00", "provider": "anthropic", "model": "claude-4.5-sonnet", "feature_id": "chat"}
    rows = [{**row, "input_tokens": "10", "output_tokens": "2", "cached": count} for count in ("0", "90", "", "x")]
    table = write_csv(tmp_path / "rows.csv", rows)
    options: dict[str, Any] = {"columns": {"metadata.gen_ai.usage.cache_read.input_tokens": "cached"}}
    expected = by_command(table, policy=RowPolicy("inclusive", calls=True), **options)
    assert {outcome[2] for outcome in expected} == {"event", "refused"}
    assert by_spark(read_csv(spark, table), token_policy="inclusive", **options) == expected


def test_rows_without_a_user_are_refused_where_users_are_required(spark: Any, tmp_path: Path) -> None:
    df = read_csv(spark, write_csv(tmp_path / "rows.csv", trace_rows(2)))
    options = {**TRACE, "constants": {"provider": "openai", "model": "gpt-4o"}}
    (error,) = {outcome[3] for outcome in by_spark(df, require_user=True, **options)}
    assert error.startswith("user_id is missing")


def test_each_event_costs_what_the_client_estimates(spark: Any, om: OpenMonetize) -> None:
    usage: list[dict[str, Any]] = [
        {"provider": provider, "model": model, "input_tokens": tokens, "output_tokens": tokens // 3}
        for provider, model in (("OPENAI", "gpt-4o"), ("OPENAI", "o1-new"), ("MISTRAL", "unheard-of"))
        for tokens in (0, 1, 4400, 10**9)
    ]
    usage += [{"provider": "OPENAI", "model": "dall-e-3", "image_count": count} for count in (1, 3)]
    usage += [{"unit_type": "page", "quantity": quantity} for quantity in (2, 1.5, 0.3)]
    kinds = {"input_tokens": "TOKEN_USAGE", "image_count": "IMAGE_GENERATION", "quantity": "CUSTOM"}
    events = [
        {"event_type": next(kind for name, kind in kinds.items() if name in one), "feature_id": "x", **one}
        for one in usage
    ]
    at = datetime(2026, 11, 1)
    rows = [(number, at, json.dumps(event)) for number, event in enumerate(events)] + [(-1, at, None)]
    df = spark.createDataFrame(rows, "number int, at timestamp, event string").repartition(3)
    for book in (None, FULL_BOOK):
        options = {} if book is None else {"book": book}
        for row in rate(df, **options).collect():
            assert row.at == at
            if row.number < 0:
                assert (row.credits, row.usd, row.basis) == (None, None, None)
            else:
                expected = om.estimate_credits(events[row.number], **({"book": FULL_BOOK} if book else {}))
                if book is not None or "image_count" not in events[row.number]:  # of images, the platform is asked
                    assert (row.credits, row.usd, row.basis) == tuple(expected)


def test_the_platform_has_events_already_that_the_command_has_sent(
    spark: Any, om: OpenMonetize, tmp_path: Path
) -> None:
    table = write_csv(tmp_path / "rows.csv", trace_rows(30) + trace_rows(3))
    assert om.ingest_files(table, **TRACE).sent == 33
    events = to_events(read_csv(spark, table).repartition(3), customer_id=om.customer_id, **TRACE)
    again = tmp_path / "report.jsonl"
    om.ingest_files(table, dry_run=True, row_report=again, **TRACE)
    told = [json.loads(line) for line in again.read_text().splitlines()]
    sent = {one["event_id"] for one in told}
    assert {row.event_id for row in events.collect()} == sent


def test_wrong_arguments_are_said_before_a_job_runs(spark: Any) -> None:
    df = spark.createDataFrame([("1", "2")], "a string, input_tokens string")
    with pytest.raises(FilesError, match="the data frame has no column 'b'"):
        to_events(df, customer_id="c", columns={"output_tokens": "b"})
    with pytest.raises(ApiValueError, match="preset"):
        to_events(df, customer_id="c", preset="nobody")
    with pytest.raises(ApiTypeError, match="customer_id"):
        to_events(df, customer_id="")
    with pytest.raises(ApiValueError, match="twice"):
        to_events(df.selectExpr("a", "a"), customer_id="c")
    with pytest.raises(ApiValueError, match="era"):
        rate(df, era="future")


def test_the_example_runs(spark: Any, capsys: pytest.CaptureFixture[str]) -> None:
    runpy.run_path(str(ROOT / "examples" / "spark" / "azure_traces.py"))["main"](["--times", "2"])
    assert "56,370 events" in capsys.readouterr().out


def test_the_guide_runs(
    spark: Any, om: OpenMonetize, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENMONETIZE_API_KEY", str(sandbox.key))
    monkeypatch.setenv("OPENMONETIZE_BASE_URL", sandbox.url)
    (tmp_path / "acme").write_text(f"{sandbox.key}\n")
    call = {"at": "2026-11-01 10:00", "provider": "openai", "model": "gpt-4o", "customer": "ada", "tokens in": "10"}
    rows = [{**call, "tokens out": str(number)} for number in range(40)] + [{**call, "tokens out": "many"}]
    (tmp_path / "usage").mkdir()
    write_csv(tmp_path / "usage" / "rows.csv", rows)
    guide = (ROOT / "docs" / "guides" / "spark.md").read_text(encoding="utf-8")
    blocks = re.findall("```python\n(.*?)```", guide, re.DOTALL)
    assert len(blocks) == 4
    names: dict[str, Any] = {"__name__": "guide"}
    for block in blocks:
        if "reconcile(events" in block:
            stored = "".join(f"{row.to_json()}\n" for row in om.events.iter_list())
            (tmp_path / "platform").write_text(stored)
        code = block.replace("s3a://lake", str(tmp_path)).replace("/run/secrets/openmonetize", str(tmp_path))
        with redirect_stdout(StringIO()) as shown:
            exec(code, names)
        for expected in re.findall(r"^print\(.*\)  # (.*)$", block, re.MULTILINE):
            assert expected in shown.getvalue().splitlines()
    assert len(sandbox.events()) == 40
    assert "many" in "".join(path.read_text() for path in (tmp_path / "refused").glob("*.txt"))
    names["om"].close()
