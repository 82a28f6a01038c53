"""Health, readiness and information; no key needed."""

from __future__ import annotations

import time

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request, Route
from openmonetize.sandbox.http.responses import Response


def health(call: Request) -> Response:
    return Response({"status": "ok", "timestamp": iso(call.state.clock.now())})


def ready(call: Request) -> Response:
    database = call.state.db.value("SELECT 1") == 1
    checks = {"database": database, "ingestionService": True, "ratingEngine": True}
    return Response({"status": "ready", "checks": checks, "timestamp": iso(call.state.clock.now())})


def info(call: Request) -> Response:
    return Response(
        {
            "service": "api-gateway",
            "version": "0.1.0",
            "environment": "development",
            "uptime": round(time.monotonic() - call.state.started, 3),
        }
    )


ROUTES = (
    Route("GET", "/health", health, keyed=False),
    Route("GET", "/ready", ready, keyed=False),
    Route("GET", "/v1/info", info, keyed=False),
)
