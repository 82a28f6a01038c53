"""Plots, drawn by matplotlib."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest

from openmonetize import (
    ApiTypeError,
    ApiValueError,
    BurnForecast,
    BurnRate,
    CostReport,
    MissingExtraError,
    OpenMonetize,
    UsageReport,
    V1AnalyticsUsageTrendsGet200Response as Trends,
    V1CustomersCustomerIdUsersUserIdTransactionsGet200Response as Transactions,
)

from .conftest import MODELS, USERS

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")
plt = pytest.importorskip("matplotlib.pyplot")

DAYS = [date(2026, 12, 1) + timedelta(days=number) for number in range(30)]


@pytest.fixture(autouse=True)
def _figures() -> Iterator[None]:
    yield
    plt.close("all")


def forecast(balance: int, burn: int) -> BurnForecast:
    rows = [
        {"date": day.isoformat(), "predictedBurn": burn, "cumulativeBurn": burn * number}
        for number, day in enumerate(DAYS, 1)
    ]
    return BurnForecast.from_dict({"currentBalance": balance, "averageDailyBurn": burn, "forecast": rows})


def rate(balance: int, week: str, month: str) -> BurnRate:
    return BurnRate.from_dict(
        {"currentBalance": str(balance), "last7Days": {"averagePerDay": week}, "last30Days": {"averagePerDay": month}}
    )


def texts(ax: Any) -> list[str]:
    legend = ax.get_legend()
    return [each.get_text() for each in (legend.get_texts() if legend else [])] + [each.get_text() for each in ax.texts]


def _shown(axis: Any) -> list[Any]:
    """Return the labels of the ticks that are in view."""
    low, high = sorted(axis.get_view_interval())
    ticks = [tick for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [tick.label1 for tick in ticks if tick.label1.get_text()]


def drawn(ax: Any) -> bytes:
    """Return the figure as a picture, 480 pixels wide, and check that nothing is cut off."""
    figure = ax.figure
    figure.set_dpi(480 / figure.get_figwidth())
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()
    box = figure.bbox.padded(2)
    days, names = _shown(ax.xaxis), _shown(ax.yaxis)
    for each in (ax.title, ax.xaxis.label, ax.yaxis.label, *days, *names, *ax.texts):
        extent = each.get_window_extent(renderer)
        assert not each.get_text() or (extent.x0 >= box.x0 and extent.x1 <= box.x1), each.get_text()
        assert not each.get_text() or each.get_fontsize() >= 9
    extents = [each.get_window_extent(renderer) for each in days]
    assert all(left.x1 < right.x0 for left, right in zip(extents, extents[1:])), "labels run into each other"
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=figure.dpi)
    assert struct.unpack(">I", picture.getvalue()[16:20])[0] == 480
    return picture.getvalue()


def test_usage_is_credits_by_day(om: OpenMonetize) -> None:
    ax = om.analytics.usage(last="40d").plot()
    assert ax.get_title(loc="left").startswith("Credits burned by day\n")
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("day (UTC)", "credits")
    usage = om.analytics.usage(last="40d").data
    assert usage is not None
    assert [bar.get_height() for bar in ax.patches] == [day.credits_burned for day in usage.timeline or ()]
    assert drawn(ax)


@pytest.mark.parametrize(
    ("periods", "label", "first"),
    [
        (["2026-03", "2026-04", "2026-05"], "month (UTC)", "Mar\n2026"),
        (["2026-11-01", "2026-11-08", "2026-11-15"], "week from (UTC)", "1 Nov"),
        (["2026-11-01", "2026-11-02", "2026-11-04"], "day (UTC)", "1 Nov"),
    ],
)
def test_trends_are_credits_by_period(periods: list[str], label: str, first: str) -> None:
    rows = [{"period": period, "totalCreditsBurned": 100 * number} for number, period in enumerate(periods, 1)]
    ax = Trends.from_dict({"data": rows}).plot()
    assert [bar.get_height() for bar in ax.patches] == [100, 200, 300]
    assert ax.get_xlabel() == label
    assert ax.get_xticklabels()[0].get_text() == first
    assert drawn(ax)


def test_periods_of_another_kind_are_drawn_by_their_names() -> None:
    rows = [{"period": period, "totalCreditsBurned": 5} for period in ("2026-W03", "2026-W04", None)]
    ax = Trends.from_dict({"data": rows}).plot()
    assert [each.get_text() for each in ax.get_xticklabels()] == ["2026-W03", "2026-W04"]
    assert ax.get_xlabel() == "period"
    assert drawn(ax)


def test_days_without_usage_are_drawn_at_zero() -> None:
    ax = UsageReport.from_dict({"timeline": [{"date": str(day), "creditsBurned": 0} for day in DAYS]}).plot()
    assert drawn(ax)
    assert [each.get_text() for each in _shown(ax.yaxis)] == ["0", "1"]


@pytest.mark.parametrize("name", ["$\\frac{$", "m" * 150, "mistral.mistral-large-2407-v1:0", "_^$x$"])
def test_every_name_of_a_model_can_be_drawn(name: str) -> None:
    rows = [{"model": name, "providerCost": "0.0000025"}, {"model": None, "providerCost": "0.0000015"}]
    ax = CostReport.from_dict({"byProvider": rows}).plot()
    assert drawn(ax)
    shown, unknown = (each.get_text() for each in ax.get_yticklabels())
    assert shown == name if len(name) < 26 else shown.startswith(name[:14]) and shown.endswith(name[-11:])
    assert unknown == "unknown"
    assert "0.000001" in [each.get_text() for each in _shown(ax.xaxis)]


@pytest.mark.parametrize("count", [1, 2, 10, 30])
def test_a_legend_covers_no_bar(count: int) -> None:
    rows = [{"model": f"m{number}", "providerCost": 9, "revenue": 9} for number in range(count)]
    ax = CostReport.from_dict({"byProvider": rows}).plot()
    assert drawn(ax)
    legend = ax.get_legend().get_window_extent()
    assert not any(legend.overlaps(bar.get_window_extent()) for bar in ax.patches)


@pytest.mark.parametrize(
    "answer",
    [
        UsageReport.from_dict({"timeline": [{"date": "2026-11-01", "creditsBurned": 10**400}]}),
        BurnForecast.from_dict({"currentBalance": 5, "forecast": [{"date": "0001-01-01", "cumulativeBurn": 5}]}),
    ],
)
def test_what_is_beyond_a_plot_is_refused_in_one_sentence(answer: Any) -> None:
    with pytest.raises(ApiValueError, match="a date or a number is beyond what can be drawn"):
        answer.plot()


def test_large_numbers_are_drawn() -> None:
    rows = [
        {"createdAt": "2026-12-05T00:00:00Z", "balanceBefore": str(10**30), "balanceAfter": str(-(10**30))},
        {"createdAt": "2026-11-05T00:00:00Z", "balanceBefore": "0", "balanceAfter": str(10**30)},
    ]
    ax = Transactions.from_dict({"data": rows}).plot()
    assert drawn(ax)
    assert "1e+30" in [each.get_text() for each in _shown(ax.yaxis)]


def test_costs_are_dollars_by_model(om: OpenMonetize) -> None:
    ax = om.analytics.costs(last="40d").plot()
    assert {each.get_text() for each in ax.get_yticklabels()} == {model for _, model in MODELS}
    assert ax.get_xlabel() == "US dollars"
    assert texts(ax) == ["provider cost", "revenue"]
    assert drawn(ax)


def test_many_models_are_summed_up() -> None:
    rows = [{"provider": "OPENAI", "model": f"m{number}", "providerCost": str(number)} for number in range(30)]
    ax = CostReport.from_dict({"byProvider": rows}).plot()
    labels = [each.get_text() for each in ax.get_yticklabels()]
    assert labels == [*(f"m{number}" for number in range(29, 20, -1)), "21 others"]
    assert max(bar.get_width() for bar in ax.patches) == sum(range(21))
    assert drawn(ax)


@pytest.mark.parametrize("of_pages", [True, False])
def test_transactions_are_the_balance_over_time(om: OpenMonetize, of_pages: bool) -> None:
    shown = om.credits.iter_transactions(USERS[0]) if of_pages else om.credits.transactions(USERS[0], limit=10)
    ax = shown.plot()
    newest = om.credits.transactions(USERS[0], limit=1)[0]
    assert ax.lines[0].get_ydata()[-1] == newest.balance_after
    assert ax.get_title(loc="left") == ("Balance" if of_pages else "Balance, 10 of 31 bookings")
    assert drawn(ax)


def test_bookings_of_days_are_drawn_along_the_time() -> None:
    rows = [
        {"createdAt": f"{day}T12:00:00.000Z", "balanceBefore": 1000 - 10 * number, "balanceAfter": 990 - 10 * number}
        for number, day in enumerate(DAYS)
    ]
    ax = Transactions.from_dict({"data": rows[::-1]}).plot()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("day (UTC)", "credits")
    assert list(ax.lines[0].get_ydata()) == [1000, *(row["balanceAfter"] for row in rows)]
    assert drawn(ax)


def test_bookings_of_one_moment_are_drawn_side_by_side(om: OpenMonetize) -> None:
    ax = om.credits.iter_transactions(USERS[0]).plot()
    assert ax.get_xlabel().startswith("bookings, all of ")
    assert list(ax.lines[0].get_xdata()) == list(range(32))


def test_a_forecast_marks_the_day_on_which_credits_run_out() -> None:
    ax = forecast(9000, 400).plot()
    assert texts(ax) == ["balance", "used up 22 Dec 2026", "no credits left"]
    assert ax.get_title(loc="left") == "Forecast of the balance, 400 credits a day"
    assert drawn(ax)


def test_a_forecast_of_a_balance_that_lasts_marks_nothing() -> None:
    ax = forecast(90_000, 400).plot()
    assert texts(ax) == ["balance"]
    assert drawn(ax)


def test_a_forecast_without_usage_says_so() -> None:
    ax = BurnForecast.from_dict({"forecast": [], "message": "No usage"}).plot()
    assert texts(ax) == ["No usage"]
    assert drawn(ax)


def test_a_range_of_one_day_is_named_once(om: OpenMonetize) -> None:
    ax = om.analytics.usage(start_date="2026-11-16", end_date="2026-11-16").plot()
    assert ax.get_title(loc="left") == "Credits burned by day\n16 Nov 2026"


def test_a_burn_rate_is_a_range_between_two_paces() -> None:
    ax = rate(9000, "-800.00", "-400.00").plot()
    week, month = texts(ax)
    assert week.startswith("as in the last 7 days: used up ")
    assert month.startswith("as in the last 30 days: used up ")
    assert len(ax.collections) == 1
    assert drawn(ax)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (rate(9000, "0.00", "0.00"), "nothing was burned in the last 30 days"),
        (rate(-5, "8.00", "2.00"), "the wallet is empty"),
        (UsageReport.from_dict({"timeline": []}), "no events"),
        (CostReport.from_dict({}), "no events"),
    ],
)
def test_an_answer_without_figures_says_so(answer: Any, told: str) -> None:
    ax = answer.plot()
    assert texts(ax) == [told]
    assert drawn(ax)


def test_a_burn_rate_begins_when_it_was_answered() -> None:
    answer = BurnRate.from_dict(
        {
            "currentBalance": "700",
            "last7Days": {"averagePerDay": "100.00"},
            "last30Days": {"averagePerDay": "70.00"},
            "projectedRunout": {"daysRemaining": 7, "estimatedRunoutDate": "2030-01-08T12:00:00.000Z"},
        }
    )
    assert texts(answer.plot()) == [
        "as in the last 7 days: used up 8 Jan 2030",
        "as in the last 30 days: used up 11 Jan 2030",
    ]


def test_a_slow_burn_is_said_to_last() -> None:
    ax = rate(90_000, "8.00", "4.00").plot()
    assert all("lasts more than a year" in each for each in texts(ax))
    assert drawn(ax)


def test_estimates_are_credits(om: OpenMonetize) -> None:
    asked = [{"provider": "OPENAI", "model": "gpt-4o", "input_tokens": 10**6 * number} for number in (1, 2, 3)]
    asked = [{**each, "output_tokens": 10} for each in asked]
    ax = om.rating.calculate_bulk(calculations=asked).plot()
    assert len(ax.patches) == 3
    assert drawn(ax)


def test_a_plot_is_drawn_on_given_axes() -> None:
    _, ax = plt.subplots()
    assert forecast(900, 40).plot(ax=ax) is ax


def test_several_axes_are_refused() -> None:
    _, several = plt.subplots(2)
    with pytest.raises(ApiTypeError, match="ax must be the Axes of matplotlib, not ndarray"):
        forecast(900, 40).plot(ax=several)


def test_an_answer_without_a_plot_says_which_have_one(om: OpenMonetize) -> None:
    with pytest.raises(ApiTypeError, match="there is no plot of Balance: usage, costs, burn rate"):
        om.credits.balance().plot()


def test_matplotlib_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtraError, match="matplotlib is not installed"):
        forecast(900, 40).plot()
