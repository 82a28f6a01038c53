"""Plots of answers: titles, units, dates and legends are right without arguments.

The figures are legible at 480 pixels, and the colours are told apart by all eyes (https://jfly.uni-koeln.de/color/, by
Okabe and Ito).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

from openmonetize._arguments import described
from openmonetize._http.paging import Rows
from openmonetize._schema import timestamps
from openmonetize._schema.list_model import ListModel
from openmonetize._schema.shown import asked_range
from openmonetize._schema.time_range import TimeRange
from openmonetize.exceptions import ApiTypeError, ApiValueError
from openmonetize.notebook.libraries import library
from openmonetize.notebook.tables import Table, answer_in, table_of, title_of
from openmonetize.notebook.values import number

BLUE, ORANGE, GREEN, VERMILION, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#999999"
MAX_BARS = 10  # the others are summed up in one
MAX_PROJECTION = 365  # days
_MAX_RUNOUT = 36_500  # days to the end of a balance of which a platform may say the date
_SIZE = (6.0, 3.6)  # inches: at 480 pixels, letters of 10 points are 11 pixels high
_HEADROOM = 1.5  # of the highest value, for a legend above the lines
_MAX_TICKS = 6
_MAX_NAME = 26  # characters of a model's name, which would leave no room for the bars
_MAX_BARS_WITH_GAPS = 100
_ROOM_OF_LEGEND = 0.16  # of the bars' height
_SMALLEST_AMOUNT = 1e-8  # US dollars; smaller ones are written as 1e-09
_LARGEST_WHOLE = 10**12  # larger numbers are written as 2.5e+13
_LONGEST_WEEK = 21  # days between two weeks of usage, of which some have none; months are further apart
_AT_ONCE, _DAYS = timedelta(minutes=1), timedelta(days=3)


def plot(shown: Any, ax: Any = None) -> Any:
    """Plot an answer and return the Axes; see :meth:`openmonetize._schema.shown.Shown.plot`."""
    answer = answer_in(shown)
    name = _subject(answer)
    draw = _PLOTS.get(name)
    if draw is None:
        known = "usage, costs, burn rate, forecast, transactions and estimates have one"
        raise ApiTypeError(f"there is no plot of {name}: {known}; to_dataframe() gives the figures")
    if ax is not None and not hasattr(ax, "set_title"):  # such as the array that `subplots` returns of several
        raise ApiTypeError(f"ax must be the Axes of matplotlib, not {described(ax)}")
    if ax is None:
        _, ax = library("matplotlib.pyplot").subplots(figsize=_SIZE, layout="constrained")
    try:
        draw(ax, answer, asked_range(shown) or asked_range(answer))
    except OverflowError:  # the year 9999, or more credits than a float can count
        raise ApiValueError(
            "a date or a number is beyond what can be drawn: to_dataframe() gives the figures"
        ) from None
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _subject(answer: Any) -> str:
    """Return the name of what is plotted: the answer's, or that of its rows."""
    if isinstance(answer, Rows):
        return title_of(answer.row_model or object)
    return table_of(answer).row if isinstance(answer, ListModel) else title_of(type(answer))


def _usage(ax: Any, report: Any, asked: TimeRange | None) -> None:
    table = table_of(report, "timeline")
    _bars_by_day(ax, _column(table, "date"), _column(table, "credits_burned"), asked)
    _title(ax, "Credits burned by day", asked)
    ax.set_ylabel("credits")


def _trends(ax: Any, answer: Any, asked: TimeRange | None) -> None:
    table = table_of(answer)
    points = [each for each in zip(_column(table, "period"), _column(table, "total_credits_burned")) if each[0]]
    if points and (_gap(points) > 1 or any(not isinstance(period, datetime) for period, _ in points)):
        _bars_by_period(ax, points)
    else:
        _bars_by_day(ax, [day for day, _ in points], [value for _, value in points], asked)
    _title(ax, "Credits burned", asked)
    ax.set_ylabel("credits")


def _costs(ax: Any, report: Any, asked: TimeRange | None) -> None:
    table = table_of(report, "by_provider")
    names = _models(table)
    cost, revenue = _column(table, "provider_cost"), _column(table, "revenue")
    names, cost, revenue = _largest(names, cost, revenue)
    _pairs(ax, names, [("provider cost", cost, ORANGE), ("revenue", revenue, BLUE)])
    _title(ax, "Cost and revenue by model", asked)
    ax.set_xlabel("US dollars")


def _breakdown(ax: Any, answer: Any, asked: TimeRange | None) -> None:
    table = table_of(answer)
    names, cost = _largest(_models(table), _column(table, "total_cost_usd"))
    _pairs(ax, names, [("", cost, ORANGE)])
    _title(ax, "Provider cost by model", asked)
    ax.set_xlabel("US dollars")


def _estimates(ax: Any, answer: Any, asked: TimeRange | None) -> None:
    table = table_of(answer)
    if _column(table, "credits") and None not in _column(table, "credits"):
        values, unit = _column(table, "credits"), "credits"
    else:
        values, unit = _column(table, "cost"), "US dollars"
    names = [f"estimate {number}" for number in range(1, len(values) + 1)] if len(values) > 1 else ["estimate"]
    _pairs(ax, names[:MAX_BARS], [("", values[:MAX_BARS], BLUE)])
    rest = "" if len(values) <= MAX_BARS else f", first {MAX_BARS} of {len(values)}"
    _title(ax, f"Estimated cost{rest}", None)
    ax.set_xlabel(unit)
    if unit == "credits":
        _whole_numbers(ax.xaxis)


def _transactions(ax: Any, answer: Any, asked: TimeRange | None) -> None:
    table = table_of(answer)
    rows = zip(_column(table, "created_at"), _column(table, "balance_before"), _column(table, "balance_after"))
    booked = [(at, float(before), float(after)) for at, before, after in rows if None not in (at, before, after)]
    booked.reverse()  # the newest comes first
    if booked:
        first = booked[0]
        balances = [first[1], *(row[2] for row in booked)]
        times = [first[0], *(row[0] for row in booked)]
        at_once = times[-1] - times[0] < _AT_ONCE
        places = list(range(len(balances))) if at_once else times
        where = "mid" if at_once else "post"  # a balance after a booking has its place, or lasts to the next one
        ax.step(places, balances, where=where, color=BLUE, linewidth=1.8)
        ax.plot(places[-1:], balances[-1:], "o", color=BLUE, markersize=5)
        ax.fill_between(places, balances, step=where, color=BLUE, alpha=0.12, linewidth=0)
        if min(balances) < 0:
            ax.axhline(0, color=VERMILION, linewidth=1)
        else:
            ax.set_ylim(bottom=0)
        if at_once:  # as after a backfill: along the time there would be one vertical line
            ax.set_xlabel(f"bookings, all of {_day(times[0])} {times[0]:%H:%M} (UTC)")
            _whole_numbers(ax.xaxis)
            ax.grid(axis="y", alpha=0.3)
        elif times[-1] - times[0] > _DAYS:
            _days(ax, times[0], times[-1])
        else:
            _times(ax)
    else:
        _nothing(ax, "no transactions")
    page = getattr(answer, "pagination", None)
    total = getattr(page, "total", None)
    is_part = total is not None and total > len(booked)
    _title(ax, f"Balance, {len(booked):,} of {total:,} bookings" if is_part else "Balance", None)
    _whole_numbers(ax.yaxis)
    ax.set_ylabel("credits")


def _burn_rate(ax: Any, rate: Any, asked: TimeRange | None) -> None:
    """Draw how the balance falls at the pace of the last 7 and 30 days, and when it is used up."""
    table = table_of(rate, "windows")
    balance = rate.current_balance or 0
    today = _answered_on(rate)
    paces = [
        (f"as in the last {days} days", float(pace), color)
        for days, pace, color in zip(_column(table, "days"), _column(table, "average_per_day"), (VERMILION, BLUE))
        if pace
    ]
    if not paces or balance <= 0:
        _nothing(ax, "the wallet is empty" if balance <= 0 else "nothing was burned in the last 30 days")
    else:
        lengths = [min(balance / pace, MAX_PROJECTION) for _, pace, _ in paces]
        for (label, pace, color), days in zip(paces, lengths):
            end = today + timedelta(days=days)
            ends_in_view = balance / pace <= MAX_PROJECTION
            label = f"{label}: {f'used up {_day(end)}' if ends_in_view else 'lasts more than a year'}"
            ax.plot([today, end], [balance, max(0.0, balance - pace * days)], color=color, linewidth=1.8, label=label)
            if ends_in_view:
                ax.plot([end], [0], "o", color=color, clip_on=False, zorder=3)
        if len(paces) > 1:
            _shade_between(ax, today, balance, [pace for _, pace, _ in paces], lengths)
        _legend(ax, "upper right")
        ax.set_ylim(0, balance * _HEADROOM)
        _days(ax, today, today + timedelta(days=max(lengths)))
    _title(ax, f"Balance {_whole_number(balance)}: when it is used up", None)
    _whole_numbers(ax.yaxis)
    ax.set_ylabel("credits")


def _answered_on(rate: Any) -> datetime:
    """Return when a burn rate was answered, by the platform's clock if it tells: a sandbox's may be set."""
    runout = rate.projected_runout
    days = getattr(runout, "days_remaining", None)
    if days is None or days > _MAX_RUNOUT:
        return _today()
    try:
        end = timestamps.utc(runout.estimated_runout_date)
        return end.replace(second=0, microsecond=0) - timedelta(days=days)
    except (TypeError, ValueError, OverflowError):  # no date, or none that can be read
        return _today()


def _shade_between(ax: Any, today: datetime, balance: float, paces: Sequence[float], lengths: Sequence[float]) -> None:
    days = sorted({0.0, *lengths})
    low = [max(0.0, balance - max(paces) * each) for each in days]
    high = [max(0.0, balance - min(paces) * each) for each in days]
    times = [today + timedelta(days=each) for each in days]
    ax.fill_between(times, low, high, color=GREY, alpha=0.25, linewidth=0)


def _forecast(ax: Any, forecast: Any, asked: TimeRange | None) -> None:
    table = table_of(forecast, "forecast")
    days, burned = _column(table, "date"), _column(table, "cumulative_burn")
    points = [(day, total) for day, total in zip(days, burned) if isinstance(day, datetime) and total is not None]
    if not points or forecast.current_balance is None:
        _nothing(ax, forecast.message or "no usage in the last 30 days")
        _title(ax, "Forecast of the balance", None)
        return
    balance = float(forecast.current_balance)
    times = [points[0][0] - timedelta(days=1), *(day for day, _ in points)]
    left = [balance, *(balance - float(total) for _, total in points)]
    shown = [max(0.0, each) for each in left]
    ax.plot(times, shown, color=BLUE, linewidth=1.8, label="balance")
    ax.fill_between(times, shown, color=BLUE, alpha=0.12, linewidth=0)
    end = _used_up(times, left)
    if end is not None:
        mark = {"color": VERMILION, "linewidth": 1.5, "linestyle": "--", "label": f"used up {_day(end)}"}
        ax.plot([end, end], [0, max(1, balance)], **mark)
        if end < times[-1]:
            ax.fill_between(
                [end, times[-1]], max(1, balance), color=VERMILION, alpha=0.12, linewidth=0, label="no credits left"
            )
    _legend(ax, "upper right")
    ax.set_ylim(0, max(1, balance) * _HEADROOM)
    _days(ax, times[0], times[-1])
    average = forecast.average_daily_burn
    _title(ax, "Forecast of the balance" + (f", {average:,} credits a day" if average is not None else ""), None)
    _whole_numbers(ax.yaxis)
    ax.set_ylabel("credits")


def _used_up(times: Sequence[datetime], left: Sequence[float]) -> datetime | None:
    """Return when a balance reaches zero, between two days in proportion."""
    if left[0] <= 0:
        return times[0]
    for index in range(1, len(left)):
        if left[index] <= 0:
            share = left[index - 1] / (left[index - 1] - left[index])
            return times[index - 1] + (times[index] - times[index - 1]) * share
    return None


_PLOTS: dict[str, Callable[[Any, Any, TimeRange | None], None]] = {
    "UsageReport": _usage,
    "UsageTrend": _trends,
    "CostReport": _costs,
    "CostBreakdownRow": _breakdown,
    "BurnRate": _burn_rate,
    "BurnForecast": _forecast,
    "Transaction": _transactions,
    "CalculatedCost": _estimates,
}


def _column(table: Table, name: str) -> list[Any]:
    return next(table.values(index) for index, column in enumerate(table.columns) if column.name == name)


def _models(table: Table) -> list[str]:
    models = [str(model or "unknown") for model in _column(table, "model")]
    twice = {each for each in models if models.count(each) > 1}
    return [
        f"{provider} {model}" if provider and model in twice else model
        for model, provider in zip(models, _column(table, "provider"))
    ]


def _short(name: str) -> str:
    """Return a name without its middle: names of models differ at their ends."""
    return name if len(name) <= _MAX_NAME else f"{name[: _MAX_NAME - 12]}…{name[-11:]}"


def _largest(names: list[str], *columns: list[Any]) -> list[Any]:
    """Return names and columns with the largest of the first column first, and those beyond `MAX_BARS` in one."""
    order = sorted(range(len(names)), key=lambda index: columns[0][index] or 0, reverse=True)
    if len(order) <= MAX_BARS:
        return [[each[index] or 0 for index in order] for each in (names, *columns)]
    kept, rest = order[: MAX_BARS - 1], order[MAX_BARS - 1 :]
    sums = [[*(each[index] or 0 for index in kept), sum(each[index] or 0 for index in rest)] for each in columns]
    return [[*(names[index] for index in kept), f"{len(rest)} others"], *sums]


def _pairs(ax: Any, names: Sequence[str], series: Sequence[tuple[str, Sequence[Any], str]]) -> None:
    """Draw horizontal bars, which leave room for the names of models."""
    if not names:
        _nothing(ax, "no events")
        return
    height = 0.8 / len(series)
    for index, (label, values, color) in enumerate(series):
        places = [place + (index - (len(series) - 1) / 2) * height for place in range(len(names))]
        ax.barh(places, [float(each or 0) for each in values], height, color=color, label=label or None)
    ax.set_yticks(range(len(names)), [_short(name) for name in names], parse_math=False)
    room = max(2, len(names))  # a single bar is no wall
    below = _ROOM_OF_LEGEND * room if len(series) > 1 else 0.0
    ax.set_ylim((len(names) + room) / 2 - 0.5 + below, (len(names) - room) / 2 - 0.5)
    ax.grid(axis="x", alpha=0.3)
    ax.set_axisbelow(True)
    ticker = library("matplotlib.ticker")
    ax.xaxis.set_major_locator(ticker.MaxNLocator(3))
    ax.xaxis.set_major_formatter(ticker.FuncFormatter(_amount))
    if not any(value for _, values, _ in series for value in values):
        ax.set_xlim(0, 1)
    if len(series) > 1:
        _legend(ax, "lower right", columns=len(series))


def _bars_by_day(ax: Any, days: list[Any], values: list[Any], asked: TimeRange | None) -> None:
    points = [(day, value) for day, value in zip(days, values) if isinstance(day, datetime) and value is not None]
    if not points:
        _nothing(ax, "no events")
        return
    # Of many bars, gaps would be narrower than a pixel, and some of them would seem wider than others.
    style: dict[str, Any] = {"edgecolor": BLUE, "linewidth": 0.7} if len(points) > _MAX_BARS_WITH_GAPS else {}
    ax.bar([day for day, _ in points], [float(value) for _, value in points], width=0.85, color=BLUE, **style)
    first, last = min(day for day, _ in points), max(day for day, _ in points)
    if asked is not None and asked.start is not None:
        first, last = min(first, _midnight(asked.start)), max(last, _midnight(asked.end or _today()))
    _days(ax, first, last)
    _from_zero(ax)


def _gap(points: list[tuple[Any, Any]]) -> int:
    """Return the days between the nearest two periods; 0 if they are no days."""
    days = [day for day, _ in points if isinstance(day, datetime)]
    return min((abs((after - before).days) for before, after in zip(days, days[1:])), default=0)


def _bars_by_period(ax: Any, points: list[tuple[Any, Any]]) -> None:
    """Draw weeks, months, or periods of another kind, side by side."""
    are_known = all(isinstance(day, datetime) for day, _ in points)
    is_month = are_known and _gap(points) > _LONGEST_WEEK
    ax.bar(range(len(points)), [float(value or 0) for _, value in points], color=BLUE)
    step = -(-len(points) // _MAX_TICKS)
    if are_known:
        names = [f"{day:%b}\n{day.year}" if is_month else f"{day.day} {day:%b}" for day, _ in points]
    else:
        names = [_short(str(period)) for period, _ in points]
    ax.set_xticks(range(0, len(points), step), names[::step], parse_math=False)
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    ax.set_xlabel("month (UTC)" if is_month else "week from (UTC)" if are_known else "period")
    _from_zero(ax)


def _from_zero(ax: Any) -> None:
    """Name whole numbers on the axis from zero, also where all are zero."""
    low, high = ax.dataLim.intervaly
    ax.set_ylim(None if low < 0 else 0, None if high > 0 or low < 0 else 1)
    _whole_numbers(ax.yaxis)


def _days(ax: Any, first: datetime, last: datetime) -> None:
    """Name some of the days on the axis, from the first to the last."""
    first, last = _midnight(first), _midnight(last)
    count = (last - first).days + 1
    step = next(step for step in (1, 2, 5, 7, 14, 21, 30, 61, 91, 182, count) if count / step <= _MAX_TICKS)
    ticks = [first + timedelta(days=number) for number in range(0, count, step)]
    in_years = first.year != last.year
    ax.set_xlim(first - timedelta(hours=16), last + timedelta(hours=16))
    ax.set_xticks(ticks, [f"{each.day} {each:%b}{f'{chr(10)}{each.year}' if in_years else ''}" for each in ticks])
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    ax.set_xlabel("day (UTC)")


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _times(ax: Any) -> None:
    """Name some of the instants on the axis, days or times of day."""
    dates = library("matplotlib.dates")
    locator = dates.AutoDateLocator(minticks=4, maxticks=_MAX_TICKS + 1, tz=timezone.utc)
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(dates.ConciseDateFormatter(locator, tz=timezone.utc))
    ax.grid(axis="y", alpha=0.3)
    ax.set_axisbelow(True)
    ax.set_xlabel("time (UTC)")


def _legend(ax: Any, place: str, columns: int = 1) -> None:
    face = ax.get_facecolor()
    ax.legend(loc=place, ncols=columns, fontsize=9, facecolor=face, edgecolor="none", framealpha=0.9)


def _whole_numbers(axis: Any) -> None:
    ticker = library("matplotlib.ticker")
    axis.set_major_locator(ticker.MaxNLocator(5, integer=True))
    axis.set_major_formatter(ticker.FuncFormatter(_whole_number))


def _amount(value: float, place: Any = None) -> str:
    return f"{value:.3g}" if abs(value) < _SMALLEST_AMOUNT else number(Decimal(f"{value:.9g}"))


def _whole_number(value: float, place: Any = None) -> str:
    return f"{round(value):,}" if abs(value) < _LARGEST_WHOLE else f"{value:.3g}"


def _title(ax: Any, text: str, asked: TimeRange | None) -> None:
    if asked is not None and asked.start is not None:
        days = dict.fromkeys((_day(asked.start), _day(asked.end or _today())))  # one, where it is the same
        text += f"\n{' to '.join(days)}"
    ax.set_title(text, loc="left", fontsize=11)


def _nothing(ax: Any, text: str) -> None:
    style = {"ha": "center", "va": "center", "color": GREY, "wrap": True, "parse_math": False}
    ax.text(0.5, 0.5, str(text), transform=ax.transAxes, **style)
    ax.set_xticks([])
    ax.set_yticks([])


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b %Y}"


def _today() -> datetime:
    return datetime.now(timezone.utc)
