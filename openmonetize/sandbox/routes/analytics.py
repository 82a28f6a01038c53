"""Usage, costs and burn rate, computed from stored events and transactions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openmonetize.pricing import CREDITS_PER_USD
from openmonetize.sandbox.accounts.users import find_user
from openmonetize.sandbox.billing.aggregate import Name, sums_by, total_of
from openmonetize.sandbox.billing.ledger import burned_since, find_wallet
from openmonetize.sandbox.billing.money import usd
from openmonetize.sandbox.billing.rollups import DAY_NAME, Group, groups
from openmonetize.sandbox.clock import DAY, MAX_MS, day_text, iso
from openmonetize.sandbox.defects import COLON_SPLIT, NEGATIVE_BURN_RATE, PROVIDER_500
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import NON_EMPTY, OPTIONAL_TEXT, PERIOD, UUID, WINDOW
from openmonetize.sandbox.routes.windows import requested_window
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA, State
from openmonetize.sandbox.validation.event_batches import DATABASE_PROVIDERS
from openmonetize.sandbox.validation.javascript_numbers import plain_number, to_fixed
from openmonetize.sandbox.validation.schema import Fields, Optionally

_MAX_FILTER_VALUES = 500

_USAGE_FAILED = "Failed to fetch usage analytics"
_COSTS_FAILED = "Failed to fetch cost analytics"
_BURN_RATE_FAILED = "Failed to fetch burn rate"

_customer = Optionally(NON_EMPTY)
_seed_customer = Optionally(UUID)
_group_by = Optionally(PERIOD)
_filters = {"provider": OPTIONAL_TEXT, "model": OPTIONAL_TEXT, "featureId": OPTIONAL_TEXT}

_USAGE = Fields({"customerId": _customer, **WINDOW, "groupBy": _group_by, **_filters})
_COSTS = Fields({"customerId": _customer, **WINDOW, **_filters})
_BURN_RATE = Fields({"customerId": _customer, "userId": Optionally(NON_EMPTY)})
_SEED_USAGE = Fields({"customerId": _seed_customer, **WINDOW, "groupBy": _group_by})
_SEED_COSTS = Fields({"customerId": _seed_customer, **WINDOW})
_SEED_BURN_RATE = Fields({"customerId": _seed_customer, "userId": Optionally(UUID)})


def usage(request: Request) -> Response:
    """Return events, tokens, credits and cost by feature, model, event type and day."""
    selection = _selection(request, _USAGE_FAILED)
    found = groups(*selection)
    by_feature = sums_by(found, lambda group: (group.feature_id,))
    by_type = sums_by(found, lambda group: (group.event_type,))
    by_model = sums_by([group for group in found if group.provider and group.model], _model_name(request))
    by_day = sums_by(groups(*selection, [DAY_NAME]), lambda group: (day_text(group.day),))
    total = total_of(found)
    data: dict[str, Any] = {
        "summary": {
            "totalEvents": total.events,
            "totalInputTokens": str(total.input_tokens),
            "totalOutputTokens": str(total.output_tokens),
            "totalCreditsBurned": str(total.credits),
            "totalCostUsd": to_fixed(_cost(total), 4),
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
    if not request.state.seed_era:
        data["byEventType"] = [{"eventType": name[0], **_burned(sums)} for name, sums in by_type]
    return Response({"data": data})


def costs(request: Request) -> Response:
    """Return revenue, provider cost and margin by model; the margin's percentage is of the revenue."""
    found = groups(*_selection(request, _COSTS_FAILED), ["provider", "model"])
    by_model = sums_by([group for group in found if group.provider and group.model], _model_name(request))
    total = total_of(found)
    earned, cost = _revenue(total), _cost(total)
    data = {
        "summary": {
            "totalRevenue": to_fixed(earned, 4),
            "totalProviderCost": to_fixed(cost, 4),
            "totalMargin": to_fixed(earned - cost, 4),
            "marginPercent": plain_number(float(to_fixed((earned - cost) / earned * 100, 2))) if earned else 0,
        },
        "byProvider": [
            {
                "provider": name[0],
                "model": name[1],
                "providerCost": to_fixed(_cost(sums), 4),
                "revenue": to_fixed(_revenue(sums), 4),
                "margin": to_fixed(_revenue(sums) - _cost(sums), 4),
            }
            for name, sums in by_model
        ],
    }
    return Response({"data": data})


def burn_rate(request: Request) -> Response:
    """Return how fast a wallet's credits are burned, and when they run out."""
    _require_own_query(request)
    state = request.state
    user_id = request.query.get("userId")
    owner = "" if user_id is None else _internal_id(request, user_id)
    wallet = find_wallet(state, request.customer.pk, owner)
    if wallet is None:
        raise gateway_error(404, "Credit wallet not found")
    now = state.clock.now()
    sign = -1 if state.has(NEGATIVE_BURN_RATE) else 1
    week = sign * burned_since(state, wallet["pk"], now - 7 * DAY)
    month = sign * burned_since(state, wallet["pk"], now - 30 * DAY)
    days = max(0, int(wallet["balance"] / (week / 7))) if week > 0 else None
    # The seed era's serializer writes 0 for a number that is null.
    remaining = 0 if days is None and state.seed_era else days
    data = {
        "currentBalance": str(wallet["balance"]),
        "last7Days": {"creditsBurned": str(week), "averagePerDay": to_fixed(week / 7, 2)},
        "last30Days": {"creditsBurned": str(month), "averagePerDay": to_fixed(month / 30, 2)},
        "projectedRunout": {
            "daysRemaining": remaining,
            "estimatedRunoutDate": None if days is None else _runout(now, days),
        },
        "recommendations": _recommendations(days, week / 7, month / 30),
    }
    return Response({"data": data})


def _runout(now: int, days: int) -> str:
    return iso(min(now + days * DAY, MAX_MS))


def _recommendations(days: Any, week: float, month: float) -> list[dict[str, str]]:
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


def _internal_id(request: Request, user_id: str) -> str:
    user = find_user(request.state, request.customer.pk, user_id)
    return user_id if user is None else str(user["id"])


def _require_own_query(request: Request) -> None:
    """Check the customer id. The seed era's servers insist on it, although their contract calls it optional."""
    customer_id = request.query.get("customerId")
    if customer_id is not None or request.state.seed_era:
        request.require_own(customer_id)


def _selection(request: Request, failure: str) -> tuple[State, int, int, int, Mapping[str, Sequence[str]]]:
    """Return the events to sum up, as arguments of `groups`: whose, from when to when, and which of them."""
    _require_own_query(request)
    state = request.state
    start, end = requested_window(request)
    return state, request.customer.pk, start, end, {} if state.seed_era else _requested_filters(request, failure)


def _requested_filters(request: Request, failure: str) -> dict[str, Sequence[str]]:
    """Return the filters of a query: comma-separated values, blanks trimmed, empty ones dropped."""
    filters: dict[str, Sequence[str]] = {}
    for parameter, column in (("provider", "provider"), ("model", "model"), ("featureId", "feature_id")):
        text = request.query.get(parameter, "")
        names = [name.strip() for name in text.split(",") if name.strip()]
        if names:
            filters[column] = names[:_MAX_FILTER_VALUES]
    if request.state.has(PROVIDER_500) and not set(filters.get("provider", ())) <= set(DATABASE_PROVIDERS):
        raise gateway_error(500, failure)
    return filters


def _model_name(request: Request) -> Callable[[Group], Name]:
    if request.state.has(COLON_SPLIT):
        return lambda group: (group.provider, group.model.split(":", 1)[0])
    return lambda group: (group.provider, group.model)


def _burned(sums: Group) -> dict[str, Any]:
    return {"eventCount": sums.events, "creditsBurned": str(sums.credits), "costUsd": to_fixed(_cost(sums), 4)}


# The platform computes with doubles, so that 0.007 - 0.00625 shows as 0.0007 and not as 0.0008.
def _cost(sums: Group) -> float:
    return float(usd(sums.cost))


def _revenue(sums: Group) -> float:
    return sums.credits / CREDITS_PER_USD


ROUTES: tuple[Route, ...] = (
    Route("GET", "/v1/analytics/usage", usage, query=_USAGE, eras=(CURRENT_ERA,), failure=_USAGE_FAILED),
    Route("GET", "/v1/analytics/usage", usage, query=_SEED_USAGE, eras=(SEED_ERA,), failure=_USAGE_FAILED),
    Route("GET", "/v1/analytics/costs", costs, query=_COSTS, eras=(CURRENT_ERA,), failure=_COSTS_FAILED),
    Route("GET", "/v1/analytics/costs", costs, query=_SEED_COSTS, eras=(SEED_ERA,), failure=_COSTS_FAILED),
    Route(
        "GET", "/v1/analytics/burn-rate", burn_rate, query=_BURN_RATE, eras=(CURRENT_ERA,), failure=_BURN_RATE_FAILED
    ),
    Route(
        "GET", "/v1/analytics/burn-rate", burn_rate, query=_SEED_BURN_RATE, eras=(SEED_ERA,), failure=_BURN_RATE_FAILED
    ),
)
