"""Users; the present era only. They are found by the platform's own id here, by external id everywhere else."""

from __future__ import annotations

import sqlite3
from typing import Tuple

from openmonetize.sandbox.accounts.customers import add_user, list_users, user_fields
from openmonetize.sandbox.billing.events import latest_of_user
from openmonetize.sandbox.billing.ledger import find_wallet
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error
from openmonetize.sandbox.state import CURRENT, new_id
from openmonetize.sandbox.validation.schema import Fields, Number, Optionally, Record, Text

_LIST = Fields(
    {
        "limit": Optionally(Number(least=1, most=100, whole=True, from_text=True), default=50),
        "offset": Optionally(Number(least=0, whole=True, from_text=True), default=0),
        "search": Optionally(Text()),
    }
)
_CREATE = Fields(
    {
        "externalUserId": Text(least=1, most=255),
        "email": Optionally(Text(form="email")),
        "metadata": Optionally(Record()),
    }
)
_ONE = Fields({"userId": Text(least=1)})


def listing(call: Request) -> Response:
    limit, offset = call.query["limit"], call.query["offset"]
    rows, total = list_users(call.state, call.customer.pk, limit, offset, call.query.get("search"))
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


def create(call: Request) -> Response:
    body = call.body
    try:
        row = add_user(
            call.state,
            call.customer.pk,
            new_id(),
            body["externalUserId"],
            body.get("email"),
            body.get("metadata", {}),
        )
    except sqlite3.IntegrityError:
        raise gateway_error(409, "A user with this external id already exists") from None
    return Response({"data": user_fields(row)}, 201)


def one(call: Request) -> Response:
    state, customer = call.state, call.customer.pk
    row = state.db.row("SELECT * FROM users WHERE customer = ? AND id = ?", (customer, call.params["userId"]))
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


ROUTES: Tuple[Route, ...] = (
    Route("GET", "/v1/users", listing, query=_LIST, eras=(CURRENT,), declares_400=True, failure="Failed to list users"),
    Route(
        "POST",
        "/v1/users",
        create,
        body=_CREATE,
        eras=(CURRENT,),
        declares_400=True,
        failure="Failed to create user",
    ),
    Route("GET", "/v1/users/<userId>", one, params=_ONE, eras=(CURRENT,), failure="Failed to fetch user"),
)
