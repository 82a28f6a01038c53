"""Users, in the present era only. These routes find them by the platform's own id, all others by external id."""

from __future__ import annotations

import sqlite3

from openmonetize.sandbox.accounts.users import add_user, list_users, user_fields
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.billing.stored_events import latest_of_user
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import EMAIL, NAME, NON_EMPTY, OPTIONAL_TEXT, page_fields
from openmonetize.sandbox.state import CURRENT_ERA, new_id
from openmonetize.sandbox.validation.schema import Fields, Optionally, Record

_LIST = Fields({**page_fields(), "search": OPTIONAL_TEXT})
_CREATE = Fields({"externalUserId": NAME, "email": Optionally(EMAIL), "metadata": Optionally(Record())})
_ONE = Fields({"userId": NON_EMPTY})


def list_page(request: Request) -> Response:
    """Return a page of users, the newest first."""
    limit, offset = request.query["limit"], request.query["offset"]
    rows, total = list_users(request.state, request.customer.pk, limit, offset, request.query.get("search"))
    data = [
        {
            **user_fields(row),
            "updatedAt": iso(row["updated_at"]),
            "creditBalance": row["balance"],
            "totalEvents": row["events"],
        }
        for row in rows
    ]
    return Response({"data": data, "pagination": {"limit": limit, "offset": offset, "total": total}})


def create(request: Request) -> Response:
    """Add a user."""
    body = request.body
    try:
        row = add_user(
            request.state,
            request.customer.pk,
            new_id(),
            body["externalUserId"],
            body.get("email"),
            body.get("metadata", {}),
        )
    except sqlite3.IntegrityError:
        raise gateway_error(409, "A user with this external id already exists") from None
    return Response({"data": user_fields(row)}, 201)


def get(request: Request) -> Response:
    """Return a user with its last events."""
    state, customer = request.state, request.customer.pk
    row = state.db.row("SELECT * FROM users WHERE customer = ? AND id = ?", (customer, request.params["userId"]))
    if row is None:
        raise gateway_error(404, "User not found")
    wallet = find_wallet(state, customer, row["id"])
    recent = [
        {
            "id": event["event_id"],
            "eventType": event["event_type"],
            "featureId": event["feature_id"],
            "provider": event["provider"],
            "model": event["model"],
            "creditsBurned": event["credits"],
            "timestamp": iso(event["timestamp"]),
        }
        for event in latest_of_user(state, row, 10)
    ]
    return Response(
        {
            "data": {
                **user_fields(row),
                "updatedAt": iso(row["updated_at"]),
                "creditBalance": 0 if wallet is None else wallet["balance"],
                "reservedBalance": 0,
                "totalEvents": row["events"],
                "totalCreditsBurned": row["credits"],
                "recentEvents": recent,
            }
        }
    )


ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        "/v1/users",
        list_page,
        query=_LIST,
        eras=(CURRENT_ERA,),
        declares_400=True,
        failure="Failed to list users",
    ),
    Route(
        "POST",
        "/v1/users",
        create,
        body=_CREATE,
        eras=(CURRENT_ERA,),
        declares_400=True,
        failure="Failed to create user",
    ),
    Route("GET", "/v1/users/<userId>", get, params=_ONE, eras=(CURRENT_ERA,), failure="Failed to fetch user"),
)
