"""Answers as data frames of the real libraries."""

from __future__ import annotations

import json
import sys
from decimal import Decimal
from typing import Any

import pytest

from openmonetize import (
    ApiException,
    ApiTypeError,
    ApiValueError,
    BurnForecast,
    MissingExtraError,
    OpenMonetize,
    StoredEvent,
    UsageReport,
    V1AnalyticsUsageTrendsGet200Response as Trends,
    V1EventsListGet200Response as Events,
)
from openmonetize.pricing import TEXT_BOOK
from openmonetize.sandbox import Sandbox

from .conftest import EVENTS, USERS

pd = pytest.importorskip("pandas")

UTC = "datetime64[us, UTC]"
MONEY = "0.0012345678"
ROW = {"id": "e", "model": "m", "inputTokens": "5", "costUsd": MONEY, "timestamp": "2026-01-01T00:00:00Z"}


def events(*rows: dict[str, Any]) -> Events:
    return Events.from_dict({"data": list(rows)})


def test_rows_become_rows(om: OpenMonetize) -> None:
    page = om.events.list(limit=7)
    frame = page.to_dataframe()
    assert len(frame) == 7
    assert frame["credits_burned"].sum() == sum(row.credits_burned or 0 for row in page)
    assert list(frame["metadata"]) == [row.metadata for row in page]


def test_types_are_those_of_the_contract() -> None:
    frame = events(
        {"id": "e", "inputTokens": "5", "costUsd": MONEY, "timestamp": "2999-01-01T00:00:00Z"}
    ).to_dataframe()
    kinds = {name: str(kind) for name, kind in frame.dtypes.items()}
    assert kinds["input_tokens"] == kinds["output_tokens"] == "Int64"
    assert kinds["cost_usd"] == "float64"
    assert kinds["timestamp"] == UTC
    assert frame["output_tokens"].isna().all()
    assert frame["cost_usd"][0] == float(MONEY)


def test_types_do_not_depend_on_the_rows() -> None:
    full = events(ROW)
    for other in (events(), events({"id": "e"}), events({"id": None})):
        assert other.to_dataframe().dtypes.equals(full.to_dataframe().dtypes)


def test_money_is_exact_on_request() -> None:
    frame = events({"costUsd": MONEY}, {}).to_dataframe(money="decimal")
    assert list(frame["cost_usd"]) == [Decimal(MONEY), None]
    with pytest.raises(ApiValueError, match="money must be 'float' or 'decimal', not 'cents'"):
        events().to_dataframe(money="cents")


def test_days_are_times_whatever_the_wire_calls_them() -> None:
    usage = UsageReport.from_dict({"timeline": [{"date": "2026-11-01", "events": 1}]}).to_dataframe()
    forecast = BurnForecast.from_dict({"forecast": [{"date": "2026-11-01", "predictedBurn": 1}]}).to_dataframe()
    trends = Trends.from_dict({"data": [{"period": "2026-11"}]}).to_dataframe()
    for frame, name in ((usage, "date"), (forecast, "date"), (trends, "period")):
        assert str(frame[name].dtype) == UTC
        assert list(frame[name]) == [pd.Timestamp("2026-11-01", tz="UTC")]


def test_a_text_that_is_no_day_stays_a_text() -> None:
    frame = BurnForecast.from_dict({"forecast": [{"date": "tomorrow"}, {"date": "2026-11-01"}]}).to_dataframe()
    assert list(frame["date"]) == ["tomorrow", "2026-11-01"]


def test_fields_that_only_the_server_knows_are_columns() -> None:
    frame = events({"id": "a", "region": "eu"}, {"id": "b"}).to_dataframe()
    assert list(frame["region"]) == ["eu", None]


def test_fields_of_the_server_may_be_named_as_methods_and_columns_are() -> None:
    answer = events({"id": "a", "copy": 1, "to_dict": 2, "json": None}, {"id": "b", "plot": {"x": 3}})
    frame = answer.to_dataframe()
    assert list(frame["copy"]) == [1, None]
    assert list(frame["to_dict"]) == [2, None]
    assert list(frame["plot"]) == [None, {"x": 3}]
    assert frame.columns.is_unique
    assert "<td" in answer._repr_html_()


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
@pytest.mark.parametrize("amounts", [["1e300"], ["0." + "1" * 39], ["1" * 30, "0." + "1" * 20]])
def test_amounts_without_room_are_refused_in_one_sentence(library: str, amounts: list[str]) -> None:
    pytest.importorskip(library)
    answer = events(*({"costUsd": amount} for amount in amounts))
    convert = answer.to_polars if library == "polars" else answer.to_arrow
    with pytest.raises(ApiValueError, match="cost_usd has amounts of more than 38 digits: use money='float'"):
        convert(money="decimal")
    convert()


def test_a_price_book_is_a_table_of_its_rows() -> None:
    frame = TEXT_BOOK.to_dataframe(money="decimal")
    assert [tuple(row)[:3] for row in frame.itertuples(index=False)] == [row[:3] for row in TEXT_BOOK]
    assert list(frame["usd"]) == [row.usd for row in TEXT_BOOK]
    assert str(frame["valid_from"].dtype) == UTC
    assert repr(TEXT_BOOK).startswith(f"<{len(TEXT_BOOK)} Price rows>\n")
    html = TEXT_BOOK._repr_html_()
    assert "gpt-4o" in html and "Sum" not in html and "tfoot" not in html


def test_whole_numbers_without_room_are_kept() -> None:
    frame = events({"inputTokens": str(2**70)}).to_dataframe()
    assert list(frame["input_tokens"]) == [2**70]


def test_a_part_of_an_answer_is_chosen_by_name(om: OpenMonetize) -> None:
    usage = om.analytics.usage(last="40d")
    assert set(usage.to_dataframe("by_feature").columns) == {"feature_id", "event_count", "credits_burned", "cost_usd"}
    assert usage.to_dataframe("summary")["total_events"].tolist() == [EVENTS]
    with pytest.raises(ApiValueError, match="table must be one of 'timeline', 'summary', 'by_feature'"):
        usage.to_dataframe("by_user")
    with pytest.raises(ApiValueError, match="leave 'rows' out"):
        om.credits.balance().to_dataframe("rows")


def test_other_answers_have_a_row(om: OpenMonetize) -> None:
    assert om.credits.balance().to_dataframe()["balance"].tolist() == [10_000]
    assert om.rating.pricing().to_dataframe()["pricing_input_token_cost_per_unit"].notna().any()
    assert om.analytics.burn_rate(user_id=USERS[0]).to_dataframe()["days"].tolist() == [7, 30]


def test_an_iterator_becomes_one_frame_of_all_pages(om: OpenMonetize) -> None:
    frame = om.events.iter_list(page_size=7).to_dataframe()
    assert len(frame) == EVENTS
    rows = om.events.iter_list(page_size=7)
    assert isinstance(next(rows), StoredEvent)
    assert len(rows.to_dataframe()) == EVENTS - 1
    empty = om.credits.iter_transactions("acme_nobody").to_dataframe()
    assert str(empty["created_at"].dtype) == UTC
    assert len(empty) == 0


def test_polars_has_the_same_columns(om: OpenMonetize) -> None:
    polars = pytest.importorskip("polars")
    page = events(
        {"id": "e", "inputTokens": "5", "costUsd": MONEY, "timestamp": "2026-01-01T00:00:00Z", "metadata": {"a": 1}}, {}
    )
    frame = page.to_polars()
    assert frame.columns == list(page.to_dataframe().columns)
    assert frame.schema["input_tokens"] == polars.Int64
    assert frame.schema["cost_usd"] == polars.Float64
    assert frame.schema["timestamp"] == polars.Datetime("us", "UTC")
    assert [value and json.loads(value) for value in frame["metadata"]] == [{"a": 1}, None]
    assert page.to_polars(money="decimal")["cost_usd"].to_list() == [Decimal(MONEY), None]
    assert len(om.events.iter_list().to_polars()) == EVENTS


def test_arrow_has_the_same_columns(om: OpenMonetize) -> None:
    arrow = pytest.importorskip("pyarrow")
    page = events(ROW, {})
    table = page.to_arrow()
    assert table.column_names == list(page.to_dataframe().columns)
    assert table.schema.field("input_tokens").type == arrow.int64()
    assert table.schema.field("timestamp").type == arrow.timestamp("us", "UTC")
    assert page.to_arrow(money="decimal")["cost_usd"].to_pylist() == [Decimal(MONEY), None]
    assert om.analytics.usage().to_arrow().num_rows == om.analytics.usage().to_dataframe().shape[0]


def test_a_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"pandas is not installed: pip install 'openmonetize\[notebook\]'"):
        events().to_dataframe()
    with pytest.raises(MissingExtraError, match="polars is not installed: pip install 'polars'"):
        events().to_polars()


def test_a_library_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pd, "__version__", "1.5.3")
    with pytest.raises(MissingExtraError, match=r"pandas 1\.5\.3 is too old: pip install 'openmonetize\[notebook\]'"):
        events().to_dataframe()


def test_usage_by_user_sums_bookings(om: OpenMonetize) -> None:
    frame = om.usage_by_user(last="1d")
    by_user = frame.set_index("user_id")
    for user in USERS:
        burns = [row for row in om.credits.iter_transactions(user) if row.transaction_type == "BURN"]
        assert by_user.loc[user, "credits_burned"] == -sum(row.amount or 0 for row in burns)
        assert by_user.loc[user, "burns"] == len(burns)
        assert by_user.loc[user, "credits_added"] == 50_000
        assert by_user.loc[user, "balance"] == 50_000 - by_user.loc[user, "credits_burned"]
    assert frame["credits_burned"].is_monotonic_decreasing
    assert "without a wallet" in " ".join(frame.attrs["limits"])
    assert frame.attrs["range"].startswith("from ")


def test_usage_by_user_is_that_of_the_range_and_of_the_named_users(om: OpenMonetize) -> None:
    told = []
    frame = om.usage_by_user(
        start_date="2020-01-01",
        end_date="2020-01-31",
        users=[USERS[0], "x" * 101],
        progress=lambda done, total: told.append((done, total)),
    )
    assert frame["credits_burned"].tolist()[0] == 0
    assert frame["credits_burned"].isna().tolist() == [False, True]
    assert told == [(1, 2), (2, 2)]


def test_usage_by_user_where_old_bookings_are_not_shown_is_the_platforms_own_sum() -> None:
    with Sandbox(mode="faithful") as sandbox, OpenMonetize(api_key=sandbox.key, base_url=sandbox.url) as om:
        om.credits.grant(user_id=USERS[0], amount=50_000)
        for _ in range(60):
            om.track_custom_event(unit_type="report", quantity=1, user_id=USERS[0], feature_id="report")
        assert om.wait_billed()
        month = om.usage_by_user(last="30d", users=USERS[:1])
        assert month["credits_burned"].tolist() == [600]
        assert month["balance"].tolist() == [49_400]
        assert month["burns"].isna().all()
        other = om.usage_by_user(last="29d", users=USERS[:1])
        assert other["credits_burned"].isna().all()
        assert "newest 50 bookings" in " ".join(other.attrs["limits"])


@pytest.mark.parametrize("users", ["acme_ada", 5, [None], [5], [b"acme_ada"]])
def test_users_that_are_no_list_of_ids_are_refused(om: OpenMonetize, users: Any) -> None:
    with pytest.raises(ApiTypeError, match=r"users must be a list of user ids, not|a user id must be a str, not"):
        om.usage_by_user(users=users)


def test_a_user_who_is_named_twice_has_one_row(om: OpenMonetize) -> None:
    assert list(om.usage_by_user(users=[USERS[0], USERS[0]])["user_id"]) == [USERS[0]]


def test_progress_that_is_no_function_is_refused(om: OpenMonetize) -> None:
    wrong: Any = 5
    with pytest.raises(ApiTypeError, match="progress must be a function, not int"):
        om.usage_by_user(progress=wrong)


def test_a_conversion_that_is_refused_reads_no_row(om: OpenMonetize, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = om.events.iter_list()
    with pytest.raises(ApiValueError, match="money must be"):
        rows.to_dataframe(money="cents")
    with pytest.raises(ApiValueError, match="an iterator is one table"):
        rows.to_dataframe("summary")
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match="polars is not installed"):
        rows.to_polars()
    assert rows.total is None
    assert len(rows.to_dataframe()) == EVENTS


def test_a_bar_is_drawn_on_request(om: OpenMonetize, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("tqdm")
    assert len(list(om.events.iter_list(page_size=20, progress=True))) == EVENTS
    assert f"{EVENTS}/{EVENTS}" in capsys.readouterr().err
    assert len(list(om.events.iter_list(progress=False))) == EVENTS


def test_an_error_of_a_page_comes_out_of_the_frame(om: OpenMonetize) -> None:
    rows = om.credits.iter_transactions("acme_ada", _request_auth="om_wrong")
    with pytest.raises(ApiException):
        rows.to_dataframe()
