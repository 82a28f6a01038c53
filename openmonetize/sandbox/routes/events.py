"""Ingestion, the list of events, and dead letters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from openmonetize.sandbox.accounts.customers import customer_by_key
from openmonetize.sandbox.billing import dead_letters
from openmonetize.sandbox.billing.ingestion import Receipt
from openmonetize.sandbox.billing.money import usd_text
from openmonetize.sandbox.billing.stored_events import in_database_order, metadata_of, page
from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.defects import FRACTIONAL_PAGE, SEED_EVENT_TYPES, SEED_INGEST_KEY
from openmonetize.sandbox.http.body import MAX_INGESTION_BODY_BYTES
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.request_validation import service_validation_error
from openmonetize.sandbox.http.responses import Refusal, Response, framework_error, service_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.json_text import write_json
from openmonetize.sandbox.routes.fields import page_fields
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA
from openmonetize.sandbox.validation.batch_reader import read_batch
from openmonetize.sandbox.validation.event_batches import BATCH, SEED_BATCH, SEED_BATCH_AS_SHIPPED
from openmonetize.sandbox.validation.rules import OLD_ZOD
from openmonetize.sandbox.validation.schema import Fields, Items, Optionally, Text, validate

# More than the gateway adds to an event when it forwards a batch: `"customer_id":"<UUID>",`.
_ADDED_EVENT_BYTES = 60

_REPLAY = Fields({"jobIds": Optionally(Items(Text()))})


def ingest(request: Request) -> Response:
    """Ingest as the present gateway does: it puts the key's customer into every event, and forwards the batch."""
    _check_forwarded_key(request)
    events: list[dict[str, Any]] = request.body["events"]
    customer_id = request.customer.id
    for event in events:
        event["customer_id"] = customer_id
    may_be_large = request.size + _ADDED_EVENT_BYTES * len(events) > MAX_INGESTION_BODY_BYTES
    if may_be_large and _forwarded_size(events) > MAX_INGESTION_BODY_BYTES:
        raise _too_large()
    return _receipt(request.ingestion.accept(request.customer, events, request.clean))


def ingest_seed(request: Request) -> Response:
    """Ingest as the seed era's service behind the gateway does: it checks the key, the events, and their customer."""
    _check_seed_key(request)
    if request.size > MAX_INGESTION_BODY_BYTES:
        raise _too_large()
    schema = SEED_BATCH_AS_SHIPPED if request.state.has(SEED_EVENT_TYPES) else SEED_BATCH
    body, issues = validate(schema, request.body, OLD_ZOD)
    if issues:
        raise service_validation_error("body", issues)
    if any(event["customer_id"] != request.customer.id for event in body["events"]):
        raise _foreign()
    return _receipt(request.ingestion.accept(request.customer, body["events"]))


def _receipt(receipt: Receipt) -> Response:
    """Return 202 if any event is new, and 200 if none is."""
    if not receipt.accepted:
        return Response(
            {
                "accepted": 0,
                "rejected": 0,
                "duplicates": receipt.duplicates,
                "batch_id": None,
                "status": "all_duplicates",
                "message": "All events were duplicates",
            }
        )
    return Response(
        {
            "accepted": receipt.accepted,
            "rejected": 0,
            "duplicates": receipt.duplicates,
            "batch_id": receipt.batch_id,
            "status": "processing",
            "processing_time_ms": max(1, round(receipt.seconds * 1000)),
        },
        202,
    )


def _check_forwarded_key(request: Request) -> None:
    """Check the key that the gateway forwards: X-API-Key first, although it authenticates by Bearer first."""
    forwarded = request.headers.get("x-api-key")
    if not forwarded or forwarded == request.key:
        return
    owner = customer_by_key(request.state, forwarded)
    if owner is None:
        raise _unknown_key()
    if owner.pk != request.customer.pk:
        raise _foreign()


def _check_seed_key(request: Request) -> None:
    forwarded = request.headers.get("x-api-key")
    if not forwarded:
        if request.state.has(SEED_INGEST_KEY):
            raise _unknown_key()
        return
    owner = customer_by_key(request.state, forwarded)
    if owner is None or owner.pk != request.customer.pk:
        raise _unknown_key() if owner is None else _foreign()


def _unknown_key() -> Refusal:
    return service_error(401, "UNAUTHORIZED", "Invalid or missing API key")


def _foreign() -> Refusal:
    return service_error(403, "FORBIDDEN", "An event names a customer other than the one behind the API key")


def _too_large() -> Refusal:
    return framework_error(413, "Request body is too large", "FST_ERR_CTP_BODY_TOO_LARGE")


def _forwarded_size(events: list[dict[str, Any]]) -> int:
    text = write_json({"events": events}, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode("utf-8", "surrogatepass"))


def list_page(request: Request) -> Response:
    """Return a page of events, the latest timestamp first."""
    limit, offset = request.query["limit"], request.query["offset"]
    rows, total = page(request.state, request.customer.pk, int(limit), int(offset))
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
            "costUsd": usd_text(row["cost"]),
            "timestamp": iso(row["timestamp"]),
            "metadata": in_database_order(metadata_of(row)),
        }
        for row in rows
    ]
    return Response({"data": data, "pagination": {"total": total, "limit": limit, "offset": offset}})


def list_dead_letters(request: Request) -> Response:
    """Return how many dead letters there are, and the first of them."""
    count = dead_letters.count(request.state, request.customer)
    return Response({"counts": {"active": count}, "items": dead_letters.visible(request.state, request.customer)})


def replay_dead_letters(request: Request) -> Response:
    """Process dead letters again."""
    count = dead_letters.replay(request.state, request.customer, request.body.get("jobIds"))
    text = "Jobs replayed successfully" if count else "No jobs to replay"
    return Response({"message": text, "count": count})


def info(request: Request) -> Response:
    """Return the readiness of the ingestion service."""
    return Response(
        {
            "status": "ready",
            "timestamp": iso(request.state.clock.now()),
            "services": {"database": "connected", "queue": "connected"},
        }
    )


_INGEST_FAILED = "Failed to ingest events"
_LIST = Route("GET", "/v1/events", list_page, eras=(CURRENT_ERA,), failure="Failed to list events")

ROUTES: tuple[Route, ...] = (
    Route(
        "POST",
        "/v1/events/ingest",
        ingest,
        body=BATCH,
        eras=(CURRENT_ERA,),
        declares_400=True,
        counted=True,
        failure=_INGEST_FAILED,
        read_fast=read_batch,
    ),
    Route(
        "POST",
        "/v1/events/ingest",
        ingest_seed,
        eras=(SEED_ERA,),
        counted=True,
        proxied=True,
        failure=_INGEST_FAILED,
    ),
    replace(_LIST, query=Fields(page_fields()), unless=FRACTIONAL_PAGE),
    replace(_LIST, query=Fields(page_fields(integer=False)), only_with=FRACTIONAL_PAGE),
    Route("GET", "/v1/events/dlq", list_dead_letters, counted=True, failure="Failed to get DLQ items"),
    Route(
        "POST",
        "/v1/events/dlq/replay",
        replay_dead_letters,
        body=_REPLAY,
        counted=True,
        failure="Failed to replay DLQ items",
    ),
    Route("GET", "/v1/events/info", info, eras=(CURRENT_ERA,), counted=True, failure="Failed to get service info"),
)
