"""Checking, making, changing, listing and deleting entitlements."""

from __future__ import annotations

import json
import sqlite3
from typing import Any, Dict, Optional, Tuple

from openmonetize.sandbox.accounts import entitlement_decisions as entitlements
from openmonetize.sandbox.accounts.customers import find_user
from openmonetize.sandbox.billing.events import KNOWN_PROVIDERS
from openmonetize.sandbox.defects import (
    ENTITLEMENT_USER_500,
    FRACTION_500,
    LIMIT_ZERO_NULL,
    PERIOD_STICKS,
    PROVIDER_500,
    SEED_NULL_LIMIT_500,
)
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.state import CURRENT, SEED, new_id
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.issues import MAX_SAFE_INTEGER
from openmonetize.sandbox.validation.schema import Fields, Node, Nullable, Number, OneOf, Optionally, Record, Text

_uuid = Text(form="uuid")
_text = Optionally(Text())
_number = Optionally(Number())

_LIMITS: Dict[str, Node] = {
    "limitValue": Optionally(Nullable(Number())),
    "period": Optionally(Nullable(OneOf("DAILY", "MONTHLY", "TOTAL"))),
    "metadata": Optionally(Record()),
}
_LIMIT_TYPE = OneOf("HARD", "SOFT", "NONE")
_CHANGE = Fields({"limitType": Optionally(_LIMIT_TYPE), **_LIMITS})
_ID = Fields({"id": _uuid})
_CUSTOMER = Fields({"customerId": _uuid})

_ACTION = Fields(
    {
        "type": OneOf("token_usage", "image_generation", "video_generation", "api_call", "custom"),
        "provider": _text,
        "model": _text,
        "estimated_input_tokens": _number,
        "estimated_output_tokens": _number,
        "estimated_duration_seconds": _number,
        "estimated_count": _number,
        "image_size": _text,
        "quality": _text,
    }
)
_SEED_ACTION = Fields(
    {
        "type": OneOf("token_usage", "image_generation", "api_call", "custom"),
        "provider": _text,
        "model": _text,
        "estimated_input_tokens": _number,
        "estimated_output_tokens": _number,
    }
)
_CHECK = Fields({"userId": Text(least=1), "featureId": Text(), "action": _ACTION})
_SEED_CHECK = Fields({"customerId": _uuid, "userId": _uuid, "featureId": Text(), "action": _SEED_ACTION})
_CREATE = Fields({"userId": Optionally(Text(least=1)), "featureId": Text(), "limitType": _LIMIT_TYPE, **_LIMITS})
_SEED_CREATE = Fields(
    {"customerId": _uuid, "featureId": Text(), "limitType": _LIMIT_TYPE, "userId": Optionally(_uuid), **_LIMITS}
)

_CHECK_FAILED = "Failed to check entitlement"
_CREATE_FAILED = "Failed to create entitlement"
_UPDATE_FAILED = "Failed to update entitlement"
_DELETE_FAILED = "Failed to delete entitlement"
_LIST_FAILED = "Failed to fetch entitlements"


def check(call: Request) -> Response:
    body, state = call.body, call.state
    _require_own_body(call)
    action = body["action"]
    provider = action.get("provider")
    if provider and action.get("model") and provider not in KNOWN_PROVIDERS and state.has(PROVIDER_500):
        raise gateway_error(500, _CHECK_FAILED)
    usd = entitlements.estimate_usd(state, action)
    estimate = entitlements.estimate_credits(usd)
    decision = entitlements.decide(state, call.customer.pk, body["userId"], body["featureId"], estimate)
    return Response(
        {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "estimatedCostCredits": estimate or None,
            "estimatedCostUsd": formats.plain_number(usd) if estimate else None,
            "currentBalance": decision.balance,
            "actions": [action._asdict() for action in decision.actions],
        }
    )


def create(call: Request) -> Response:
    body, state = call.body, call.state
    _require_own_body(call)
    limit = _limit(call, _CREATE_FAILED)
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
                call.customer.pk,
                _user(call),
                body["featureId"],
                body["limitType"],
                limit,
                body.get("period"),
                None if metadata is None else json.dumps(metadata),
            ),
        )
    return Response({"data": _fields(call, _find(call, new))}, 201)


def update(call: Request) -> Response:
    body, state = call.body or {}, call.state
    row = _owned(call)
    limit = _limit(call, _UPDATE_FAILED) if "limitValue" in body else row["limit_value"]
    period = body.get("period", row["period"])
    if period is None and state.has(PERIOD_STICKS):
        period = row["period"]
    metadata = json.dumps(body["metadata"]) if "metadata" in body else row["metadata"]
    with state.db.transaction():
        state.db.execute(
            "UPDATE entitlements SET limit_type = ?, limit_value = ?, period = ?, metadata = ? WHERE pk = ?",
            (body.get("limitType", row["limit_type"]), limit, period, metadata, row["pk"]),
        )
    return Response({"data": _fields(call, _find(call, row["id"]))})


def delete(call: Request) -> Response:
    row = _owned(call)
    with call.state.db.transaction():
        call.state.db.execute("DELETE FROM entitlements WHERE pk = ?", (row["pk"],))
    return Response(None, 204)


def listing(call: Request) -> Response:
    data = [
        {
            "id": row["id"],
            "userId": row["user_id"],
            "featureId": row["feature_id"],
            "limitType": row["limit_type"],
            "limitValue": _shown_limit(call, row),
            "period": row["period"],
            "metadata": entitlements.metadata_of(row),
            "currentUsage": 0 if row["limit_type"] == "NONE" else entitlements.current_usage(call.state, row),
        }
        for row in entitlements.rows(call.state, call.customer.pk)
    ]
    return Response({"data": data})


def seed_listing(call: Request) -> Response:
    call.require_own(call.params["customerId"])
    data = [
        {
            "featureId": row["feature_id"],
            "limitType": row["limit_type"],
            "limitValue": _shown_limit(call, row),
        }
        for row in entitlements.rows(call.state, call.customer.pk)
    ]
    return Response({"data": data})


def _require_own_body(call: Request) -> None:
    if call.state.seed_era:
        call.require_own(call.body["customerId"])


def _limit(call: Request, failure: str) -> Optional[int]:
    value = call.body.get("limitValue")
    if value is None:
        return None
    whole = isinstance(value, int) or value.is_integer()
    if whole and abs(value) <= MAX_SAFE_INTEGER + 1:
        return int(value)
    if call.state.has(FRACTION_500):
        raise gateway_error(500, failure)
    problem = f"Too big: expected number to be <={MAX_SAFE_INTEGER}"
    if not whole:
        problem = "Invalid input: expected int, received number"
    raise gateway_error(400, f"body/limitValue {problem}")


def _user(call: Request) -> Optional[str]:
    """The platform's id of the user that the entitlement is for."""
    user_id = call.body.get("userId")
    if user_id is None:
        return None
    user = find_user(call.state, call.customer.pk, user_id)
    if user is not None:
        return str(user["id"])
    if call.state.has(ENTITLEMENT_USER_500):
        raise gateway_error(500, _CREATE_FAILED)
    raise gateway_error(400, "body/userId No such user: a first grant or event creates one")


def _find(call: Request, entitlement_id: str) -> sqlite3.Row:
    row = call.state.db.row("SELECT * FROM entitlements WHERE id = ?", (entitlement_id.lower(),))
    if row is None:
        raise gateway_error(404, "Entitlement not found")
    return row


def _owned(call: Request) -> sqlite3.Row:
    row = _find(call, call.params["id"])
    if row["customer"] != call.customer.pk:
        raise gateway_error(403, "Access denied to this entitlement")
    return row


def _fields(call: Request, row: sqlite3.Row) -> Dict[str, Any]:
    return {
        "id": row["id"],
        "featureId": row["feature_id"],
        "limitType": row["limit_type"],
        "limitValue": _shown_limit(call, row),
    }


def _shown_limit(call: Request, row: sqlite3.Row) -> Optional[int]:
    limit: Optional[int] = row["limit_value"]
    return None if limit == 0 and call.state.has(LIMIT_ZERO_NULL) else limit


ROUTES: Tuple[Route, ...] = (
    Route("POST", "/v1/entitlements/check", check, body=_CHECK, eras=(CURRENT,), failure=_CHECK_FAILED),
    Route("POST", "/v1/entitlements/check", check, body=_SEED_CHECK, eras=(SEED,), failure=_CHECK_FAILED),
    Route("POST", "/v1/entitlements", create, body=_CREATE, eras=(CURRENT,), failure=_CREATE_FAILED),
    Route("POST", "/v1/entitlements", create, body=_SEED_CREATE, eras=(SEED,), failure=_CREATE_FAILED),
    Route("GET", "/v1/entitlements", listing, eras=(CURRENT,), failure=_LIST_FAILED),
    Route(
        "GET",
        "/v1/customers/<customerId>/entitlements",
        seed_listing,
        params=_CUSTOMER,
        eras=(SEED,),
        failure=_LIST_FAILED,
    ),
    Route("PUT", "/v1/entitlements/<id>", update, params=_ID, body=_CHANGE, failure=_UPDATE_FAILED),
    Route("DELETE", "/v1/entitlements/<id>", delete, params=_ID, failure=_DELETE_FAILED),
)
