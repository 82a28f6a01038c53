"""Validation of a request's path parameters, body and query, with the platform's errors."""

from __future__ import annotations

from typing import Any

from openmonetize.sandbox.defects import UNSTORABLE_500
from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Refusal, declared_error, gateway_error, service_error
from openmonetize.sandbox.http.routing import Route
from openmonetize.sandbox.validation.issues import Issue
from openmonetize.sandbox.validation.rules import OLD_ZOD, Rules
from openmonetize.sandbox.validation.schema import validate
from openmonetize.sandbox.validation.unstorable_text import has_unstorable_text


def validate_request(request: Request, route: Route) -> None:
    """Replace the request's parameters, body and query by what the route's handler is to get.

    Raises:
        Refusal: 400; the first of them that has issues, with all of its issues.
    """
    rules = OLD_ZOD if route.proxied else request.state.rules
    for place, node, value in (
        ("params", route.params, request.params),
        ("body", route.body, request.body),
        ("querystring", route.query, request.query),
    ):
        if node is None or (place == "body" and request.clean):
            cleaned: Any = value
        else:
            cleaned, issues = validate(node, value, rules)
            if not issues and not route.counted and has_unstorable_text(cleaned):
                issues = _unstorable(request, route, cleaned)
            if issues:
                raise _invalid(place, issues, rules, route)
        if place == "params":
            request.params = cleaned
        elif place == "body":
            request.body = cleaned
        else:
            request.query = cleaned


def service_validation_error(place: str, issues: list[Issue]) -> Refusal:
    """Return the 400 of a service behind the seed era's gateway."""
    details = OLD_ZOD.tree(issues)
    return service_error(400, "VALIDATION_ERROR", OLD_ZOD.describe(place, issues[:1]), details=details)


def _unstorable(request: Request, route: Route, value: dict[str, Any]) -> list[Issue]:
    if request.state.has(UNSTORABLE_500):
        raise gateway_error(500, route.failure)
    names = [name for name, item in value.items() if has_unstorable_text([name, item])]
    return [Issue((name.encode("utf-8", "replace").decode(),), "unstorable") for name in names[:1]]


def _invalid(place: str, issues: list[Issue], rules: Rules, route: Route) -> Refusal:
    if route.proxied:
        return service_validation_error(place, issues)
    return declared_error(400, rules.describe(place, issues), "FST_ERR_VALIDATION", route.declares_400)
