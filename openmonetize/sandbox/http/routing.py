"""Routes, and finding the one of a request as exactly as the platform's router does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from openmonetize.sandbox.http.request import Request
from openmonetize.sandbox.http.responses import Response
from openmonetize.sandbox.state import CURRENT_ERA, SEED_ERA, State
from openmonetize.sandbox.validation.schema import Node

_MAX_PARAMETER_LENGTH = 100  # characters; the router's default (`maxParamLength` of find-my-way)
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")

Handler = Callable[[Request], Response]


@dataclass(frozen=True)
class Route:
    """A path of the platform, its handler, and what is checked before the handler runs.

    Attributes:
        method: the HTTP method.
        path: with its parameters, in Werkzeug's form.
        handler: makes the response.
        body: what the body must be.
        query: what the query must be.
        params: what the parameters of the path must be.
        eras: in which the route exists.
        keyed: whether it asks for an API key.
        declares_400: whether validation errors are stripped to two keys, as the platform's framework does where a
            route declares a 400.
        counted: whether it uses up monthly quota.
        proxied: whether, in the seed era, a service behind the gateway checks the request: the key first, and errors
            have the service's shape.
        only_with: the defect of the servers without which the route does not exist.
        unless: the defect of the servers with which the route does not exist.
        failure: the message of its 500.
        read_fast: reads and validates a body at once, or returns None to leave it to the exact path.
    """

    method: str
    path: str
    handler: Handler
    body: Node | None = None
    query: Node | None = None
    params: Node | None = None
    eras: tuple[str, ...] = (CURRENT_ERA, SEED_ERA)
    keyed: bool = True
    declares_400: bool = False
    counted: bool = False
    proxied: bool = False
    only_with: str | None = None
    unless: str | None = None
    failure: str = "Internal Server Error"
    read_fast: Callable[[bytes], Any] | None = None

    def exists_in(self, state: State) -> bool:
        """Return whether this sandbox has the route."""
        if state.settings.era not in self.eras:
            return False
        return (self.only_with is None or state.has(self.only_with)) and not (self.unless and state.has(self.unless))


class BadEscape(ValueError):
    """The path has a percent sign without two hexadecimal digits, or bytes that are not UTF-8."""


class Router:
    """Finds the route of a request. Paths are exact: one with an extra slash finds nothing."""

    def __init__(self, routes: Iterable[Route]) -> None:
        rules = [Rule(route.path, methods=[route.method], endpoint=route) for route in routes]
        self._map = Map(rules, merge_slashes=False, redirect_defaults=False).bind("sandbox")

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and its decoded parameters, or None.

        The path is matched while it is still escaped, since a user id may contain an escaped slash.

        Raises:
            BadEscape: the path cannot be decoded.
        """
        if _BAD_ESCAPE.search(path):
            raise BadEscape(path)
        if path.startswith("//"):  # Werkzeug's map would take it for one slash
            return None
        try:
            normal = "/".join(quote(unquote(part, errors="strict"), safe="") for part in path.split("/"))
        except UnicodeDecodeError:
            raise BadEscape(path) from None
        try:
            route, values = self._map.match(normal, method=method)
        except HTTPException:
            return None
        params = {name: unquote(value) for name, value in values.items()}
        if any(len(value) > _MAX_PARAMETER_LENGTH for value in params.values()) and "path:" not in route.path:
            return None
        return route, params
