"""Burn tables: a customer's own rules for estimates."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

from openmonetize.sandbox.billing import rating_engine
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import RATING_PREFIX_404
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Refusal, Response, service_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.routes.fields import NAME, OPTIONAL_TEXT, OPTIONAL_TIME, UUID
from openmonetize.sandbox.routes.upstream import misdirected
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA, new_id
from openmonetize.sandbox.validation.formats import instant_ms
from openmonetize.sandbox.validation.schema import Boolean, Fields, Node, Number, OneOf, Optionally, Record

_RULE = Fields(
    {
        "inputTokens": Number(minimum=0),
        "outputTokens": Number(minimum=0),
        "perUnit": Optionally(Number(above=0), default=1000),
    }
)
_create: dict[str, Node] = {
    "name": NAME,
    "rules": Record(_RULE),
    "validFrom": OPTIONAL_TIME,
    "validUntil": OPTIONAL_TIME,
}
_CREATE = Fields(_create)
_SEED_CREATE = Fields({"customerId": Optionally(UUID), **_create})
_CHANGE = Fields(
    {
        "name": Optionally(NAME),
        "rules": Optionally(Record(_RULE)),
        "isActive": Optionally(Boolean()),
        "validFrom": OPTIONAL_TIME,
        "validUntil": OPTIONAL_TIME,
    }
)
_LIST = Fields({"isActive": Optionally(OneOf("true", "false"))})
_LIST_AS_SHIPPED = Fields({"isActive": OPTIONAL_TEXT})
_SEED_LIST = Fields({"customerId": OPTIONAL_TEXT, "isActive": OPTIONAL_TEXT})
_ID = Fields({"id": UUID})

_FAILED = "Failed to proxy request to rating service"


def list_all(request: Request) -> Response:
    """Return the customer's burn tables, the newest first."""
    customer_id = request.query.get("customerId")
    if customer_id is not None and request.state.seed_era:
        request.require_own(customer_id)
    sql = "SELECT * FROM burn_tables WHERE customer = ?"
    values: list[Any] = [request.customer.pk]
    if request.query.get("isActive") is not None:
        sql += " AND is_active = ?"
        values.append(int(request.query["isActive"] == "true"))
    data = [_shown(request, row) for row in request.state.db.rows(f"{sql} ORDER BY pk DESC", values)]
    return Response({"data": data, "total": len(data)})


def create(request: Request) -> Response:
    """Add a burn table and make it the active one."""
    body, db = request.body, request.state.db
    if "customerId" in body:
        request.require_own(body["customerId"])
    now = request.state.clock.now()
    table_id = new_id()
    with db.transaction():
        version = db.value(
            "SELECT coalesce(max(version), 0) + 1 FROM burn_tables WHERE customer = ?", (request.customer.pk,)
        )
        db.execute(
            "UPDATE burn_tables SET is_active = 0, updated_at = ? WHERE customer = ? AND is_active",
            (now, request.customer.pk),
        )
        db.execute(
            "INSERT INTO burn_tables (id, customer, name, version, rules, is_active, valid_from, valid_until,"
            " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
            (
                table_id,
                request.customer.pk,
                body["name"],
                version,
                json.dumps(body["rules"]),
                _time_of(request, "validFrom", now),
                _time_of(request, "validUntil", None),
                now,
                now,
            ),
        )
    return Response({"data": _shown(request, _find(request, table_id))}, 201)


def get(request: Request) -> Response:
    """Return a burn table."""
    return Response({"data": _shown(request, _find(request, request.params["id"]))})


def update(request: Request) -> Response:
    """Change the fields of a burn table that the body has."""
    row = _own(request)
    body = request.body or {}
    with request.state.db.transaction():
        request.state.db.execute(
            "UPDATE burn_tables SET name = ?, rules = ?, is_active = ?, valid_from = ?, valid_until = ?,"
            " updated_at = ? WHERE pk = ?",
            (
                body.get("name", row["name"]),
                json.dumps(body["rules"]) if "rules" in body else row["rules"],
                int(body.get("isActive", row["is_active"])),
                _time_of(request, "validFrom", row["valid_from"]),
                _time_of(request, "validUntil", row["valid_until"]),
                request.state.clock.now(),
                row["pk"],
            ),
        )
    return Response({"data": _shown(request, _find(request, row["id"]))})


def delete(request: Request) -> Response:
    """Deactivate a burn table."""
    row = _own(request)
    with request.state.db.transaction():
        request.state.db.execute("UPDATE burn_tables SET is_active = 0 WHERE pk = ?", (row["pk"],))
    return Response({"message": "Burn table deactivated"})


def active(request: Request) -> Response:
    """Return the burn table in force."""
    if "customerId" in request.params:
        request.require_own(request.params["customerId"])
    row, default = rating_engine.active_table(request.state, request.customer.pk)
    if row is None:
        raise _not_found()
    return Response({"data": _shown(request, row), "isDefault": default})


def _find(request: Request, table_id: str) -> sqlite3.Row:
    """Return one of the customer's tables, or the default one."""
    row = request.state.db.row(
        "SELECT * FROM burn_tables WHERE id = ? AND (customer = ? OR customer IS NULL)",
        (table_id.lower(), request.customer.pk),
    )
    if row is None:
        raise _not_found()
    return row


def _own(request: Request) -> sqlite3.Row:
    """Return one of the customer's tables; the default one cannot be changed."""
    row = _find(request, request.params["id"])
    if row["customer"] is None:
        raise _not_found()
    return row


def _not_found() -> Refusal:
    return service_error(404, "NOT_FOUND", "Burn table not found")


def _time_of(request: Request, name: str, otherwise: int | None) -> int | None:
    text = (request.body or {}).get(name)
    return otherwise if text is None else instant_ms(text)


def _shown(request: Request, row: sqlite3.Row) -> dict[str, Any]:
    until = row["valid_until"]
    return {
        "id": row["id"],
        "customerId": None if row["customer"] is None else request.customer.id,
        "name": row["name"],
        "version": row["version"],
        "rules": json.loads(row["rules"]),
        "isActive": bool(row["is_active"]),
        "validFrom": iso(row["valid_from"]),
        "validUntil": None if until is None else iso(until),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


_BY_CONTRACT: tuple[tuple[Route, bool], ...] = tuple(
    (Route(method, path, handler, eras=(CURRENT_ERA,), failure=_FAILED, **checks), declares_404)
    for method, path, handler, declares_404, checks in (
        ("POST", "/v1/burn-tables", create, False, {"body": _CREATE, "declares_400": True}),
        ("GET", "/v1/burn-tables/active", active, True, {}),
        ("GET", "/v1/burn-tables/<id>", get, True, {"params": _ID}),
        ("PATCH", "/v1/burn-tables/<id>", update, True, {"params": _ID, "body": _CHANGE, "declares_400": True}),
        ("DELETE", "/v1/burn-tables/<id>", delete, True, {"params": _ID}),
    )
)

_LISTING = Route("GET", "/v1/burn-tables", list_all, eras=(CURRENT_ERA,), failure=_FAILED)

ROUTES: tuple[Route, ...] = (
    replace(_LISTING, query=_LIST, unless=RATING_PREFIX_404),
    replace(_LISTING, query=_LIST_AS_SHIPPED, only_with=RATING_PREFIX_404, handler=misdirected(declares_404=False)),
    *(replace(route, unless=RATING_PREFIX_404) for route, _ in _BY_CONTRACT),
    *(
        replace(route, only_with=RATING_PREFIX_404, handler=misdirected(declares_404))
        for route, declares_404 in _BY_CONTRACT
    ),
    Route("GET", "/v1/burn-tables", list_all, query=_SEED_LIST, eras=(SEED_ERA,), proxied=True, failure=_FAILED),
    Route("POST", "/v1/burn-tables", create, body=_SEED_CREATE, eras=(SEED_ERA,), proxied=True, failure=_FAILED),
    Route(
        "GET", "/v1/burn-tables/customer/<customerId>/active", active, eras=(SEED_ERA,), proxied=True, failure=_FAILED
    ),
    Route("GET", "/v1/burn-tables/<id>", get, eras=(SEED_ERA,), proxied=True, failure=_FAILED),
    Route("PATCH", "/v1/burn-tables/<id>", update, body=_CHANGE, eras=(SEED_ERA,), proxied=True, failure=_FAILED),
    Route("DELETE", "/v1/burn-tables/<id>", delete, eras=(SEED_ERA,), proxied=True, failure=_FAILED),
)
