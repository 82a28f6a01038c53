"""Entitlements: checks, and the entitlements themselves."""

from __future__ import annotations

import sqlite3
from typing import Any

from openmonetize.sandbox.accounts.users import find_user
from openmonetize.sandbox.billing.entitlement_decisions import (
    PRICED_ACTIONS,
    current_usage,
    decide,
    estimate_credits,
    estimate_usd,
    metadata_of,
    rows,
)
from openmonetize.sandbox.defects import (
    ENTITLEMENT_USER_500,
    FRACTION_500,
    LIMIT_ZERO_NULL,
    PERIOD_STICKS,
    PROVIDER_500,
    SEED_NULL_LIMIT_500,
)
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.json_text import write_json
from openmonetize.sandbox.routes.fields import NON_EMPTY, OPTIONAL_TEXT, UUID, whole_number_problem
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA, new_id
from openmonetize.sandbox.validation.event_batches import DATABASE_PROVIDERS
from openmonetize.sandbox.validation.javascript_numbers import plain_number
from openmonetize.sandbox.validation.schema import Fields, Node, Nullable, Number, OneOf, Optionally, Record, Text

_number = Optionally(Number())

_LIMITS: dict[str, Node] = {
    "limitValue": Optionally(Nullable(Number())),
    "period": Optionally(Nullable(OneOf("DAILY", "MONTHLY", "TOTAL"))),
    "metadata": Optionally(Record()),
}
_LIMIT_TYPE = OneOf("HARD", "SOFT", "NONE")
_CHANGE = Fields({"limitType": Optionally(_LIMIT_TYPE), **_LIMITS})
_ID = Fields({"id": UUID})
_CUSTOMER = Fields({"customerId": UUID})

_ACTION = Fields(
    {
        "type": OneOf("token_usage", "image_generation", "video_generation", "api_call", "custom"),
        "provider": OPTIONAL_TEXT,
        "model": OPTIONAL_TEXT,
        "estimated_input_tokens": _number,
        "estimated_output_tokens": _number,
        "estimated_duration_seconds": _number,
        "estimated_count": _number,
        "image_size": OPTIONAL_TEXT,
        "quality": OPTIONAL_TEXT,
    }
)
_SEED_ACTION = Fields(
    {
        "type": OneOf("token_usage", "image_generation", "api_call", "custom"),
        "provider": OPTIONAL_TEXT,
        "model": OPTIONAL_TEXT,
        "estimated_input_tokens": _number,
        "estimated_output_tokens": _number,
    }
)
_CHECK = Fields({"userId": NON_EMPTY, "featureId": Text(), "action": _ACTION})
_SEED_CHECK = Fields({"customerId": UUID, "userId": UUID, "featureId": Text(), "action": _SEED_ACTION})
_CREATE = Fields({"userId": Optionally(NON_EMPTY), "featureId": Text(), "limitType": _LIMIT_TYPE, **_LIMITS})
_SEED_CREATE = Fields(
    {"customerId": UUID, "featureId": Text(), "limitType": _LIMIT_TYPE, "userId": Optionally(UUID), **_LIMITS}
)

_CHECK_FAILED = "Failed to check entitlement"
_CREATE_FAILED = "Failed to create entitlement"
_UPDATE_FAILED = "Failed to update entitlement"
_DELETE_FAILED = "Failed to delete entitlement"
_LIST_FAILED = "Failed to fetch entitlements"


def check(request: Request) -> Response:
    """Decide whether a user may do something. There is an estimate only if there is a wallet that can pay."""
    body, state = request.body, request.state
    _require_own_body(request)
    usd: float = 0.0
    credits_needed = 0

    def estimate() -> int:
        nonlocal usd, credits_needed
        usd = _estimated_usd(request)
        credits_needed = estimate_credits(usd)
        return credits_needed

    decision = decide(state, request.customer.pk, body["userId"], body["featureId"], estimate)
    return Response(
        {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "estimatedCostCredits": credits_needed or None,
            "estimatedCostUsd": plain_number(usd) if credits_needed else None,
            "currentBalance": decision.balance,
            "actions": [action._asdict() for action in decision.actions],
        }
    )


def _estimated_usd(request: Request) -> float:
    action = request.body["action"]
    provider = action.get("provider")
    looked_up = action["type"] in PRICED_ACTIONS and provider and action.get("model")
    if looked_up and provider not in DATABASE_PROVIDERS and request.state.has(PROVIDER_500):
        raise gateway_error(500, _CHECK_FAILED)  # the database refuses a provider that its type does not have
    return estimate_usd(request.state, action)


def create(request: Request) -> Response:
    """Add an entitlement."""
    body, state = request.body, request.state
    _require_own_body(request)
    limit = _limit(request, _CREATE_FAILED)
    if state.seed_era and state.has(SEED_NULL_LIMIT_500) and "limitValue" in body and limit is None:
        raise gateway_error(500, _CREATE_FAILED)
    metadata = body.get("metadata")
    new = new_id()
    with state.db.transaction():
        state.db.execute(
            "INSERT INTO entitlements (id, customer, user_id, feature_id, limit_type, limit_value, period, metadata)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                new,
                request.customer.pk,
                _user(request),
                body["featureId"],
                body["limitType"],
                limit,
                body.get("period"),
                None if metadata is None else write_json(metadata),
            ),
        )
    return Response({"data": _fields(request, _find(request, new))}, 201)


def update(request: Request) -> Response:
    """Change the fields of an entitlement that the body has."""
    body, state = request.body or {}, request.state
    row = _owned(request)
    limit = _limit(request, _UPDATE_FAILED) if "limitValue" in body else row["limit_value"]
    period = body.get("period", row["period"])
    if period is None and state.has(PERIOD_STICKS):
        period = row["period"]
    metadata = write_json(body["metadata"]) if "metadata" in body else row["metadata"]
    with state.db.transaction():
        state.db.execute(
            "UPDATE entitlements SET limit_type = ?, limit_value = ?, period = ?, metadata = ? WHERE pk = ?",
            (body.get("limitType", row["limit_type"]), limit, period, metadata, row["pk"]),
        )
    return Response({"data": _fields(request, _find(request, row["id"]))})


def delete(request: Request) -> Response:
    """Delete an entitlement."""
    row = _owned(request)
    with request.state.db.transaction():
        request.state.db.execute("DELETE FROM entitlements WHERE pk = ?", (row["pk"],))
    return Response(None, 204)


def list_all(request: Request) -> Response:
    """Return the customer's entitlements with their usage."""
    data = [
        {
            "id": row["id"],
            "userId": row["user_id"],
            "featureId": row["feature_id"],
            "limitType": row["limit_type"],
            "limitValue": _shown_limit(request, row),
            "period": row["period"],
            "metadata": metadata_of(row),
            "currentUsage": 0 if row["limit_type"] == "NONE" else current_usage(request.state, row),
        }
        for row in rows(request.state, request.customer.pk)
    ]
    return Response({"data": data})


def seed_list_all(request: Request) -> Response:
    """Return the customer's entitlements as the seed era does."""
    request.require_own(request.params["customerId"])
    data = [
        {
            "featureId": row["feature_id"],
            "limitType": row["limit_type"],
            "limitValue": _shown_limit(request, row),
        }
        for row in rows(request.state, request.customer.pk)
    ]
    return Response({"data": data})


def _require_own_body(request: Request) -> None:
    if request.state.seed_era:
        request.require_own(request.body["customerId"])


def _limit(request: Request, failure: str) -> int | None:
    value = request.body.get("limitValue")
    if value is None:
        return None
    problem = whole_number_problem(value)
    if problem is None:
        return int(value)
    if request.state.has(FRACTION_500):
        raise gateway_error(500, failure)
    raise gateway_error(400, f"body/limitValue {problem}")


def _user(request: Request) -> str | None:
    """Return the platform's id of the user that the entitlement is for."""
    user_id = request.body.get("userId")
    if user_id is None:
        return None
    user = find_user(request.state, request.customer.pk, user_id)
    late = request.state.has(ENTITLEMENT_USER_500)  # the present servers take the platform's own id only
    if user is not None and not (late and user["id"] != user_id):
        return str(user["id"])
    if late:
        raise gateway_error(500, _CREATE_FAILED)
    raise gateway_error(400, "body/userId No such user: a first grant or event creates one")


def _find(request: Request, entitlement_id: str) -> sqlite3.Row:
    row = request.state.db.row("SELECT * FROM entitlements WHERE id = ?", (entitlement_id.lower(),))
    if row is None:
        raise gateway_error(404, "Entitlement not found")
    return row


def _owned(request: Request) -> sqlite3.Row:
    row = _find(request, request.params["id"])
    if row["customer"] != request.customer.pk:
        raise gateway_error(403, "Access denied to this entitlement")
    return row


def _fields(request: Request, row: sqlite3.Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "featureId": row["feature_id"],
        "limitType": row["limit_type"],
        "limitValue": _shown_limit(request, row),
    }


def _shown_limit(request: Request, row: sqlite3.Row) -> int | None:
    limit: int | None = row["limit_value"]
    return None if limit == 0 and request.state.has(LIMIT_ZERO_NULL) else limit


ROUTES: tuple[Route, ...] = (
    Route("POST", "/v1/entitlements/check", check, body=_CHECK, eras=(CURRENT_ERA,), failure=_CHECK_FAILED),
    Route("POST", "/v1/entitlements/check", check, body=_SEED_CHECK, eras=(SEED_ERA,), failure=_CHECK_FAILED),
    Route("POST", "/v1/entitlements", create, body=_CREATE, eras=(CURRENT_ERA,), failure=_CREATE_FAILED),
    Route("POST", "/v1/entitlements", create, body=_SEED_CREATE, eras=(SEED_ERA,), failure=_CREATE_FAILED),
    Route("GET", "/v1/entitlements", list_all, eras=(CURRENT_ERA,), failure=_LIST_FAILED),
    Route(
        "GET",
        "/v1/customers/<customerId>/entitlements",
        seed_list_all,
        params=_CUSTOMER,
        eras=(SEED_ERA,),
        failure=_LIST_FAILED,
    ),
    Route("PUT", "/v1/entitlements/<id>", update, params=_ID, body=_CHANGE, failure=_UPDATE_FAILED),
    Route("DELETE", "/v1/entitlements/<id>", delete, params=_ID, failure=_DELETE_FAILED),
)
