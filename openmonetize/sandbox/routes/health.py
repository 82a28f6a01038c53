"""Health, readiness and information, without a key."""

from __future__ import annotations

import time

from openmonetize.sandbox.clock import iso
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response
from openmonetize.sandbox.http.routing import Route


def health(request: Request) -> Response:
    """Return the health of the gateway."""
    return Response({"status": "ok", "timestamp": iso(request.state.clock.now())})


def ready(request: Request) -> Response:
    """Return the readiness of the gateway and of the services behind it."""
    database = request.state.db.value("SELECT 1") == 1
    checks = {"database": database, "ingestionService": True, "ratingEngine": True}
    return Response({"status": "ready", "checks": checks, "timestamp": iso(request.state.clock.now())})


def info(request: Request) -> Response:
    """Return the name, version and uptime (in seconds) of the gateway."""
    return Response(
        {
            "service": "api-gateway",
            "version": "0.1.0",
            "environment": "development",
            "uptime": round(time.monotonic() - request.state.started, 3),
        }
    )


ROUTES: tuple[Route, ...] = (
    Route("GET", "/health", health, keyed=False),
    Route("GET", "/ready", ready, keyed=False),
    Route("GET", "/v1/info", info, keyed=False),
)
