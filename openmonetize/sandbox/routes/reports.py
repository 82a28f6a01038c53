"""The rating engine's analytics: cost breakdown, usage trends, burn forecast and summary. All numbers, not strings."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any, Dict, List, Sequence, Tuple

from openmonetize.sandbox.billing.aggregate import sums_by, total_of
from openmonetize.sandbox.billing.events import page, usd
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.billing.rollups import DAY_NAME, Group, groups
from openmonetize.sandbox.clock import DAY, day_text, iso, to_datetime
from openmonetize.sandbox.defects import RATING_PREFIX_404, SUMMARY_500
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, framework_error
from openmonetize.sandbox.routes.upstream import misdirected
from openmonetize.sandbox.state import CURRENT, SEED
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.schema import Fields, Number, OneOf, Optionally, Text

_moment = Optionally(Text(form="date-time"))
_group_by = Optionally(OneOf("day", "week", "month"), default="day")
_WINDOW = Fields({"startDate": _moment, "endDate": _moment, "groupBy": _group_by})
_SEED_WINDOW = Fields({"customerId": Text(form="uuid"), "startDate": _moment, "endDate": _moment, "groupBy": _group_by})
_FORECAST = Fields({"days": Optionally(Number(least=1, whole=True, from_text=True))})
_FORECAST_TODAY = Fields({"days": Optionally(Text())})
_SEED_FORECAST = Fields({"customerId": Text(form="uuid"), "days": Optionally(Text())})
_MOST_DAYS = 90

_FAILED = "Failed to proxy request to rating service"


def cost_breakdown(call: Request) -> Response:
    start, end = _window(call)
    found = groups(call.state, call.customer.pk, start, end, {}, ["provider", "model"])
    by_model = sums_by(found, lambda group: (group.provider or "unknown", group.model or "unknown"))
    data = [{"provider": name[0], "model": name[1], **_counted(sums, "eventCount")} for name, sums in by_model]
    data.sort(key=lambda row: -row["totalCostUsd"])
    period = {"startDate": iso(start), "endDate": iso(end), "days": max(0, -(-(end - start) // DAY))}
    return Response({"data": data, "totals": _counted(total_of(found), "totalEvents"), "period": period})


def usage_trends(call: Request) -> Response:
    start, end = _window(call)
    group_by = call.query["groupBy"]
    found = groups(call.state, call.customer.pk, start, end, {}, [DAY_NAME])
    by_period = sums_by(found, lambda group: (_period(group.day, group_by),))
    data = [{"period": name[0], **_counted(sums, "eventCount")} for name, sums in sorted(by_period, key=_name)]
    period = {"startDate": iso(start), "endDate": iso(end), "groupBy": group_by}
    return Response({"data": data, "period": period})


def burn_forecast(call: Request) -> Response:
    _require_own(call)
    state, now = call.state, call.state.clock.now()
    days = _days(call.query.get("days"))
    burned = total_of(groups(state, call.customer.pk, now - 30 * DAY, now, {}, []))
    if not burned.events:
        text = "No usage in the last 30 days to forecast from"
        return Response({"forecast": [], "averageDailyBurn": 0, "message": text})
    average = -(-burned.credits // 30)
    balance = _balance(call)
    forecast = [
        {"date": day_text(now + number * DAY), "predictedBurn": average, "cumulativeBurn": number * average}
        for number in range(1, days + 1)
    ]
    left = max(0, balance) // average if average else _NEVER
    projections = {
        "balanceAfterPeriod": max(0, balance - average * days),
        "daysUntilDepleted": left,
        "willDeplete": left <= days,
    }
    return Response(
        {
            "currentBalance": balance,
            "averageDailyBurn": average,
            "forecast": forecast,
            "projections": projections,
        }
    )


_NEVER = 999_999
"""Days until a balance is gone that nothing burns."""


def summary(call: Request) -> Response:
    _require_own(call)
    state, customer, now = call.state, call.customer.pk, call.state.clock.now()
    recent, total = page(state, customer, 10, 0)
    if total and state.has(SUMMARY_500):
        raise framework_error(500, "Do not know how to serialize a BigInt")
    month = _counted(total_of(groups(state, customer, now - 30 * DAY, now, {}, [])), "eventCount")
    transactions = state.db.value("SELECT coalesce(sum(entries), 0) FROM wallets WHERE customer = ?", (customer,))
    return Response(
        {
            "creditBalance": {"available": _balance(call), "reserved": 0},
            "lifetime": {"totalEvents": total, "totalTransactions": transactions},
            "last30Days": month,
            "recentActivity": [
                {
                    "timestamp": iso(row["timestamp"]),
                    "provider": row["provider"],
                    "model": row["model"],
                    "creditsBurned": row["credits"],
                    "costUsd": formats.plain_number(float(usd(row["cost"]))),
                }
                for row in recent
            ],
        }
    )


def _window(call: Request) -> Tuple[int, int]:
    _require_own(call)
    now = call.state.clock.now()
    start, end = call.query.get("startDate"), call.query.get("endDate")
    start_ms = now - 30 * DAY if start is None else formats.instant_ms(start)
    end_ms = now if end is None else formats.instant_ms(end)
    return start_ms, end_ms


def _require_own(call: Request) -> None:
    """The seed era's engine trusts any customer id; the sandbox does not."""
    if call.state.seed_era:
        call.require_own({**call.query, **call.params}.get("customerId"))


def _counted(sums: Group, count_name: str) -> Dict[str, Any]:
    return {
        "totalInputTokens": sums.input_tokens,
        "totalOutputTokens": sums.output_tokens,
        "totalCreditsBurned": sums.credits,
        "totalCostUsd": formats.plain_number(float(usd(sums.cost))),
        count_name: sums.events,
    }


def _name(pair: Tuple[Sequence[str], Group]) -> str:
    return pair[0][0]


def _period(day: int, group_by: str) -> str:
    """The name of a period: a day, the Sunday that starts its week, or its month."""
    if group_by == "month":
        return day_text(day)[:7]
    if group_by == "week":
        date = to_datetime(day).date()
        if date.toordinal() > 7:
            date -= timedelta(days=(date.weekday() + 1) % 7)
        return date.isoformat()
    return day_text(day)


def _days(asked: Any) -> int:
    """JavaScript's parseInt, then 1 to 90; 30 if it is no number."""
    digits = ""
    for char in str(asked or "").strip():
        if not (char.isascii() and char.isdigit()):
            break
        digits += char
    return min(max(1, int(digits[:4])), _MOST_DAYS) if digits else 30


def _balance(call: Request) -> int:
    wallet = find_wallet(call.state, call.customer.pk)
    return 0 if wallet is None else int(wallet["balance"])


def _served(path: str, handle: Any, declares_400: bool, query: Any = None, today: Any = None) -> List[Route]:
    """A route by contract, and as the present servers misdirect it, which may check its query less (`today`)."""
    route = Route("GET", path, handle, query=query, eras=(CURRENT,), declares_400=declares_400, failure=_FAILED)
    return [
        replace(route, unless=RATING_PREFIX_404),
        replace(route, only_with=RATING_PREFIX_404, query=today or query, handle=misdirected(declares_404=False)),
    ]


_seed: Dict[str, Any] = {"eras": (SEED,), "proxied": True, "failure": _FAILED}

ROUTES: Tuple[Route, ...] = (
    *_served("/v1/analytics/cost-breakdown", cost_breakdown, True, _WINDOW),
    *_served("/v1/analytics/usage-trends", usage_trends, True, _WINDOW),
    *_served("/v1/analytics/burn-forecast", burn_forecast, True, _FORECAST, _FORECAST_TODAY),
    *_served("/v1/analytics/summary", summary, False),
    Route("GET", "/v1/analytics/cost-breakdown", cost_breakdown, query=_SEED_WINDOW, **_seed),
    Route("GET", "/v1/analytics/usage-trends", usage_trends, query=_SEED_WINDOW, **_seed),
    Route("GET", "/v1/analytics/burn-forecast", burn_forecast, query=_SEED_FORECAST, **_seed),
    Route("GET", "/v1/analytics/summary/<customerId>", summary, **_seed),
)
