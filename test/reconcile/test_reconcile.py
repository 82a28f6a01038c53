"""The three columns add up, and their differences have the right reasons and amounts."""

from __future__ import annotations

import csv
import io
import json
import uuid
from datetime import datetime, timezone
from decimal import Context, Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiTypeError, ApiValueError, DeadLetter, OpenMonetize, Reconciliation
from openmonetize.reconcile.reasons import REASONS
from openmonetize.testing.fake_providers import Answer

from .traffic import USER, Application

HAIKU, GPT = "claude-haiku-4-5", "gpt-4o-2024-08-06"
PLAIN = Answer(input_tokens=1000, output_tokens=100)
BOTH = ("openai", "anthropic")


def check_sums(found: Reconciliation) -> None:
    """Check that the reasons explain the whole difference between what is charged and what was burned."""
    due = sum((row.recorded_usd if row.provider_usd is None else row.provider_usd for row in found.rows), Decimal(0))
    explained = sum(found.by_reason().values())
    assert abs(due - found.platform_usd - explained) < Decimal("1e-8"), found
    assert "unexplained" not in found.by_reason(), found


def test_what_is_right_agrees_but_for_rounding(app: Application) -> None:
    for _ in range(3):
        app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai")
    assert found
    assert found.off_usd == 0
    assert [(row.provider, row.model) for row in found.rows] == [("OPENAI", "gpt-4o")]
    row = found.rows[0]
    assert (row.recorded_events, row.platform_events, row.provider_requests) == (3, 3, 3)
    assert (row.recorded_input_tokens, row.platform_input_tokens, row.provider_input_tokens) == (3000, 3000, 3000)
    assert (row.recorded_output_tokens, row.platform_output_tokens, row.provider_output_tokens) == (300, 300, 300)
    # 1,000 tokens at $2.50 and 100 at $10.00 a million are 3.5 credits, which are billed as 4.
    assert (row.recorded_usd, row.platform_usd) == (Decimal("0.012"), Decimal("0.012"))
    assert row.provider_usd == Decimal("0.0105")
    assert found.by_reason() == {"rounding": Decimal("-0.0015")}
    assert found.notes == []


def test_cached_tokens_are_the_policys(app: Application) -> None:
    answer = Answer(input_tokens=180_086, cached_tokens=150_000, cache_write_tokens=30_000, output_tokens=400)
    app.call("anthropic", HAIKU, answer)
    found = app.restart().reconcile("anthropic")
    assert not found
    # 86 tokens at $1, 150,000 at $0.10, 30,000 at $1.25 and 400 at $5 a million; 86 and 400 tokens are billed.
    assert found.provider_usd == Decimal("0.054586")
    assert found.by_reason() == {"cache_policy": Decimal("0.0525"), "rounding": Decimal("-0.000914")}
    assert found.off_usd == Decimal("0.0525")
    check_sums(found)


@pytest.mark.parametrize("source", ["openai", "file"])
def test_a_batch_that_is_billed_by_its_price_differs_in_nothing(app: Application, tmp_path: Path, source: str) -> None:
    pytest.importorskip("genai_prices")
    by_price = {"token_policy": "price_equivalent"}
    for _ in range(2):
        app.call("openai", GPT, Answer(input_tokens=5000, cached_tokens=4000, output_tokens=345), **by_price)
    batch(app, 3, **by_price)
    path = tmp_path / "openai.csv"
    app.fake.export_usage(path, "openai")
    found = app.restart().reconcile(source if source == "openai" else path)
    # A call is 10.95 credits; a line of the batch, 12,000 and 800 tokens at half price, is 19.
    assert found.rows[0].platform_usd == Decimal("0.079")
    assert found.provider_usd == 2 * Decimal("0.01095") + 3 * Decimal("0.019")
    assert found.by_reason() == {"rounding": Decimal("-0.0001")}
    assert found.rows[0].provider_requests == 5
    check_sums(found)


def test_a_batch_that_is_billed_as_reported_is_the_policys(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    batch(app, 3)
    found = app.restart().reconcile("openai")
    assert found.by_reason() == {"cache_policy": Decimal("-0.057"), "rounding": Decimal("-0.0005")}
    check_sums(found)


@pytest.mark.parametrize("charged", [True, False])
def test_missing_lines_of_a_batch_are_calls_without_usage(app: Application, charged: bool) -> None:
    pytest.importorskip("genai_prices")
    app.call("openai", GPT, PLAIN, token_policy="price_equivalent")
    batch(app, 3, token_policy="price_equivalent")
    if charged:
        app.fake.add_usage("openai", GPT, input_tokens=12_000, output_tokens=800, batch=True)
    else:
        app.ask("openai", GPT, Answer(input_tokens=7600))
    found = app.restart().reconcile("openai")
    missing = {each.reason: each.events for each in found.differences if each.reason != "rounding"}
    assert missing == {"without_usage": 1}
    assert abs(found.by_reason()["without_usage"] - Decimal("0.019")) < Decimal("0.0001")
    check_sums(found)


def test_requests_are_shared_out_once_among_features(app: Application) -> None:
    answer = app.ask("openai", GPT, PLAIN)
    for feature in ("chat", "search"):  # one call, recorded twice
        usage: dict[str, Any] = {"provider": "openai", "model": answer["model"], "input_tokens": 1000}
        app.om.track_token_usage(**usage, output_tokens=100, feature_id=feature, user_id=USER)
    found = app.restart().reconcile("openai", by="feature")
    assert sum(row.provider_requests or 0 for row in found.rows) == 1


def batch(app: Application, lines: int, **options: Any) -> None:
    """Record the lines of a batch's results, which the provider charges at half price."""
    usage = {"prompt_tokens": 12_000, "completion_tokens": 800, "total_tokens": 12_800}
    for number in range(lines):
        body = {"id": f"chatcmpl-{number}", "object": "chat.completion", "model": GPT, "choices": [], "usage": usage}
        line = {"custom_id": f"line-{number}", "response": {"status_code": 200, "body": body}, "error": None}
        app.record(line, **options)
    app.fake.add_usage(
        "openai", GPT, requests=lines, input_tokens=12_000 * lines, output_tokens=800 * lines, batch=True
    )


def test_cached_tokens_that_are_billed_in_full_are_below_zero(app: Application) -> None:
    app.call("openai", GPT, Answer(input_tokens=10_000, cached_tokens=8000, output_tokens=100))
    found = app.restart().reconcile("openai")
    assert found.by_reason()["cache_policy"] == Decimal("-0.01")  # 8,000 tokens at $1.25 less a million
    check_sums(found)


def test_calls_of_which_nothing_was_recorded_are_told_apart_by_what_else_was(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    app.ask("openai", GPT, PLAIN)  # a call past the application, or a retry
    app.ask("openai", "gpt-4o-mini", PLAIN)
    found = app.restart().reconcile("openai")
    reasons = {(each.model, each.reason): (each.usd, each.events) for each in found.differences}
    assert reasons["gpt-4o", "without_usage"] == (Decimal("0.0035"), 1)
    assert reasons["gpt-4o-mini", "unmetered"][1] == 1
    check_sums(found)


def test_cut_streams_are_told_by_their_missing_output(app: Application) -> None:
    answer = app.ask("anthropic", HAIKU, PLAIN)
    usage: dict[str, Any] = {"provider": "anthropic", "model": answer["model"], "input_tokens": 1000}
    partial = {"usage_completeness": "partial"}
    app.om.track_token_usage(**usage, output_tokens=1, feature_id="chat", user_id=USER, metadata=partial)
    found = app.restart().reconcile("anthropic")
    assert found.by_reason()["aborted_streams"] == Decimal("0.000495")  # 99 tokens at $5 a million
    check_sums(found)


def test_accepted_and_lost_events_are_told(app: Application) -> None:
    app.sandbox.fail_next("accept-and-lose")
    lost = app.call("openai", GPT, PLAIN)
    assert app.om.flush()
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai")
    assert lost not in {event["event_id"] for event in app.sandbox.events()}
    assert found.rows[0].recorded_events == 2
    assert found.rows[0].platform_events == 1
    assert found.by_reason() == {"lost": Decimal("0.004"), "rounding": Decimal("-0.001")}
    check_sums(found)


def test_what_is_accepted_last_may_still_be_billed(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    assert app.om.wait_billed()
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai")
    assert found.by_reason()["waiting"] == Decimal("0.004")
    check_sums(found)


def test_repair_sends_the_lost_again(app: Application) -> None:
    app.om.close()
    app._settings["verify"] = True
    app.om = app.client()
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)
    assert app.om.flush()
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai", repair=True)
    assert found
    assert (found.recorded_usd, found.platform_usd) == (Decimal("0.008"), Decimal("0.008"))
    assert app.sandbox.balance(USER) == 1_000_000 - 8


def test_what_cannot_be_repaired_is_told(app: Application) -> None:
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)  # it is kept, but not to be verified
    assert app.om.flush()
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai", repair=True, tolerance=0)
    assert not found
    assert found.by_reason()["lost"] == Decimal("0.004")
    assert "recorded without OpenMonetize(verify=True)" in " ".join(found.notes)


def test_events_without_credits_are_told(app: Application) -> None:
    app.sandbox.fail_next("bill-zero")
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai")
    assert found.by_reason()["billed_zero"] == Decimal("0.004")
    check_sums(found)


def test_usage_of_users_without_a_wallet_is_unfunded(app: Application) -> None:
    app.call("openai", GPT, PLAIN, user_id="acme-nobody")
    found = app.restart().reconcile("openai")
    assert found.platform_usd == 0
    assert found.by_reason()["unfunded"] == Decimal("0.004")
    check_sums(found)


def test_refused_events_are_told(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    (event,) = app.restart().kept_events()
    refused = {**event, "event_id": str(uuid.uuid4())}
    app.ask("openai", GPT, PLAIN)
    letter = DeadLetter(json.dumps(refused).encode(), 400, "no such model", datetime.now(timezone.utc))
    found = app.om.reconcile("openai", events=[event, letter])
    assert found.rows[0].recorded_events == 2
    assert found.by_reason() == {"dead_letters": Decimal("0.004"), "rounding": Decimal("-0.001")}
    check_sums(found)


def test_models_that_the_platform_has_no_price_for_are_told(app: Application) -> None:
    pytest.importorskip("genai_prices")
    app.call("openai", "o4-mini-deep-research", PLAIN)
    found = app.restart().reconcile("openai", tolerance=0)
    assert not found
    assert "unpriced_model" in found.by_reason()
    check_sums(found)


def test_features_have_their_part_of_what_the_provider_charges(app: Application) -> None:
    app.call("openai", GPT, PLAIN, feature_id="chat")
    app.call("openai", GPT, Answer(input_tokens=2000, output_tokens=200), feature_id="search")
    app.ask("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai", by="feature")
    amounts = {row.feature: (row.recorded_usd, row.provider_usd, row.provider_requests) for row in found.rows}
    assert amounts == {
        "": (Decimal(0), Decimal("0.0035"), 1),
        "chat": (Decimal("0.004"), Decimal("0.0035"), 1),
        "search": (Decimal("0.007"), Decimal("0.007"), 1),
    }
    assert all(row.day is None and row.model is None for row in found.rows)


@pytest.mark.parametrize("by", ["day", "model", ("feature", "day"), "day,model,feature"])
def test_the_sums_are_the_same_by_whatever_rows_are_grouped(app: Application, by: Any) -> None:
    app.call("openai", GPT, PLAIN)
    app.call("anthropic", HAIKU, Answer(input_tokens=900, cached_tokens=500, output_tokens=7), feature_id="search")
    app.ask("openai", "gpt-4o-mini", PLAIN)
    app.om.track_custom_event(unit_type="page", quantity=2, user_id=USER, feature_id="ocr")
    app.restart()
    whole, found = app.om.reconcile(BOTH), app.om.reconcile(BOTH, by=by)
    assert found.by_reason() == whole.by_reason()
    assert (found.recorded_usd, found.platform_usd) == (whole.recorded_usd, whole.platform_usd)
    assert found.provider_usd == whole.provider_usd
    assert found.notes == ["no report was read of units of your own: 20 credits of the platform's column"]
    check_sums(whole)


def test_without_a_provider_two_columns_are_compared(app: Application) -> None:
    app.sandbox.fail_next("accept-and-lose")
    app.call("openai", GPT, PLAIN)
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile()
    assert found.provider_usd is None
    assert set(found.by_reason()) <= {"lost", "waiting"}
    assert found.off_usd == Decimal("0.004")
    assert all(row.provider_usd is None and row.provider_input_tokens is None for row in found.rows)
    check_sums(found)


def test_without_kept_events_the_platforms_own_stand_for_them(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    app.restart()
    with OpenMonetize(app.sandbox.key, app.sandbox.url) as other:
        found = other.reconcile("openai")
    assert found
    assert found.rows[0].recorded_events == 1
    assert found.notes == [
        "no recorded events are kept, so the platform's own stand for them: use OpenMonetize(keep=...)"
    ]


def test_a_running_client_has_recorded_what_it_has_just_delivered(app: Application) -> None:
    for count in (1, 2):
        app.call("openai", GPT, PLAIN)
        found = app.om.reconcile("openai")
        assert [(row.recorded_events, row.platform_events) for row in found.rows] == [(count, count)]
        assert found.notes == []


def test_usage_that_is_in_no_report_and_has_no_list_price_is_told(app: Application) -> None:
    app.om.track_token_usage(
        provider="openai", model="gpt-misspelt", input_tokens=1000, output_tokens=100, feature_id="chat", user_id=USER
    )
    found = app.restart().reconcile("openai", tolerance=0)
    assert not found
    check_sums(found)
    assert found.by_reason()["not_reported"] < 0
    assert found.differences[0].events == 1


def test_a_report_that_is_named_twice_counts_once(app: Application, tmp_path: Path) -> None:
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile(["openai", "OpenAI"], tolerance=0)
    assert found.rows[0].provider_requests == 1
    app.fake.export_usage(tmp_path / "export.csv")
    with pytest.raises(ApiValueError, match="is named twice"):
        app.om.reconcile([tmp_path / "export.csv", str(tmp_path / "export.csv")])


def test_a_short_decimal_context_of_the_caller_changes_nothing(app: Application) -> None:
    app.call("anthropic", HAIKU, Answer(input_tokens=123_457, cached_tokens=123_400, output_tokens=12_347))
    app.restart()
    exact = app.om.reconcile("anthropic")
    with localcontext(Context(prec=4)):
        again = app.om.reconcile("anthropic")
    assert (again.rows, again.differences) == (exact.rows, exact.differences)


def test_events_that_are_no_events_are_left_out(app: Application) -> None:
    odd = {"event_id": 'a\x00,\n"b', "timestamp": f"{datetime.now(timezone.utc):%Y-%m-%dT%H:%M:%SZ}"}
    odd.update({"input_tokens": "7", "provider": ["x"], "model": {}, "metadata": 7})  # type: ignore[dict-item]
    found = app.om.reconcile(events=[{}, {"event_id": "x", "timestamp": "soon"}, odd])
    assert [row.recorded_events for row in found.rows] == [1]


def test_events_of_others_are_told(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    with OpenMonetize(app.sandbox.key, app.sandbox.url) as other:
        other.track_usage(app.ask("openai", GPT, PLAIN), feature_id="chat", user_id=USER)
        assert other.wait_billed()
    found = app.restart().reconcile("openai")
    assert found.rows[0].recorded_events == 1
    assert found.rows[0].platform_events == 2
    assert found.notes == ["1 event of the platform not recorded here: by other programs, or not kept"]
    check_sums(found)


def test_other_days_are_left_out(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    found = app.restart().reconcile("openai", start_date="2020-01-01", end_date="2020-01-02")
    assert (found.rows, found.differences, found.notes) == ([], [], [])
    assert str(found.range) == "from 2020-01-01 00:00 to 2020-01-02 23:59 UTC"


def test_a_range_is_whole_days(app: Application) -> None:
    found = app.om.reconcile(start_date="2026-02-03T15:00:00Z", end_date="2026-02-05T01:00:00Z")
    assert str(found.range) == "from 2026-02-03 00:00 to 2026-02-05 23:59 UTC"


def test_the_tolerance_decides(app: Application) -> None:
    app.call("openai", GPT, PLAIN)
    app.ask("openai", GPT, PLAIN)
    app.restart()
    assert not app.om.reconcile("openai", tolerance=Decimal("0.0034"))
    assert app.om.reconcile("openai", tolerance="0.0035")
    assert app.om.reconcile("openai")


# Other forms


@pytest.fixture
def found(app: Application) -> Reconciliation:
    app.call("openai", GPT, PLAIN, feature_id="<b>chat</b>")
    app.ask("openai", GPT, PLAIN)
    return app.restart().reconcile("openai", by=("day", "model", "feature"), tolerance=0)


def test_it_is_shown_in_a_line(found: Reconciliation) -> None:
    text = repr(found)
    assert "recorded $0.0040, platform $0.0040, provider $0.0070" in text
    assert "without_usage $0.0035, rounding -$0.0005" in text


def test_it_is_json(found: Reconciliation) -> None:
    told = json.loads(found.to_json())
    assert told["provider_usd"] == "0.007"
    assert told["off_usd"] == "0.0035"
    assert [row["recorded_events"] for row in told["rows"]] == [0, 1]
    assert told["differences"][0]["reason"] == "without_usage"
    assert told["differences"][0]["explanation"] == REASONS["without_usage"]


def test_it_is_csv(found: Reconciliation, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    text = found.to_csv(path)
    assert path.read_text(encoding="utf-8") == text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["model"], row["feature"], row["provider_usd"]) for row in rows] == [
        ("gpt-4o", "", "0.0035"),
        ("gpt-4o", "<b>chat</b>", "0.0035"),
    ]
    assert "without_usage" in found.to_csv(table="differences")
    with pytest.raises(ApiValueError, match="exists, and is not overwritten"):
        found.to_csv(path)
    with pytest.raises(ApiValueError, match="table must be"):
        found.to_csv(table="sums")


def test_names_in_csv_are_no_formulas(app: Application) -> None:
    for feature in ("=1+1", "+1", "-1", "@sum", "a=b"):
        app.om.track_custom_event(unit_type="page", quantity=1, user_id=USER, feature_id=feature)
    found = app.restart().reconcile("openai", by="feature")
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert sorted(row["feature"] for row in rows) == ["'+1", "'-1", "'=1+1", "'@sum", "a=b"]
    assert {row["recorded_usd"] for row in rows} == {"0.01"}


def test_it_is_html_that_shows_names_as_text(found: Reconciliation, tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    page = found.to_html(path)
    assert path.read_text(encoding="utf-8") == page
    assert "&lt;b&gt;chat" in page
    assert "<b>chat" not in page
    assert "off by 0.0035" in found._repr_html_()


def test_it_is_a_frame_and_a_plot(found: Reconciliation) -> None:
    pytest.importorskip("pandas")
    frame = found.to_dataframe()
    assert str(frame.dtypes["day"]) == "datetime64[us, UTC]"
    assert frame["provider_usd"].sum() == pytest.approx(0.007)
    exact = found.to_dataframe("differences", money="decimal")
    assert sum(exact["usd"]) == Decimal("0.003")
    pytest.importorskip("matplotlib").use("agg")
    axes = found.plot()
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["recorded", "platform", "provider"]
    assert len(axes.patches) == 3 * len(found.rows)


# Mistakes


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"by": "user"}, "by must be some of day, model, feature"),
        ({"by": ()}, "by must be some of"),
        ({"tolerance": -1}, "tolerance must be an amount"),
        ({"tolerance": "a cent"}, "tolerance must be an amount"),
        ({"provider": "google"}, "no report that can be asked for"),
        ({"provider": "no-such-file.csv"}, "there is no file no-such-file.csv"),
        ({"last": "1d", "start_date": "2026-01-01"}, "not both"),
        ({"provider": 7}, "provider must be 'openai'"),
        ({"events": [7]}, "events are dicts"),
        ({"events": 7}, "events must be a list"),
        ({"by": None}, "by must be some of"),
        ({"tolerance": float("nan")}, "tolerance must be an amount"),
        ({"provider": ""}, "there is no file ''"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(app: Application, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises((ApiValueError, ApiTypeError), match=text):
        app.om.reconcile(**arguments)
