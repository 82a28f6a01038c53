"""From a request's target to a route, with the exactness of the platform's router."""

from __future__ import annotations

import re
from typing import Dict, Iterable, Optional, Tuple
from urllib.parse import quote, unquote

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule

from openmonetize.sandbox.http.request import Route

MOST_PARAMETER_CHARACTERS = 100
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")


class BadEscape(ValueError):
    """The path holds a percent sign that introduces nothing, or bytes that are no UTF-8."""


class Router:
    """Finds the route of a request. Paths are exact: a slash too many finds nothing."""

    def __init__(self, routes: Iterable[Route]) -> None:
        rules = [Rule(route.path, methods=[route.method], endpoint=route) for route in routes]
        self._map = Map(rules, merge_slashes=False, redirect_defaults=False).bind("sandbox")

    def find(self, method: str, path: str) -> Optional[Tuple[Route, Dict[str, str]]]:
        """The route and its decoded parameters, or None.

        Matching happens on the still escaped path, for a user id may contain an escaped slash.

        Raises:
            BadEscape: the path cannot be decoded.
        """
        if _BAD_ESCAPE.search(path):
            raise BadEscape(path)
        if path.startswith("//"):  # Werkzeug's own map would take it for one slash
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
        if any(len(value) > MOST_PARAMETER_CHARACTERS for value in params.values()) and "path:" not in route.path:
            return None
        return route, params
