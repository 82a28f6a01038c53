"""The rating engine's analytics: cost breakdown, usage trends, burn forecast and summary.

Unlike the gateway's analytics they write every figure as a number, not as a string.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from openmonetize.sandbox.billing.aggregate import sums_by, total_of
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.billing.money import usd
from openmonetize.sandbox.billing.rollups import DAY_NAME, Group, groups
from openmonetize.sandbox.billing.stored_events import page
from openmonetize.sandbox.clock import DAY, day_text, iso, to_datetime
from openmonetize.sandbox.defects import RATING_PREFIX_404, SUMMARY_500
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, framework_error
from openmonetize.sandbox.http.routing import Handler, Route
from openmonetize.sandbox.routes.fields import OPTIONAL_TEXT, PERIOD, UUID, WINDOW
from openmonetize.sandbox.routes.upstream import misdirected
from openmonetize.sandbox.routes.windows import requested_window
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA
from openmonetize.sandbox.validation.javascript_numbers import plain_number
from openmonetize.sandbox.validation.schema import Fields, Number, Optionally

_group_by = Optionally(PERIOD, default="day")
_WINDOW = Fields({**WINDOW, "groupBy": _group_by})
_SEED_WINDOW = Fields({"customerId": UUID, **WINDOW, "groupBy": _group_by})
_FORECAST = Fields({"days": Optionally(Number(minimum=1, integer=True, from_text=True))})
_FORECAST_AS_SHIPPED = Fields({"days": OPTIONAL_TEXT})
_SEED_FORECAST = Fields({"customerId": UUID, "days": OPTIONAL_TEXT})

_DEFAULT_FORECAST_DAYS = 30
_MAX_FORECAST_DAYS = 90
# The days until a balance is used up if nothing burns it.
_NEVER_DAYS = 999_999

_FAILED = "Failed to proxy request to rating service"


def cost_breakdown(request: Request) -> Response:
    """Return tokens, credits and cost by model, the highest cost first."""
    _require_own(request)
    start, end = requested_window(request)
    found = groups(request.state, request.customer.pk, start, end, {}, ["provider", "model"])
    by_model = sums_by(found, lambda group: (group.provider or "unknown", group.model or "unknown"))
    data = [{"provider": name[0], "model": name[1], **_counted(sums, "eventCount")} for name, sums in by_model]
    data.sort(key=lambda row: -row["totalCostUsd"])
    period = {"startDate": iso(start), "endDate": iso(end), "days": max(0, -(-(end - start) // DAY))}
    return Response({"data": data, "totals": _counted(total_of(found), "totalEvents"), "period": period})


def usage_trends(request: Request) -> Response:
    """Return tokens, credits and cost by day, week or month."""
    _require_own(request)
    start, end = requested_window(request)
    group_by = request.query["groupBy"]
    found = groups(request.state, request.customer.pk, start, end, {}, [DAY_NAME])
    by_period = sums_by(found, lambda group: (_period(group.day, group_by),))
    data = [{"period": name[0], **_counted(sums, "eventCount")} for name, sums in sorted(by_period, key=_name)]
    period = {"startDate": iso(start), "endDate": iso(end), "groupBy": group_by}
    return Response({"data": data, "period": period})


def burn_forecast(request: Request) -> Response:
    """Return how the balance will shrink if credits are burned as in the last 30 days."""
    _require_own(request)
    state, now = request.state, request.state.clock.now()
    days = _days(request.query.get("days"))
    burned = total_of(groups(state, request.customer.pk, now - 30 * DAY, now, {}, []))
    if not burned.events:
        text = "No usage in the last 30 days to forecast from"
        return Response({"forecast": [], "averageDailyBurn": 0, "message": text})
    average = -(-burned.credits // 30)
    balance = _balance(request)
    forecast = [
        {"date": day_text(now + number * DAY), "predictedBurn": average, "cumulativeBurn": number * average}
        for number in range(1, days + 1)
    ]
    left = max(0, balance) // average if average else _NEVER_DAYS
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


def summary(request: Request) -> Response:
    """Return the balance, totals, and the last events."""
    _require_own(request)
    state, customer, now = request.state, request.customer.pk, request.state.clock.now()
    recent, total = page(state, customer, 10, 0)
    if total and state.has(SUMMARY_500):
        raise framework_error(500, "Do not know how to serialize a BigInt")
    month = _counted(total_of(groups(state, customer, now - 30 * DAY, now, {}, [])), "eventCount")
    transactions = state.db.value("SELECT coalesce(sum(entries), 0) FROM wallets WHERE customer = ?", (customer,))
    return Response(
        {
            "creditBalance": {"available": _balance(request), "reserved": 0},
            "lifetime": {"totalEvents": total, "totalTransactions": transactions},
            "last30Days": month,
            "recentActivity": [
                {
                    "timestamp": iso(row["timestamp"]),
                    "provider": row["provider"],
                    "model": row["model"],
                    "creditsBurned": row["credits"],
                    "costUsd": plain_number(float(usd(row["cost"]))),
                }
                for row in recent
            ],
        }
    )


def _require_own(request: Request) -> None:
    """Check the customer id. The seed era's engine trusts any; the sandbox does not."""
    if request.state.seed_era:
        request.require_own({**request.query, **request.params}.get("customerId"))


def _counted(sums: Group, count_name: str) -> dict[str, Any]:
    return {
        "totalInputTokens": sums.input_tokens,
        "totalOutputTokens": sums.output_tokens,
        "totalCreditsBurned": sums.credits,
        "totalCostUsd": plain_number(float(usd(sums.cost))),
        count_name: sums.events,
    }


def _name(pair: tuple[Sequence[str], Group]) -> str:
    return pair[0][0]


def _period(day: int, group_by: str) -> str:
    """Return the name of a period: a day, the Sunday that starts its week, or its month."""
    if group_by == "month":
        return day_text(day)[:7]
    if group_by == "week":
        date = to_datetime(day).date()
        if date.toordinal() > 7:
            date -= timedelta(days=(date.weekday() + 1) % 7)
        return date.isoformat()
    return day_text(day)


def _days(asked: Any) -> int:
    """Return the days of a forecast as JavaScript's parseInt reads them, from 1 to 90; 30 if it is not a number."""
    digits = ""
    for char in str(asked or "").strip():
        if not (char.isascii() and char.isdigit()):
            break
        digits += char
    return min(max(1, int(digits[:4])), _MAX_FORECAST_DAYS) if digits else _DEFAULT_FORECAST_DAYS


def _balance(request: Request) -> int:
    wallet = find_wallet(request.state, request.customer.pk)
    return 0 if wallet is None else int(wallet["balance"])


def _routes(
    path: str, handler: Handler, declares_400: bool, query: Fields | None = None, query_as_shipped: Fields | None = None
) -> list[Route]:
    """Return a route by contract, and as the present servers misdirect it; they may check its query less."""
    route = Route("GET", path, handler, query=query, eras=(CURRENT_ERA,), declares_400=declares_400, failure=_FAILED)
    as_shipped = replace(route, query=query_as_shipped or query, handler=misdirected(declares_404=False))
    return [
        replace(route, unless=RATING_PREFIX_404),
        replace(as_shipped, only_with=RATING_PREFIX_404),
    ]


_seed: dict[str, Any] = {"eras": (SEED_ERA,), "proxied": True, "failure": _FAILED}

ROUTES: tuple[Route, ...] = (
    *_routes("/v1/analytics/cost-breakdown", cost_breakdown, True, _WINDOW),
    *_routes("/v1/analytics/usage-trends", usage_trends, True, _WINDOW),
    *_routes("/v1/analytics/burn-forecast", burn_forecast, True, _FORECAST, _FORECAST_AS_SHIPPED),
    *_routes("/v1/analytics/summary", summary, False),
    Route("GET", "/v1/analytics/cost-breakdown", cost_breakdown, query=_SEED_WINDOW, **_seed),
    Route("GET", "/v1/analytics/usage-trends", usage_trends, query=_SEED_WINDOW, **_seed),
    Route("GET", "/v1/analytics/burn-forecast", burn_forecast, query=_SEED_FORECAST, **_seed),
    Route("GET", "/v1/analytics/summary/<customerId>", summary, **_seed),
)
