"""Routes that the gateway forwards to a service that does not have them."""

from __future__ import annotations

from collections.abc import Callable

from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response, gateway_error, route_not_found
from openmonetize.sandbox.http.routing import Handler, Route
from openmonetize.sandbox.state import SEED_ERA

_METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
_PREFIXES = ("/v1/analytics/", "/v1/burn-tables/", "/v1/events/", "/v1/rating/")


def misdirected(declares_404: bool) -> Handler:
    """Return the handler of a route that the present gateway forwards to a path that the rating engine does not have.

    Validation and key are checked first; then comes the engine's own 404, stripped to two keys where the gateway's
    route declares a 404.
    """

    def handle(request: Request) -> Response:
        refusal = route_not_found(request.method, "/v1/rating" + request.target[len("/v1") :])
        if declares_404:
            raise gateway_error(404, str(refusal.response.body["message"]))
        raise refusal

    return handle


def not_served(request: Request) -> Response:
    """Refuse a path below one of the seed era's prefixes that no service has. The key was checked before."""
    raise route_not_found(request.method, request.target)


def _wildcards(path_of: Callable[[str], str]) -> tuple[Route, ...]:
    return tuple(
        Route(method, path_of(prefix), not_served, eras=(SEED_ERA,), proxied=True)
        for prefix in _PREFIXES
        for method in _METHODS
    )


ROUTES: tuple[Route, ...] = (
    *_wildcards(lambda prefix: prefix),
    *_wildcards(lambda prefix: f"{prefix}<path:rest>"),
)
