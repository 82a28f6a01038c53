"""A reconciliation by Spark has the rows and reasons of the command's, to the last digit."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from reconcile.traffic import USER, Application, application

from openmonetize import ApiTypeError, ApiValueError, DeadLetter
from openmonetize.pricing import TEXT_BOOK
from openmonetize.reconcile.joining import Join
from openmonetize.reconcile.known_events import ACCEPTED, DEAD, KnownEvent
from openmonetize.reconcile.statement import Place
from openmonetize.testing.fake_providers import Answer

pytest.importorskip("pyspark")
pytest.importorskip("pandas")
pytest.importorskip("duckdb")
pytest.importorskip("genai_prices")

from openmonetize.integrations import _spark_reconcile
from openmonetize.integrations._spark_frames import batch_of
from openmonetize.integrations.spark import Reconciled, reconcile

from .spark_session import SPARK_WARNINGS

pytestmark = SPARK_WARNINGS

BOTH = ("openai", "anthropic")
HAIKU, GPT = "claude-haiku-4-5", "gpt-4o-2024-08-06"
PLAIN = Answer(input_tokens=1000, output_tokens=100)
CACHED = Answer(input_tokens=180_086, cached_tokens=150_000, cache_write_tokens=30_000, output_tokens=400)
LATER = timedelta(hours=2)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    yield from application(tmp_path, monkeypatch)


def traffic(app: Application) -> None:
    """Have most of what can differ happen once."""
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)
    assert app.om.flush()
    app.sandbox.fail_next("bill-zero")
    app.call("openai", GPT, PLAIN)
    assert app.om.flush()
    for feature in ("chat", "search", "chat"):
        app.call("openai", GPT, PLAIN, feature_id=feature)
        app.call("anthropic", HAIKU, CACHED, feature_id=feature)
    app.call("openai", GPT, PLAIN, user_id="acme-nobody")
    app.call("openai", "o4-mini-deep-research", PLAIN)
    app.ask("openai", GPT, PLAIN)
    app.ask("openai", "gpt-4o-mini", PLAIN)
    answer = app.ask("anthropic", HAIKU, PLAIN)
    cut: dict[str, Any] = {"provider": "anthropic", "model": answer["model"], "input_tokens": 1000, "output_tokens": 1}
    app.om.track_token_usage(
        **cut, feature_id="chat", user_id=USER, metadata={"usage_completeness": "partial", "note": "say Zoë"}
    )
    app.om.track_custom_event(unit_type="page", quantity=2, user_id=USER, feature_id="ocr")
    app.restart()


def letters(app: Application) -> list[DeadLetter]:
    """Return a dead letter."""
    (event, *_) = app.om.kept_events()
    refused = {**event, "event_id": str(uuid.uuid4())}
    return [DeadLetter(json.dumps(refused).encode(), 400, "no such model", datetime.now(timezone.utc))]


def texts(spark: Any, events: Any) -> Any:
    """Return events as a data frame."""
    return spark.createDataFrame([(json.dumps(dict(event)),) for event in events], "event string").repartition(3)


def listed(spark: Any, app: Application, folder: Path) -> Any:
    """Return the platform's list of events as a data frame."""
    path = folder / "platform.jsonl"
    path.write_text("".join(row.to_json() + "\n" for row in app.om.events.iter_list(page_size=100)))
    return spark.read.json(str(path)).repartition(3)


def by_spark(spark: Any, app: Application, folder: Path, provider: Any = None, **options: Any) -> Reconciled:
    return reconcile(
        texts(spark, app.om.kept_events()),
        listed(spark, app, folder),
        provider,
        dead_letters=texts(spark, [letter.event for letter in options.pop("letters", ())]),
        without_wallet=["acme-nobody"],
        as_of=datetime.now(timezone.utc) + LATER,
        **options,
    )


def ordered(rows: Any) -> list[Any]:
    return sorted(rows, key=repr)


def check_same(spark: Any, app: Application, folder: Path, command: Any, provider: Any, **options: Any) -> Reconciled:
    """Check that the command and Spark find the same."""
    refused = letters(app)
    expected = app.om.reconcile(command, events=[*app.om.kept_events(), *refused], **options)
    found = by_spark(spark, app, folder, provider, letters=refused, **options)
    assert found.result.rows == expected.rows
    assert ordered(found.result.differences) == ordered(expected.differences)
    assert bool(found.result) == bool(expected)
    assert [tuple(row) for row in found.rows.collect()] == [tuple(row) for row in expected.rows]
    assert [row.reason for row in found.differences.collect()] == [each.reason for each in found.result.differences]
    amounts = [round(each.usd, 15) for each in found.result.differences]
    assert [row.usd for row in found.differences.collect()] == amounts
    return found


@pytest.mark.parametrize("by", [("day", "model"), "feature"])
def test_rows_and_reasons_are_those_of_the_command(spark: Any, app: Application, tmp_path: Path, by: Any) -> None:
    traffic(app)
    found = check_same(spark, app, tmp_path, BOTH, BOTH, by=by)
    assert {
        *("lost", "billed_zero", "unfunded", "unpriced_model", "dead_letters", "unmetered"),
        *("aborted_streams", "cache_policy", "rounding"),
    } <= set(found.result.by_reason())
    check_same(spark, app, tmp_path, None, None, by=by)


def test_a_report_in_a_data_frame_is_as_good_as_its_file(spark: Any, app: Application, tmp_path: Path) -> None:
    traffic(app)
    export = tmp_path / "export.csv"
    assert app.fake.export_usage(export) >= 3
    frame = spark.read.csv(str(export), header=True, escape='"')
    found = check_same(spark, app, tmp_path, export, frame.repartition(3))
    assert found.result.provider_usd
    typed = spark.read.csv(str(export), header=True, escape='"', inferSchema=True)
    assert dict(typed.dtypes)["requests"] == "int"
    assert by_spark(spark, app, tmp_path, typed, letters=()).result.provider_usd == found.result.provider_usd


def test_the_rows_of_calls_are_added_up(spark: Any, app: Application, tmp_path: Path) -> None:
    for _ in range(3):
        app.call("openai", GPT, PLAIN)
    app.restart()
    now = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
    call = {
        "request_id": "r",
        "startTime": now,
        "custom_llm_provider": "openai",
        "model": GPT,
        "prompt_tokens": "1000",
        "completion_tokens": "100",
        "spend": "0.0035",
    }
    path = tmp_path / "spend.jsonl"
    path.write_text("".join(json.dumps({**call, "request_id": f"r{number}"}) + "\n" for number in range(50)))
    expected = app.om.reconcile(path)
    assert expected.provider_usd == Decimal("0.175")
    assert app.om.reconcile(path, preset="litellm-spend-logs").rows == expected.rows
    found = by_spark(spark, app, tmp_path, spark.read.json(str(path)).repartition(4))
    assert found.result.rows == expected.rows
    assert ordered(found.result.differences) == ordered(expected.differences)


def test_what_is_younger_than_an_hour_may_still_be_billed(spark: Any, app: Application, tmp_path: Path) -> None:
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)
    app.call("openai", GPT, PLAIN)
    app.restart()
    recorded, platform = texts(spark, app.om.kept_events()), listed(spark, app, tmp_path)
    assert reconcile(recorded, platform).result.by_reason() == {"waiting": Decimal("0.004")}
    later = reconcile(recorded, platform, as_of=datetime.now(timezone.utc) + LATER)
    assert later.result.by_reason() == {"lost": Decimal("0.004")}
    assert reconcile(recorded.limit(0), platform).result.notes == [
        "1 event of the platform not recorded here: by other programs, or not kept"
    ]


def test_empty_data_frames_are_reconciled(spark: Any) -> None:
    recorded = spark.createDataFrame([], "event string")
    platform = spark.createDataFrame([], "id string, timestamp timestamp, credits_burned long")
    found = reconcile(recorded, platform)
    assert found.result
    assert (found.rows.count(), found.differences.count()) == (0, 0)


def test_all_sums_are_those_of_duckdb(spark: Any) -> None:
    """Random events, with amounts of fifteen decimals, each of them in any of the two tables, or twice."""
    recorded, stored = random_events(random.Random(7), 600)
    with Join() as join:
        join.load("recorded", recorded, ["nobody"])
        join.load("stored", stored)
        join.run(1500.0)
        expected = ordered(join.sums()), ordered(join.reasons()), join.elsewhere()
    judge = _spark_reconcile.Judge(
        _spark_reconcile.statement_of(True), date(2026, 1, 1), date(2026, 1, 9), TEXT_BOOK, frozenset(["nobody"])
    )
    frames = []
    for events in (recorded, stored):
        rows = [judge.row(event, number) for number, event in enumerate(events)]
        frames.append(spark.createDataFrame(batch_table(rows)).repartition(4))
    sums, reasons, elsewhere = _spark_reconcile.compared(spark, *frames, 1500.0)
    # The command takes what was accepted before an event that is stored for lost; here nothing is older than that.
    assert (ordered(sums), ordered(reasons), elsewhere) == expected
    assert len(expected[1]) > 30


def batch_table(rows: Any) -> Any:
    import pyarrow as pa

    return pa.Table.from_batches([batch_of(rows, _spark_reconcile._KINDS)])


def random_events(chosen: random.Random, count: int) -> tuple[list[KnownEvent], list[KnownEvent]]:
    def amount() -> Decimal:
        return Decimal(chosen.randrange(10**17)).scaleb(-15)

    recorded: list[KnownEvent] = []
    stored: list[KnownEvent] = []
    for number in range(count):
        model = chosen.choice((("OPENAI", "gpt-4o"), ("ANTHROPIC", "claude-4.5-haiku"), (None, None)))
        event = KnownEvent(
            id=str(uuid.UUID(int=number)),
            at=float(chosen.choice((1000, 2000))),
            place=Place(date(2026, 1, chosen.randint(1, 3)), *model),
            feature=chosen.choice(("chat", "Zoë, 'x' \"y\"", "")),
            user=chosen.choice(("ada", "nobody", None)),
            input_tokens=chosen.randrange(10**6),
            output_tokens=chosen.randrange(10**6),
            kinds=tuple(chosen.randrange(1000) for _ in range(5)),
            credits=chosen.randrange(10**6),
            exact_usd=amount(),
            base_usd=chosen.choice((None, amount())),
            provider_usd=chosen.choice((None, amount())),
            partial=chosen.random() < 0.2,
            unpriced=chosen.random() < 0.2,
            state=chosen.choice((ACCEPTED, ACCEPTED, DEAD)),
        )
        where = chosen.choice(("both", "both", "recorded", "stored", "twice"))
        if where != "stored":
            recorded += [event] * (2 if where == "twice" else 1)
        if where not in ("recorded",):
            billed = event._replace(credits=chosen.choice((event.credits, 0, 5)), exact_usd=amount(), state=ACCEPTED)
            stored.append(billed)
    # What is stored was recorded first, and so nothing that is not stored was recorded before it.
    kept = {event.id for event in stored}
    return sorted(recorded, key=lambda event: event.id not in kept), stored


def test_wrong_arguments_and_rows_are_said(spark: Any) -> None:
    recorded = spark.createDataFrame([("{}",)], "event string")
    platform = spark.createDataFrame([], "id string, timestamp timestamp, credits_burned long")
    with pytest.raises(ApiValueError, match="no column 'event'"):
        reconcile(platform, platform)
    with pytest.raises(ApiValueError, match="'credits_burned'"):
        reconcile(recorded, recorded)
    with pytest.raises(ApiValueError, match="by must be"):
        reconcile(recorded, platform, by="user")
    with pytest.raises(ApiTypeError, match="provider must be"):
        reconcile(recorded, platform, [5])
    report = "date string, provider string, model string, input_tokens string, output_tokens string"
    rows = [("2026-11-01", "openai", "gpt-4o", "5", "x"), ("2026-11-01", "openai", "gpt-4o", "5", "6")]
    days = {"start_date": "2026-11-01", "end_date": "2026-11-02"}
    with pytest.raises(ApiValueError, match=r"the provider's data frame: output_tokens .*gpt-4o"):
        reconcile(recorded, platform, spark.createDataFrame(rows, report), **days)
    with pytest.raises(ApiValueError, match="no row of usage"):
        reconcile(recorded, platform, spark.createDataFrame([], report), **days)
