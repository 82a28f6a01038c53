"""Cross-origin requests (CORS) to the platform's routes, which every origin may send."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openmonetize.sandbox.http.responses import Response

# On every response of the platform's routes.
CORS_HEADERS: Mapping[str, str] = {
    "access-control-allow-origin": "*",
    "access-control-allow-credentials": "true",
}


def preflight_response(environ: dict[str, Any]) -> Response | None:
    """Return the response to OPTIONS; None for another method."""
    if environ["REQUEST_METHOD"] != "OPTIONS":
        return None
    if "HTTP_ORIGIN" not in environ or "HTTP_ACCESS_CONTROL_REQUEST_METHOD" not in environ:
        return Response(b"Invalid Preflight Request", 400, content_type="text/plain")
    headers = {"access-control-allow-methods": "GET,HEAD,PUT,PATCH,POST,DELETE"}
    requested = environ.get("HTTP_ACCESS_CONTROL_REQUEST_HEADERS")
    if requested:
        headers["access-control-allow-headers"] = requested
    return Response(None, 204, headers)
