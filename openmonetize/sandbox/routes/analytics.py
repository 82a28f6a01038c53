"""Usage, costs and burn rate, computed from stored events and transactions."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Callable, Dict, List, Mapping, Sequence, Tuple

from openmonetize.sandbox.accounts.customers import find_user
from openmonetize.sandbox.billing.aggregate import Name, sums_by, total_of
from openmonetize.sandbox.billing.events import KNOWN_PROVIDERS, usd
from openmonetize.sandbox.billing.ledger import burned_since, find_wallet
from openmonetize.sandbox.billing.rollups import DAY_NAME, Group, groups
from openmonetize.sandbox.clock import DAY, day_text, iso
from openmonetize.sandbox.defects import COLON_SPLIT, NEGATIVE_BURN_RATE, PROVIDER_500
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.state import CURRENT, SEED, State
from openmonetize.sandbox.tables import USD_UNITS
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.schema import Fields, OneOf, Optionally, Text

_FOUR_DECIMALS = Decimal("0.0001")

_moment = Optionally(Text(form="date-time"))
_customer = Optionally(Text(least=1))
_seed_customer = Optionally(Text(form="uuid"))
_group_by = Optionally(OneOf("day", "week", "month"))
_list = Optionally(Text())
_filters = {"provider": _list, "model": _list, "featureId": _list}
_window = {"startDate": _moment, "endDate": _moment}

_USAGE = Fields({"customerId": _customer, **_window, "groupBy": _group_by, **_filters})
_COSTS = Fields({"customerId": _customer, **_window, **_filters})
_BURN_RATE = Fields({"customerId": _customer, "userId": Optionally(Text(least=1))})
_SEED_USAGE = Fields({"customerId": _seed_customer, **_window, "groupBy": _group_by})
_SEED_COSTS = Fields({"customerId": _seed_customer, **_window})
_SEED_BURN_RATE = Fields({"customerId": _seed_customer, "userId": Optionally(Text(form="uuid"))})


def usage(call: Request) -> Response:
    selection = _selection(call)
    found = groups(*selection)
    by_feature = sums_by(found, lambda group: (group.feature_id,))
    by_type = sums_by(found, lambda group: (group.event_type,))
    by_model = sums_by([group for group in found if group.provider and group.model], _model(call))
    by_day = sums_by(groups(*selection, [DAY_NAME]), lambda group: (day_text(group.day),))
    total = total_of(found)
    data: Dict[str, Any] = {
        "summary": {
            "totalEvents": total.events,
            "totalInputTokens": str(total.input_tokens),
            "totalOutputTokens": str(total.output_tokens),
            "totalCreditsBurned": str(total.credits),
            "totalCostUsd": _usd(total.cost),
        },
        "byFeature": [{"featureId": name[0], **_burned(sums)} for name, sums in by_feature],
        "byProvider": [
            {
                "provider": name[0],
                "model": name[1],
                "eventCount": sums.events,
                "inputTokens": str(sums.input_tokens),
                "outputTokens": str(sums.output_tokens),
            }
            for name, sums in by_model
        ],
        "timeline": [
            {"date": name[0], "events": sums.events, "creditsBurned": str(sums.credits)}
            for name, sums in sorted(by_day, key=lambda pair: pair[0])
        ],
    }
    if not call.state.seed_era:
        data["byEventType"] = [{"eventType": name[0], **_burned(sums)} for name, sums in by_type]
    return Response({"data": data})


def costs(call: Request) -> Response:
    found = groups(*_selection(call), ["provider", "model"])
    total = total_of(found)
    revenue = _revenue(total.credits)
    margin = revenue - total.cost
    data = {
        "summary": {
            "totalRevenue": _usd(revenue),
            "totalProviderCost": _usd(total.cost),
            "totalMargin": _usd(margin),
            "marginPercent": formats.plain_number(round(margin / revenue * 100, 2)) if revenue else 0,
        },
        "byProvider": [
            {
                "provider": name[0],
                "model": name[1],
                "providerCost": _usd(sums.cost),
                "revenue": _usd(_revenue(sums.credits)),
                "margin": _usd(_revenue(sums.credits) - sums.cost),
            }
            for name, sums in sums_by([group for group in found if group.provider and group.model], _model(call))
        ],
    }
    return Response({"data": data})


def burn_rate(call: Request) -> Response:
    _require_own_query(call)
    state = call.state
    user_id = call.query.get("userId")
    owner = "" if user_id is None else _internal_id(call, user_id)
    wallet = find_wallet(state, call.customer.pk, owner)
    if wallet is None:
        raise gateway_error(404, "Credit wallet not found")
    now = state.clock.now()
    sign = -1 if state.has(NEGATIVE_BURN_RATE) else 1
    week = sign * burned_since(state, wallet["pk"], now - 7 * DAY)
    month = sign * burned_since(state, wallet["pk"], now - 30 * DAY)
    days = max(0, int(wallet["balance"] / (week / 7))) if week > 0 else None
    # The seed era's serializer turns the null of a number into 0.
    remaining = 0 if days is None and state.seed_era else days
    data = {
        "currentBalance": str(wallet["balance"]),
        "last7Days": {"creditsBurned": str(week), "averagePerDay": f"{week / 7:.2f}"},
        "last30Days": {"creditsBurned": str(month), "averagePerDay": f"{month / 30:.2f}"},
        "projectedRunout": {
            "daysRemaining": remaining,
            "estimatedRunoutDate": None if days is None else _runout(now, days),
        },
        "recommendations": _recommendations(days, week / 7, month / 30),
    }
    return Response({"data": data})


_LAST_DAY = 253_402_300_799_999  # the end of the year 9999


def _runout(now: int, days: int) -> str:
    return iso(min(now + days * DAY, _LAST_DAY))


def _recommendations(days: Any, week: float, month: float) -> List[Dict[str, str]]:
    found = []
    if days is not None and days < 7:
        text = f"Credits run out in {days} days; buy more now"
        found.append({"type": "urgent", "message": text, "action": "purchase_credits"})
    elif days is not None and days < 14:
        text = f"Credits run out in {days} days; plan to buy more"
        found.append({"type": "warning", "message": text, "action": "purchase_credits"})
    if week > 1.5 * month:
        text = "The last 7 days burned far more a day than the last 30"
        found.append({"type": "alert", "message": text, "action": "review_usage"})
    return found


def _internal_id(call: Request, user_id: str) -> str:
    user = find_user(call.state, call.customer.pk, user_id)
    return user_id if user is None else str(user["id"])


def _require_own_query(call: Request) -> None:
    """The seed era's servers insist on the customer id, although their contract calls it optional."""
    customer_id = call.query.get("customerId")
    if customer_id is not None or call.state.seed_era:
        call.require_own(customer_id)


def _selection(call: Request) -> Tuple[State, int, int, int, Mapping[str, Sequence[str]]]:
    """What to sum up: whose events, from when to when, and which of them."""
    _require_own_query(call)
    state = call.state
    now = state.clock.now()
    start, end = call.query.get("startDate"), call.query.get("endDate")
    start_ms = now - 30 * DAY if start is None else formats.instant_ms(start)
    end_ms = now if end is None else formats.instant_ms(end)
    return state, call.customer.pk, start_ms, end_ms, {} if state.seed_era else _chosen(call)


def _chosen(call: Request) -> Dict[str, Sequence[str]]:
    """The filters of a query: comma-separated, blanks trimmed; nothing between the commas is no filter."""
    filters: Dict[str, Sequence[str]] = {}
    for parameter, column in (("provider", "provider"), ("model", "model"), ("featureId", "feature_id")):
        text = call.query.get(parameter, "")
        names = [name.strip() for name in text.split(",") if name.strip()]
        if names:
            filters[column] = names[:500]
    if call.state.has(PROVIDER_500) and not set(filters.get("provider", ())) <= set(KNOWN_PROVIDERS):
        raise gateway_error(500, "Failed to fetch analytics")
    return filters


def _model(call: Request) -> Callable[[Group], Name]:
    if call.state.has(COLON_SPLIT):
        return lambda group: (group.provider, group.model.split(":", 1)[0])
    return lambda group: (group.provider, group.model)


def _burned(sums: Group) -> Dict[str, Any]:
    return {"eventCount": sums.events, "creditsBurned": str(sums.credits), "costUsd": _usd(sums.cost)}


def _revenue(credits: int) -> int:
    return credits * USD_UNITS // 1000


def _usd(units: int) -> str:
    """Four decimals, rounded as JavaScript rounds a double."""
    return str(Decimal(float(usd(units))).quantize(_FOUR_DECIMALS, ROUND_HALF_UP))


_USAGE_FAILED = "Failed to fetch usage analytics"
_COSTS_FAILED = "Failed to fetch cost analytics"
_BURN_RATE_FAILED = "Failed to fetch burn rate"

ROUTES: Tuple[Route, ...] = (
    Route("GET", "/v1/analytics/usage", usage, query=_USAGE, eras=(CURRENT,), failure=_USAGE_FAILED),
    Route("GET", "/v1/analytics/usage", usage, query=_SEED_USAGE, eras=(SEED,), failure=_USAGE_FAILED),
    Route("GET", "/v1/analytics/costs", costs, query=_COSTS, eras=(CURRENT,), failure=_COSTS_FAILED),
    Route("GET", "/v1/analytics/costs", costs, query=_SEED_COSTS, eras=(SEED,), failure=_COSTS_FAILED),
    Route("GET", "/v1/analytics/burn-rate", burn_rate, query=_BURN_RATE, eras=(CURRENT,), failure=_BURN_RATE_FAILED),
    Route("GET", "/v1/analytics/burn-rate", burn_rate, query=_SEED_BURN_RATE, eras=(SEED,), failure=_BURN_RATE_FAILED),
)
