"""Burn tables: a customer's own rules for estimates."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any, Dict, List, Optional, Tuple

from openmonetize.sandbox.billing import rating
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import RATING_PREFIX_404
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response, service_error
from openmonetize.sandbox.routes.upstream import misdirected
from openmonetize.sandbox.state import CURRENT, SEED, new_id
from openmonetize.sandbox.validation import formats
from openmonetize.sandbox.validation.schema import Boolean, Fields, Node, Number, OneOf, Optionally, Record, Text

_uuid = Text(form="uuid")
_moment = Optionally(Text(form="date-time"))
_RULE = Fields(
    {
        "inputTokens": Number(least=0),
        "outputTokens": Number(least=0),
        "perUnit": Optionally(Number(above=0), default=1000),
    }
)
_NAME = Text(least=1, most=255)
_create: Dict[str, Node] = {
    "name": _NAME,
    "rules": Record(_RULE),
    "validFrom": _moment,
    "validUntil": _moment,
}
_CREATE = Fields(_create)
_SEED_CREATE = Fields({"customerId": Optionally(_uuid), **_create})
_CHANGE = Fields(
    {
        "name": Optionally(_NAME),
        "rules": Optionally(Record(_RULE)),
        "isActive": Optionally(Boolean()),
        "validFrom": _moment,
        "validUntil": _moment,
    }
)
_LIST = Fields({"isActive": Optionally(OneOf("true", "false"))})
_LIST_TODAY = Fields({"isActive": Optionally(Text())})
_SEED_LIST = Fields({"customerId": Optionally(Text()), "isActive": Optionally(Text())})
_ID = Fields({"id": _uuid})

_FAILED = "Failed to proxy request to rating service"


def listing(call: Request) -> Response:
    customer_id = call.query.get("customerId")
    if customer_id is not None and call.state.seed_era:
        call.require_own(customer_id)
    sql = "SELECT * FROM burn_tables WHERE customer = ?"
    values: List[Any] = [call.customer.pk]
    if call.query.get("isActive") is not None:
        sql += " AND is_active = ?"
        values.append(int(call.query["isActive"] == "true"))
    data = [_shown(call, row) for row in call.state.db.rows(f"{sql} ORDER BY pk DESC", values)]
    return Response({"data": data, "total": len(data)})


def create(call: Request) -> Response:
    body, db = call.body, call.state.db
    if "customerId" in body:
        call.require_own(body["customerId"])
    now = call.state.clock.now()
    table_id = new_id()
    with db.transaction():
        version = db.value(
            "SELECT coalesce(max(version), 0) + 1 FROM burn_tables WHERE customer = ?", (call.customer.pk,)
        )
        db.execute(
            "UPDATE burn_tables SET is_active = 0, updated_at = ? WHERE customer = ? AND is_active",
            (now, call.customer.pk),
        )
        db.execute(
            "INSERT INTO burn_tables (id, customer, name, version, rules, is_active, valid_from, valid_until,"
            " created_at, updated_at) VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?)",
            (
                table_id,
                call.customer.pk,
                body["name"],
                version,
                json.dumps(body["rules"]),
                _moment_of(call, "validFrom", now),
                _moment_of(call, "validUntil", None),
                now,
                now,
            ),
        )
    return Response({"data": _shown(call, _find(call, table_id))}, 201)


def one(call: Request) -> Response:
    return Response({"data": _shown(call, _find(call, call.params["id"]))})


def change(call: Request) -> Response:
    row = _own(call)
    body = call.body or {}
    with call.state.db.transaction():
        call.state.db.execute(
            "UPDATE burn_tables SET name = ?, rules = ?, is_active = ?, valid_from = ?, valid_until = ?,"
            " updated_at = ? WHERE pk = ?",
            (
                body.get("name", row["name"]),
                json.dumps(body["rules"]) if "rules" in body else row["rules"],
                int(body.get("isActive", row["is_active"])),
                _moment_of(call, "validFrom", row["valid_from"]),
                _moment_of(call, "validUntil", row["valid_until"]),
                call.state.clock.now(),
                row["pk"],
            ),
        )
    return Response({"data": _shown(call, _find(call, row["id"]))})


def delete(call: Request) -> Response:
    row = _own(call)
    with call.state.db.transaction():
        call.state.db.execute("UPDATE burn_tables SET is_active = 0 WHERE pk = ?", (row["pk"],))
    return Response({"message": "Burn table deactivated"})


def active(call: Request) -> Response:
    if "customerId" in call.params:
        call.require_own(call.params["customerId"])
    row, default = rating.active_table(call.state, call.customer.pk)
    if row is None:
        raise _not_found()
    return Response({"data": _shown(call, row), "isDefault": default})


def _find(call: Request, table_id: str) -> sqlite3.Row:
    """One of the customer's tables, or the one for everybody."""
    row = call.state.db.row(
        "SELECT * FROM burn_tables WHERE id = ? AND (customer = ? OR customer IS NULL)",
        (table_id.lower(), call.customer.pk),
    )
    if row is None:
        raise _not_found()
    return row


def _own(call: Request) -> sqlite3.Row:
    """One of the customer's tables: nobody may change the one for everybody."""
    row = _find(call, call.params["id"])
    if row["customer"] is None:
        raise _not_found()
    return row


def _not_found() -> Exception:
    return service_error(404, "NOT_FOUND", "Burn table not found")


def _moment_of(call: Request, name: str, otherwise: Optional[int]) -> Optional[int]:
    text = (call.body or {}).get(name)
    return otherwise if text is None else formats.instant_ms(text)


def _shown(call: Request, row: sqlite3.Row) -> Dict[str, Any]:
    until = row["valid_until"]
    return {
        "id": row["id"],
        "customerId": None if row["customer"] is None else call.customer.id,
        "name": row["name"],
        "version": row["version"],
        "rules": json.loads(row["rules"]),
        "isActive": bool(row["is_active"]),
        "validFrom": iso(row["valid_from"]),
        "validUntil": None if until is None else iso(until),
        "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["updated_at"]),
    }


_BY_CONTRACT: Tuple[Tuple[Route, bool], ...] = tuple(
    (Route(method, path, handle, eras=(CURRENT,), failure=_FAILED, **checks), declares_404)
    for method, path, handle, declares_404, checks in (
        ("POST", "/v1/burn-tables", create, False, {"body": _CREATE, "declares_400": True}),
        ("GET", "/v1/burn-tables/active", active, True, {}),
        ("GET", "/v1/burn-tables/<id>", one, True, {"params": _ID}),
        ("PATCH", "/v1/burn-tables/<id>", change, True, {"params": _ID, "body": _CHANGE, "declares_400": True}),
        ("DELETE", "/v1/burn-tables/<id>", delete, True, {"params": _ID}),
    )
)

_LISTING = Route("GET", "/v1/burn-tables", listing, eras=(CURRENT,), failure=_FAILED)

ROUTES: Tuple[Route, ...] = (
    replace(_LISTING, query=_LIST, unless=RATING_PREFIX_404),
    replace(_LISTING, query=_LIST_TODAY, only_with=RATING_PREFIX_404, handle=misdirected(declares_404=False)),
    *(replace(route, unless=RATING_PREFIX_404) for route, _ in _BY_CONTRACT),
    *(
        replace(route, only_with=RATING_PREFIX_404, handle=misdirected(declares_404))
        for route, declares_404 in _BY_CONTRACT
    ),
    Route("GET", "/v1/burn-tables", listing, query=_SEED_LIST, eras=(SEED,), proxied=True, failure=_FAILED),
    Route("POST", "/v1/burn-tables", create, body=_SEED_CREATE, eras=(SEED,), proxied=True, failure=_FAILED),
    Route("GET", "/v1/burn-tables/customer/<customerId>/active", active, eras=(SEED,), proxied=True, failure=_FAILED),
    Route("GET", "/v1/burn-tables/<id>", one, eras=(SEED,), proxied=True, failure=_FAILED),
    Route("PATCH", "/v1/burn-tables/<id>", change, body=_CHANGE, eras=(SEED,), proxied=True, failure=_FAILED),
    Route("DELETE", "/v1/burn-tables/<id>", delete, eras=(SEED,), proxied=True, failure=_FAILED),
)
