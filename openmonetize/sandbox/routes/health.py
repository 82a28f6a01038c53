"""Health, readiness and information; no key needed."""

from __future__ import annotations

import time

from openmonetize.sandbox.answers import Answer
from openmonetize.sandbox.calls import Call, Route
from openmonetize.sandbox.clock import iso


def health(call: Call) -> Answer:
    return Answer({"status": "ok", "timestamp": iso(call.state.clock.now())})


def ready(call: Call) -> Answer:
    database = call.state.db.value("SELECT 1") == 1
    checks = {"database": database, "ingestionService": True, "ratingEngine": True}
    return Answer({"status": "ready", "checks": checks, "timestamp": iso(call.state.clock.now())})


def info(call: Call) -> Answer:
    return Answer(
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
