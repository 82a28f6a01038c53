"""Routes that the gateway passes on, to services that may not have them."""

from __future__ import annotations

from typing import Callable, Tuple

from openmonetize.sandbox.http.request import Handle, Request, Route
from openmonetize.sandbox.http.responses import Response, gateway_error, route_not_found
from openmonetize.sandbox.state import SEED

METHODS = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
PREFIXES = ("/v1/analytics/", "/v1/burn-tables/", "/v1/events/", "/v1/rating/")


def misdirected(declares_404: bool) -> Handle:
    """The present gateway asks the rating engine for a path that the engine does not have.

    The validation and the key are checked first; then comes the engine's own 404, stripped to two keys where the
    gateway's route declares a 404.
    """

    def handle(call: Request) -> Response:
        refusal = route_not_found(call.method, "/v1/rating" + call.target[len("/v1") :])
        if declares_404:
            raise gateway_error(404, str(refusal.answer.body["message"]))
        raise refusal

    return handle


def not_served(call: Request) -> Response:
    """A path below one of the seed era's prefixes that no service has: the caller needs a key to learn that."""
    raise route_not_found(call.method, call.target)


def _wildcards(path_of: Callable[[str], str]) -> Tuple[Route, ...]:
    return tuple(
        Route(method, path_of(prefix), not_served, eras=(SEED,), proxied=True)
        for prefix in PREFIXES
        for method in METHODS
    )


ROUTES: Tuple[Route, ...] = (
    *_wildcards(lambda prefix: prefix),
    *_wildcards(lambda prefix: f"{prefix}<path:rest>"),
)
