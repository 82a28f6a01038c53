"""A provider's exported file is as good as its API."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from openmonetize import ApiValueError, Reconciliation
from openmonetize.testing.fake_providers import Answer

from .traffic import USER, Application

TODAY = datetime.now(timezone.utc).date()
MORNING = int(datetime(TODAY.year, TODAY.month, TODAY.day, tzinfo=timezone.utc).timestamp())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "export.csv"


def compare(app: Application, path: Path, **arguments: Any) -> Reconciliation:
    app.call("openai", "gpt-4o", Answer(input_tokens=1000, output_tokens=100))
    usage = {"provider": "google", "model": "gemini-2.5-flash", "input_tokens": 1000, "output_tokens": 60}
    app.om.track_token_usage(**usage, feature_id="chat", user_id=USER)
    return app.restart().reconcile(path, **arguments)


def test_a_plain_file_has_amounts(app: Application, path: Path) -> None:
    path.write_text(
        "date,provider,model,input_tokens,output_tokens,cost_usd,requests\n"
        f"{TODAY},google,gemini-2.5-flash,1000,1260,0.00345,1\n"
        f"{TODAY},google,,,,0.50,\n"
        "2020-01-01,google,gemini-2.5-flash,1000,1260,0.00345,1\n"
    )
    found = compare(app, path)
    assert found.provider_usd == Decimal("0.50345")
    row = next(row for row in found.rows if row.model == "gemini-2.5-flash")
    assert (row.provider_input_tokens, row.provider_output_tokens, row.provider_requests) == (1000, 1260, 1)
    assert found.by_reason()["unmetered"] == Decimal("0.5")
    assert f"{path}: 1 row of other days" in found.notes
    # 1,200 tokens of thoughts are in the file and in no event, although there are as many requests as events.
    assert 0 < found.by_reason()["unexplained"] < Decimal("0.00345")


def test_openais_usage_is_priced_by_list(app: Application, tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    path = tmp_path / "usage.json"
    result = {"model": "gpt-4o-2024-08-06", "input_tokens": 1000, "output_tokens": 100, "num_model_requests": 1}
    result["input_cached_tokens"] = 400
    bucket = {"object": "bucket", "start_time": MORNING, "end_time": MORNING + 86_400, "results": [result]}
    path.write_text(json.dumps({"object": "page", "data": [bucket], "has_more": False}))
    found = compare(app, path)
    # 600 tokens at $2.50, 400 at $1.25 and 100 at $10.00 a million.
    assert found.provider_usd == Decimal("0.003")
    assert [row.provider_requests for row in found.rows if row.model == "gpt-4o"] == [1]


def test_anthropics_usage_leaves_caches_out_of_its_input(app: Application, tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    path = tmp_path / "usage.json"
    result = {
        "model": "claude-haiku-4-5-20251001",
        "uncached_input_tokens": 86,
        "cache_read_input_tokens": 150_000,
        "cache_creation": {"ephemeral_5m_input_tokens": 30_000, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 400,
    }
    bucket = {"starting_at": f"{TODAY}T00:00:00Z", "ending_at": f"{TODAY}T23:59:59Z", "results": [result]}
    path.write_text(json.dumps({"data": [bucket], "has_more": False}))
    answer = Answer(input_tokens=180_086, cached_tokens=150_000, cache_write_tokens=30_000, output_tokens=400)
    app.call("anthropic", "claude-haiku-4-5", answer)
    found = app.restart().reconcile(path)
    assert found.provider_usd == Decimal("0.054586")
    assert found.by_reason() == {"cache_policy": Decimal("0.0525"), "rounding": Decimal("-0.000914")}


def test_presets_can_be_named(app: Application, path: Path) -> None:
    path.write_text(
        "startTime,custom_llm_provider,model,prompt_tokens,completion_tokens,spend,request_id\n"
        f"{TODAY}T10:00:00,openai,openai/gpt-4o,1000,100,0.0035,r1\n"
    )
    for preset in (None, "litellm-spend-logs"):
        found = compare(app, path, preset=preset)
        assert found.provider_usd == Decimal("0.0035")


def test_rows_without_a_provider_are_refused_with_their_number(app: Application, path: Path) -> None:
    path.write_text(f"date,model,input_tokens\n{TODAY},gpt-4o,10\n")
    with pytest.raises(ApiValueError, match=r"export.csv, row 2: names no provider"):
        app.om.reconcile(path)


def test_rows_without_a_day_are_refused_with_their_number(app: Application, path: Path) -> None:
    path.write_text("date,provider,model,input_tokens\nsoon,openai,gpt-4o,10\n")
    with pytest.raises(ApiValueError, match=r"export.csv, row 2"):
        app.om.reconcile(path)


def test_input_that_is_not_told_apart_has_the_caches_in_it(app: Application, path: Path) -> None:
    path.write_text(
        "date,provider,model,input_tokens,output_tokens,cost_usd,requests\n"
        f"{TODAY},anthropic,claude-haiku-4-5,180086,400,0.054586,1\n"
    )
    answer = Answer(input_tokens=180_086, cached_tokens=150_000, cache_write_tokens=30_000, output_tokens=400)
    app.call("anthropic", "claude-haiku-4-5", answer)
    found = app.restart().reconcile(path)
    assert found.provider_usd == Decimal("0.054586")
    assert not {"unexplained", "not_reported", "without_usage"} & set(found.by_reason())


def test_the_fake_providers_export_what_they_were_asked(app: Application, path: Path) -> None:
    app.call("openai", "gpt-4o", Answer(input_tokens=1000, cached_tokens=600, output_tokens=100))
    app.fake.add_usage("google", "gemini-2.5-flash", input_tokens=10, output_tokens=5)
    assert app.fake.export_usage(path, "openai") == 1
    found = app.restart().reconcile(path)
    assert found.provider_usd == app.om.reconcile("openai").provider_usd == Decimal("0.00275")
    assert "unexplained" not in found.by_reason()
    assert app.fake.export_usage(path) == 2
    with pytest.raises(ApiValueError, match="has no reports"):
        app.fake.export_usage(path, "bedrock")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "has no row of usage"),
        ("date,provider,model,input_tokens\n", "has no row of usage"),
        (f"date,provider,model\n{TODAY},google,gemini-2.5-flash\n", "has no row of usage"),
        ("a,b\n1,2\n", "row 2: has no date, in a column date, day or timestamp"),
        (f"date,provider,model,input_tokens\n{TODAY},google,gemini-2.5-flash,many\n", "row 2: .*no whole number"),
        (f"date,provider,model,input_tokens\n{TODAY},google,gemini-2.5-flash,-5\n", "row 2: .*no whole number"),
        (f"date,provider,model,output_tokens,cost_usd\n{TODAY},google,gemini-2.5-flash,5,NaN\n", "row 2: .*no number"),
        (
            f"date,provider,model,output_tokens\n{TODAY},google,gemini-2.5-flash,1e999999999\n",
            "row 2: .*no whole number",
        ),
        (f"date,provider,cost_usd\n{TODAY},google,1e30\n", "row 2: .*is too large"),
        (f"date,provider,cost_usd,currency\n{TODAY},google,5,eur\n", "row 2: .*'eur': only US dollars"),
    ],
)
def test_a_file_that_cannot_be_compared_is_refused(app: Application, path: Path, text: str, error: str) -> None:
    path.write_text(text)
    with pytest.raises(ApiValueError, match=error):
        app.om.reconcile(path)


def test_credits_and_refunds_are_below_zero(app: Application, path: Path) -> None:
    path.write_text(
        "date,provider,model,input_tokens,output_tokens,cost_usd\n"
        f"{TODAY},google,gemini-2.5-flash,1000,60,0.00045\n"
        f"{TODAY},google,promotional credit,,,-0.25\n"
    )
    found = compare(app, path)
    assert found.provider_usd == Decimal("0.00045") - Decimal("0.25")
    assert found.by_reason()["unmetered"] == Decimal("-0.25")


def test_amounts_that_are_divided_add_up_exactly(app: Application, path: Path) -> None:
    rows = [
        f"{TODAY},google,gemini-2.5-pro,{1000 + number % 7},{number % 50},0.00{number:03d}" for number in range(300)
    ]
    path.write_text("date,provider,model,input_tokens,output_tokens,cost_usd\n" + "\n".join(rows))
    assert compare(app, path).provider_usd == sum(Decimal(row.rpartition(",")[2]) for row in rows)
