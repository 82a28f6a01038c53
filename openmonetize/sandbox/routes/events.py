"""Ingest, the event list, and dead letters."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Dict, List, Tuple

from openmonetize.sandbox.accounts.customers import customer_by_key
from openmonetize.sandbox.billing import dead_letters
from openmonetize.sandbox.billing.events import (
    BATCH,
    SEED_BATCH,
    SEED_BATCH_AS_SHIPPED,
    in_database_order,
    metadata_of,
    page,
    usd,
)
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import FRACTIONAL_PAGE, SEED_EVENT_TYPES, SEED_INGEST_KEY
from openmonetize.sandbox.http.body import SERVICE_LIMIT
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Refusal, Response, framework_error, service_error
from openmonetize.sandbox.state import CURRENT, SEED
from openmonetize.sandbox.validation.batch_reader import read_batch
from openmonetize.sandbox.validation.schema import Fields, Items, Number, Optionally, Text, validate
from openmonetize.sandbox.validation.validation_messages import OLD_ZOD, message, tree


def _page(whole: bool) -> Fields:
    return Fields(
        {
            "limit": Optionally(Number(least=1, most=100, whole=whole, from_text=True), default=50),
            "offset": Optionally(Number(least=0, whole=whole, from_text=True), default=0),
        }
    )


_REPLAY = Fields({"jobIds": Optionally(Items(Text()))})


def ingest(call: Request) -> Response:
    """The present gateway: it puts the key's customer into every event, then forwards to the ingestion service."""
    _forwarded_key(call)
    events: List[Dict[str, Any]] = call.body["events"]
    customer_id = call.customer.id
    for event in events:
        event["customer_id"] = customer_id
    # The forwarded JSON is only longer than what came in by the customer ids.
    if call.size + 60 * len(events) > SERVICE_LIMIT and _forwarded_size(events) > SERVICE_LIMIT:
        raise framework_error(413, "Request body is too large", "FST_ERR_CTP_BODY_TOO_LARGE")
    return call.ingestion.accept(call.customer, events, call.clean)


def ingest_seed(call: Request) -> Response:
    """The seed era's ingestion service behind the gateway: key, then events, then whose they are."""
    _seed_key(call)
    if call.size > SERVICE_LIMIT:
        raise framework_error(413, "Request body is too large", "FST_ERR_CTP_BODY_TOO_LARGE")
    schema = SEED_BATCH_AS_SHIPPED if call.state.has(SEED_EVENT_TYPES) else SEED_BATCH
    body, issues = validate(schema, call.body, OLD_ZOD)
    if issues:
        text = message("body", issues[:1], OLD_ZOD)
        raise service_error(400, "VALIDATION_ERROR", text, details=tree(issues, OLD_ZOD))
    if any(event["customer_id"] != call.customer.id for event in body["events"]):
        raise _foreign()
    return call.ingestion.accept(call.customer, body["events"])


def _forwarded_key(call: Request) -> None:
    """The gateway authenticates Bearer first, but forwards X-API-Key first; the two may differ."""
    forwarded = call.headers.get("x-api-key")
    if not forwarded or forwarded == call.key:
        return
    owner = customer_by_key(call.state, forwarded)
    if owner is None:
        raise _unknown_key()
    if owner.pk != call.customer.pk:
        raise _foreign()


def _seed_key(call: Request) -> None:
    forwarded = call.headers.get("x-api-key")
    if not forwarded:
        if call.state.has(SEED_INGEST_KEY):
            raise _unknown_key()
        return
    owner = customer_by_key(call.state, forwarded)
    if owner is None or owner.pk != call.customer.pk:
        raise _unknown_key() if owner is None else _foreign()


def _unknown_key() -> Refusal:
    return service_error(401, "UNAUTHORIZED", "Invalid or missing API key")


def _foreign() -> Refusal:
    return service_error(403, "FORBIDDEN", "An event names a customer other than the one behind the API key")


def _forwarded_size(events: List[Dict[str, Any]]) -> int:
    text = json.dumps({"events": events}, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def listing(call: Request) -> Response:
    limit, offset = call.query["limit"], call.query["offset"]
    rows, total = page(call.state, call.customer.pk, int(limit), int(offset))
    data = [
        {
            "id": row["event_id"],
            "eventType": row["event_type"],
            "featureId": row["feature_id"],
            "provider": row["provider"],
            "model": row["model"],
            "inputTokens": str(row["input_tokens"]),
            "outputTokens": str(row["output_tokens"]),
            "creditsBurned": str(row["credits"]),
            "costUsd": str(usd(row["cost"])),
            "timestamp": iso(row["timestamp"]),
            "metadata": in_database_order(metadata_of(row)),
        }
        for row in rows
    ]
    return Response({"data": data, "pagination": {"total": total, "limit": limit, "offset": offset}})


def letters(call: Request) -> Response:
    count = dead_letters.count(call.state, call.customer)
    return Response({"counts": {"active": count}, "items": dead_letters.visible(call.state, call.customer)})


def replay(call: Request) -> Response:
    count = dead_letters.replay(call.state, call.customer, call.body.get("jobIds"))
    text = "Jobs replayed successfully" if count else "No jobs to replay"
    return Response({"message": text, "count": count})


def info(call: Request) -> Response:
    return Response(
        {
            "status": "ready",
            "timestamp": iso(call.state.clock.now()),
            "services": {"database": "connected", "queue": "connected"},
        }
    )


_LIST = Route("GET", "/v1/events", listing, eras=(CURRENT,), failure="Failed to list events")

ROUTES: Tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/events/ingest",
        ingest,
        body=BATCH,
        eras=(CURRENT,),
        declares_400=True,
        counted=True,
        failure="Failed to ingest events",
        read_fast=read_batch,
    ),
    Route(
        "POST",
        "/v1/events/ingest",
        ingest_seed,
        eras=(SEED,),
        counted=True,
        proxied=True,
        failure="Failed to ingest events",
    ),
    replace(_LIST, query=_page(whole=True), unless=FRACTIONAL_PAGE),
    replace(_LIST, query=_page(whole=False), only_with=FRACTIONAL_PAGE),
    Route("GET", "/v1/events/dlq", letters, counted=True, failure="Failed to get DLQ items"),
    Route("POST", "/v1/events/dlq/replay", replay, body=_REPLAY, counted=True, failure="Failed to replay DLQ items"),
    Route("GET", "/v1/events/info", info, eras=(CURRENT,), counted=True, failure="Failed to get service info"),
)
